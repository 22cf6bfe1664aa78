#ifndef PARVIS_OPS_ROPE_H_
#define PARVIS_OPS_ROPE_H_

#include "parvis/ops/exec.h"

namespace parvis::ops {

// The cosine and sine of each row's rotation, (rows, rotary_dim / 2) each.
struct Rotation {
  Tensor cosine, sine;
};

// Rotates pairs (i, i + rotary_dim/2) of every head of x, in place. x: (rows, heads * head_dim), a
// result of the op before it that nothing else uses.
// Su et al., "RoFormer: Enhanced Transformer with Rotary Position Embedding", 2021.
void Rope(const Exec& exec, const Tensor& x, int64_t head_dim, const Rotation& rotation);

}  // namespace parvis::ops

#endif  // PARVIS_OPS_ROPE_H_
