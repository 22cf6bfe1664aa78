#ifndef PARVIS_NN_POSITIONS_H_
#define PARVIS_NN_POSITIONS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "parvis/nn/blueprint.h"
#include "parvis/ops/attention.h"
#include "parvis/ops/rope.h"

namespace parvis::nn {

// The position of each row of a step in its own sequence.
std::vector<int32_t> PositionsOf(std::span<const ops::Segment> segments);

// Angle per position of each rotated pair, (rotary_dim / 2), with the scaling applied; and the
// factor that YaRN multiplies into cosine and sine (else 1).
//   linear  Chen et al., "Extending Context Window of Large Language Models via Positional
//           Interpolation", 2023
//   yarn    Peng et al., "YaRN", 2023
//   llama3  as Llama 3.1's published configuration has it
struct RotaryFrequencies {
  std::vector<float> radians;
  float magnitude = 1.0f;
};
RotaryFrequencies FrequenciesOf(const RotaryPositions& rotary, int64_t context_length);

// The slope of each head. A number of heads that is no power of two takes those of the largest
// power below it, and between them every other one of twice that power, as BLOOM's code does.
std::vector<float> AlibiSlopesOf(const AlibiPositions& alibi, int64_t num_heads);

// Cosine and sine for each row.
ops::Rotation RotationOf(const ops::Exec& exec, const RotaryFrequencies& frequencies,
                         std::span<const int32_t> positions);

}  // namespace parvis::nn

#endif  // PARVIS_NN_POSITIONS_H_
