#ifndef PARVIS_MODELS_LLAMA_H_
#define PARVIS_MODELS_LLAMA_H_

#include "parvis/models/family.h"

namespace parvis::models {

// What LLaMA's relatives start from: its blueprint, and the way back to configurations. Windows are
// each family's own: the same field does not mean the same in all of them.
nn::Blueprint DescribeLlama(Config& config);
Json LlamaConfig(const nn::Blueprint& blueprint);
Json LlamaGgufMetadata(const nn::Blueprint& blueprint);

}  // namespace parvis::models

#endif  // PARVIS_MODELS_LLAMA_H_
