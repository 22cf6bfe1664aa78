#ifndef PARVIS_MODELS_ADAPTER_H_
#define PARVIS_MODELS_ADAPTER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "parvis/core/result.h"
#include "parvis/models/model.h"

// Low-rank adapters (LoRA): matrices of a model's blocks, changed by W += alpha / rank · B · A. Two
// kinds of files hold them:
//
//   a folder of Hugging Face's PEFT: adapter_config.json and adapter_model.safetensors with
//     base_model.model.MODULE.lora_A.weight (rank, inputs), ….lora_B.weight (outputs, rank)
//   a .gguf file of llama.cpp: general.type "adapter", adapter.type "lora", adapter.lora.alpha and
//     TENSOR.lora_a, TENSOR.lora_b of the same shapes
//
// A head with labels or spans is taught whole beside them (Stack::Learned). PEFT's folder holds it,
// as its modules_to_save; llama.cpp's file has no place for it.
//
// A and B belong to matrices of files: of a fused one all rows share A, and the rows of B are
// permuted as the file permutes those of the matrix.
namespace parvis::models {

struct AdapterSettings {
  int64_t rank = 8;
  double alpha = 16.0;
  // Modules by Hugging Face's names, as PEFT matches them: the whole name, or how it ends after a
  // dot ("q_proj"). Empty: all matrices of the blocks.
  std::vector<std::string> targets;
};

// Gives `model` an adapter that changes nothing yet: A uniform within ±1/sqrt(inputs), B zero, as
// PEFT begins. Not packed. Refuses a target that no matrix of a block has.
Status NewAdapter(const AdapterSettings& settings, uint64_t seed, Model& model);

// Gives `model` the adapter of a folder or a file, and packs it. A head that the folder brings
// becomes the model's, which must hold its values then and is to be packed. Refusals name file and
// field.
Status LoadAdapter(const ops::Exec& exec, const std::string& path, Model& model);

// The adapter of a folder or a file for forward passes of `model` (nn::Step::adapters), packed,
// without values. Reads nothing of the model but its shapes. Refuses folders with a head: it is the
// model's own, which others use. Refusals name file and field.
Result<nn::Adapter> ReadAdapter(const ops::Exec& exec, const std::string& path, const Model& model);

// Whether that folder holds a head, too. (What is wrong with it, LoadAdapter says.)
bool BringsHead(const std::string& path);

// Writes the adapter of `model` in f32, as a GGUF file if `path` ends in .gguf, else as a folder.
// `base`: what the folder calls the model that it belongs to. A head with labels or spans wants a
// folder. REQUIRES: one scale and rank for all.
Status SaveAdapter(const Model& model, const std::string& path, const std::string& base);

// Adds the adapter into the weights, which are f32 then where it changed them, and takes it off.
// REQUIRES: the model holds its values. It is not packed afterwards.
Status MergeAdapter(const ops::Exec& exec, Model& model);

}  // namespace parvis::models

#endif  // PARVIS_MODELS_ADAPTER_H_
