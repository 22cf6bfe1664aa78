#ifndef PARVIS_OPS_RELATIVE_BIAS_H_
#define PARVIS_OPS_RELATIVE_BIAS_H_

#include <cstdint>

#include "parvis/ops/exec.h"
#include "parvis/ops/parameter.h"

namespace parvis::ops {

// How distances (key position - query position) share the rows of a table of biases: the near ones
// have a bucket each, those further off share ever wider ones (by the logarithm of the distance),
// and from max_distance on there is one. Bidirectional: half of the buckets for keys that come
// after the query, which one-sided ones do not tell apart.
// Raffel et al., "Exploring the Limits of Transfer Learning with a Unified Text-to-Text
// Transformer", 2020, section 2.1.
struct RelativeBuckets {
  int64_t count = 32;
  int64_t max_distance = 128;
  bool bidirectional = true;

  // In [0, count). In f32 as the reference computes it: at the borders rounding decides.
  int64_t BucketOf(int64_t distance) const;
};

// The bias of every head and distance: (num_heads, 2 * (reach + 16) + 1) with distance 0 in the
// middle, as AttentionSpec::bias wants it for sequences of at most `reach` positions.
//   table: (buckets.count, num_heads), its value kept
Tensor RelativeBias(const Exec& exec, Parameter& table, const RelativeBuckets& buckets,
                    int64_t reach);

}  // namespace parvis::ops

#endif  // PARVIS_OPS_RELATIVE_BIAS_H_
