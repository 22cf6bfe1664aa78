#ifndef PARVIS_MODELS_LLAMA_H_
#define PARVIS_MODELS_LLAMA_H_

#include "parvis/models/family.h"

namespace parvis::models {

// What LLaMA's relatives start from: its blueprint, and the way back to configurations. Windows are
// each family's own: the same field does not mean the same in all of them.
nn::Blueprint DescribeLlama(Config& config);
// What is meant where a relative's configuration says nothing.
struct LlamaDefaults {
  int64_t context_length = 2048;
  int64_t head_dim = 0;  // 0: hidden_size / num_attention_heads
  bool tied_embedding = false;
  float epsilon = 1e-6f;
};
// All but the activation, which is left at SiLU.
nn::Blueprint DescribeLlamaBut(Config& config, const LlamaDefaults& defaults);
Json LlamaConfig(const nn::Blueprint& blueprint);
Json LlamaGgufMetadata(const nn::Blueprint& blueprint);

}  // namespace parvis::models

#endif  // PARVIS_MODELS_LLAMA_H_
