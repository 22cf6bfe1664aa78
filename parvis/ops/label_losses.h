#ifndef PARVIS_OPS_LABEL_LOSSES_H_
#define PARVIS_OPS_LABEL_LOSSES_H_

#include <cstdint>
#include <span>

#include "parvis/ops/attention.h"
#include "parvis/ops/exec.h"
#include "parvis/ops/loss.h"

// Losses of heads whose scores are few, so that all are held. When recording, the gradient of
// grad_scale * sum  goes to that of `scores` on the tape. `each` (a target each, or empty) receives
// every target's loss. Targets of -1 do not count.
namespace parvis::ops {

// Labels that may be true together: a logistic loss for each score.
//   scores: (rows, labels)   targets: (rows · labels), 0 or 1
Loss BinaryCrossEntropy(const Exec& exec, const Tensor& scores, std::span<const int32_t> targets,
                        float grad_scale, std::span<float> each = {});

// Where an answer begins and ends: for each of the two columns a softmax over a sequence's rows.
//   scores: (rows, 2)   targets: (segments · 2), rows of each segment, counted from its first
Loss SpanCrossEntropy(const Exec& exec, const Tensor& scores, std::span<const Segment> segments,
                      std::span<const int32_t> targets, float grad_scale,
                      std::span<float> each = {});

}  // namespace parvis::ops

#endif  // PARVIS_OPS_LABEL_LOSSES_H_
