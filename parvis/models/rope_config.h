#ifndef PARVIS_MODELS_ROPE_CONFIG_H_
#define PARVIS_MODELS_ROPE_CONFIG_H_

#include "parvis/models/config.h"
#include "parvis/nn/blueprint.h"

namespace parvis::models {

// Rotary positions in configurations: theta ("rope_theta", "rotary_emb_base", GGUF's
// "rope.freq_base", or within "rope_parameters" as transformers 5 writes it), and the scaling
// ("rope_scaling" or "rope_parameters").
float ThetaOf(Config& config);
nn::RopeScaling ScalingOf(Config& config);

// Adds "rope_scaling", where there is one that has a name.
void AddScaling(const nn::RopeScaling& scaling, Json& config);

}  // namespace parvis::models

#endif  // PARVIS_MODELS_ROPE_CONFIG_H_
