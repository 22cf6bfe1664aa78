#ifndef PARVIS_OPS_LOSS_H_
#define PARVIS_OPS_LOSS_H_

#include <cstdint>
#include <span>

#include "parvis/ops/exec.h"
#include "parvis/ops/matmul.h"

namespace parvis::ops {

struct Loss {
  double sum = 0.0;   // of -log p(target), in nats
  int64_t count = 0;  // targets that counted
};

// Cross-entropy of softmax(hidden · weightᵀ + bias) against targets, without ever holding all
// logits: some rows at a time are multiplied, scored and, when recording, turned into gradients at
// once.
//   hidden: (rows, size)   weight: (vocab_size, size)   targets: (rows), -1: does not count
// When recording, the gradient of  grad_scale * sum  is added to those of weight and bias now and
// to hidden's gradient on the tape. `each` (rows, or empty) receives every row's loss.
Loss LinearCrossEntropy(const Exec& exec, const Tensor& hidden, const LinearSpec& output,
                        std::span<const int32_t> targets, float grad_scale,
                        std::span<float> each = {});

// The same where each row's loss has a scale of its own: the gradient is that of the sum over the
// rows of  grad_scales[row] * loss. REQUIRES: recording.
Loss LinearCrossEntropy(const Exec& exec, const Tensor& hidden, const LinearSpec& output,
                        std::span<const int32_t> targets, std::span<const float> grad_scales,
                        std::span<float> each = {});

}  // namespace parvis::ops

#endif  // PARVIS_OPS_LOSS_H_
