#ifndef PARVIS_MODELS_FAMILY_H_
#define PARVIS_MODELS_FAMILY_H_

#include <span>
#include <string_view>

#include "parvis/models/config.h"
#include "parvis/nn/blueprint.h"

namespace parvis::models {

// How a file's tensor differs from ours.
enum class Layout {
  kSame,
  // Hugging Face's Conv1D keeps (inputs, outputs); ours and GGUF's matrices are (outputs, inputs).
  kTransposedInHf,
  // One tensor holds the rows of q, then k, then v. Our name says "qkv" and stands for the three.
  kQkv,
  kQkvTransposedInHf,
  // GGUF keeps the rows of each head so that rotated pairs are neighbours; ours and Hugging Face's
  // are half a head apart.
  kRotaryInGguf,
};

// What a tensor is called where. `*` stands for both `.weight` and `.bias`, `#` for the layer.
struct TensorName {
  std::string_view parvis, hf, gguf;
  Layout layout = Layout::kSame;
};

// One family of models, as data: which configuration makes which blueprint, and what tensors are
// called. Adding a family is one such constant (docs/design/one-forward-pass.md).
struct Family {
  std::string_view name;  // ours, Hugging Face's model_type and GGUF's architecture
  // Left out by checkpoints of the bare model: "model.", "transformer.".
  std::string_view hf_prefix;
  nn::Blueprint (*describe)(Config& config);
  Json (*config)(const nn::Blueprint& blueprint);         // back to Hugging Face words
  Json (*gguf_metadata)(const nn::Blueprint& blueprint);  // back to GGUF keys, without the prefix
  std::span<const TensorName> tensors;
};

extern const Family kLlama;
extern const Family kGpt2;

std::span<const Family* const> AllFamilies();
const Family* FindFamily(std::string_view name);  // null: unknown

}  // namespace parvis::models

#endif  // PARVIS_MODELS_FAMILY_H_
