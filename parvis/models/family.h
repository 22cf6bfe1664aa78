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
  // The same in GGUF; Hugging Face's file holds, head after head, the rows of its q, k and v.
  kQkvPerHeadInHf,
  // GGUF keeps the rows of each head so that rotated pairs are neighbours; ours and Hugging Face's
  // are half a head apart.
  kRotaryInGguf,
  // Rotated pairs are neighbours in both files, among the first rotary_dim rows of each head.
  kRotaryInterleaved,
  // One tensor holds the rows of the gate, then of up. Our name says "gate_up".
  kGateUp,
  // Gains of a norm, of which Hugging Face's file keeps how far they are from 1. As f32.
  kGainLessOneInHf,
  // Rows of a position table that no token reads: GGUF leaves them out, and they come back as 0.
  kUnusedRowsInHf,
};

// Some names depend on the kind of feed-forward.
enum class When { kAlways, kGated, kNotGated };

// What a tensor is called where. `*` stands for both `.weight` and `.bias`, `#` for the layer.
struct TensorName {
  std::string_view parvis, hf, gguf;
  Layout layout = Layout::kSame;
  When when = When::kAlways;
};

// A part of a name, and how other checkpoints spell it.
struct NameAlias {
  std::string_view part, other;
};

// One family of models, as data: which configuration makes which blueprint, and what tensors are
// called. Adding a family is one such constant (docs/design/adding-a-family.md).
struct Family {
  std::string_view name;  // ours, and Hugging Face's model_type
  std::string_view gguf;  // GGUF's architecture; of relatives that share one, the first is meant
  // Left out by checkpoints of the bare model: "model.", "transformer.".
  std::string_view hf_prefix;
  nn::Blueprint (*describe)(Config& config);
  Json (*config)(const nn::Blueprint& blueprint);         // back to Hugging Face words
  Json (*gguf_metadata)(const nn::Blueprint& blueprint);  // back to GGUF keys, without the prefix
  std::span<const TensorName> tensors;
  std::span<const NameAlias> hf_aliases = {};
};

extern const Family kBert;
extern const Family kBloom;
extern const Family kCamembert;
extern const Family kDistilBert;
extern const Family kGemma;
extern const Family kGpt2;
extern const Family kGptJ;
extern const Family kGptNeoX;
extern const Family kLlama;
extern const Family kMistral;
extern const Family kMt5;
extern const Family kPhi3;
extern const Family kQwen2;
extern const Family kQwen3;
extern const Family kRoberta;
extern const Family kT5;
extern const Family kXlmRoberta;

std::span<const Family* const> AllFamilies();
// By a model_type or an architecture; null: unknown.
const Family* FindFamily(std::string_view name);

}  // namespace parvis::models

#endif  // PARVIS_MODELS_FAMILY_H_
