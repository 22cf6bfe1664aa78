#include "parvis/ops/optimizer.h"

#include <algorithm>
#include <vector>

namespace parvis::ops {
namespace {

constexpr int64_t kBlock = 1 << 15;  // elements that one sum of squares covers

}  // namespace

void AdamWStep(const Exec& exec, std::span<float> value, std::span<const float> grad, Tensor& m,
               Tensor& v, const AdamWStepArgs& args) {
  const auto size = static_cast<int64_t>(value.size());
  exec.pool().For(size, kBlock, [&](int64_t begin, int64_t end) {
    kernels::AdamWArgs part;
    part.weight = value.data() + begin;
    part.m = m.f32() + begin;
    part.v = v.f32() + begin;
    part.grad = grad.data() + begin;
    part.size = static_cast<size_t>(end - begin);
    part.grad_scale = args.grad_scale;
    part.learning_rate = args.learning_rate;
    part.beta1 = args.beta1;
    part.beta2 = args.beta2;
    part.epsilon = args.epsilon;
    part.weight_decay = args.weight_decay;
    part.bias_correction1 = args.bias_correction1;
    part.bias_correction2 = args.bias_correction2;
    exec.kernels().AdamW(part);
  });
}

void AddSquares(const Exec& exec, std::span<const float> values, double& total) {
  const auto size = static_cast<int64_t>(values.size());
  std::vector<double> sums(static_cast<size_t>((size + kBlock - 1) / kBlock));
  exec.pool().For(static_cast<int64_t>(sums.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; ++block) {
      const int64_t first = block * kBlock;
      const int64_t count = std::min(kBlock, size - first);
      sums[block] = exec.kernels().SumOfSquares(values.data() + first, static_cast<size_t>(count));
    }
  });
  for (const double sum : sums) total += sum;
}

void AverageStep(const Exec& exec, std::span<const float> value, float decay, Tensor& average) {
  float* y = average.f32();
  exec.pool().For(static_cast<int64_t>(value.size()), kBlock, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) y[i] = decay * y[i] + (1.0f - decay) * value[i];
  });
}

}  // namespace parvis::ops
