#include "parvis/ops/relative_bias.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "parvis/ops/product.h"

namespace parvis::ops {

int64_t RelativeBuckets::BucketOf(int64_t distance) const {
  int64_t buckets = count, first = 0;
  if (bidirectional) {
    buckets /= 2;
    if (distance > 0) first = buckets;
    distance = std::abs(distance);
  } else {
    distance = std::max<int64_t>(-distance, 0);
  }
  const int64_t exact = buckets / 2;
  if (distance < exact) return first + distance;
  const float turns =
      std::log(static_cast<float>(distance) / static_cast<float>(exact)) /
      static_cast<float>(std::log(static_cast<double>(max_distance) / static_cast<double>(exact)));
  const auto wide = static_cast<int64_t>(turns * static_cast<float>(buckets - exact));
  return first + std::min(exact + wide, buckets - 1);
}

Tensor RelativeBias(const Exec& exec, Parameter& table, const RelativeBuckets& buckets,
                    int64_t reach) {
  PARVIS_CHECK(table.shape[0] == buckets.count);
  const int64_t heads = table.shape[1], side = reach + static_cast<int64_t>(kernels::kLanes);
  std::vector<int64_t> bucket_of;  // each distance
  for (int64_t d = -side; d <= side; ++d) bucket_of.push_back(buckets.BucketOf(d));

  const Tensor& value = table.value;
  const Tensor rows = Tensor::Empty({buckets.count, heads});
  exec.kernels().ToF32(SourceOf(value.dtype()), value.data(), rows.size(), rows.f32());
  Tensor bias = Tensor::Empty({heads, 2 * side + 1});
  for (int64_t h = 0; h < heads; ++h) {
    for (int64_t i = 0; i < bias.dim(1); ++i) {
      bias.f32()[h * bias.dim(1) + i] = rows.f32()[bucket_of[i] * heads + h];
    }
  }
  if (exec.recording() && table.grad.defined()) {
    exec.tape().Record([&exec, &table, bias, bucket_of, heads] {
      const Tensor grad = exec.tape().TakeGrad(bias);
      if (!grad.defined()) return;
      for (int64_t h = 0; h < heads; ++h) {
        for (int64_t i = 0; i < grad.dim(1); ++i) {
          table.grad.f32()[bucket_of[i] * heads + h] += grad.f32()[h * grad.dim(1) + i];
        }
      }
    });
  }
  return bias;
}

}  // namespace parvis::ops
