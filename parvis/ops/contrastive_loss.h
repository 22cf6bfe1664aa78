#ifndef PARVIS_OPS_CONTRASTIVE_LOSS_H_
#define PARVIS_OPS_CONTRASTIVE_LOSS_H_

#include <cstdint>
#include <span>

#include "parvis/ops/attention.h"
#include "parvis/ops/exec.h"
#include "parvis/ops/loss.h"

namespace parvis::ops {

// How alike texts are that belong together, among texts that do not (InfoNCE with the others of the
// batch, both ways). A text's vector is the mean of its rows, at length 1; texts 2i and 2i + 1 are
// a pair. The score of two texts is the cosine over `temperature`; each text is to be found by its
// partner among all texts of the partner's side, so a pair has two losses.
//
//   hidden: (rows, size)   segments: of the texts, an even number
//
// When recording, the gradient of  grad_scale * sum  goes to that of `hidden` on the tape. `each`
// (a text each, or empty) receives the losses: at 2i that of finding 2i + 1 from 2i, at 2i + 1 that
// of finding 2i from it. The count is that of the texts. Sums have one fixed order.
Loss ContrastiveLoss(const Exec& exec, const Tensor& hidden, std::span<const Segment> segments,
                     float temperature, float grad_scale, std::span<float> each = {});

// How many texts find their partner as the likest of its side.
int64_t ContrastiveCorrect(const Tensor& hidden, std::span<const Segment> segments);

}  // namespace parvis::ops

#endif  // PARVIS_OPS_CONTRASTIVE_LOSS_H_
