#include "parvis/ops/optimizer.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace parvis::ops {
namespace {

constexpr int64_t kBlock = 1 << 15;  // elements that one sum of squares covers

}  // namespace

void AdamWStep(const Exec& exec, Parameter& parameter, Tensor& m, Tensor& v,
               const AdamWStepArgs& args) {
  float* value = parameter.value.f32();
  const float* grad = parameter.grad.f32();
  exec.pool().For(parameter.value.size(), kBlock, [&](int64_t begin, int64_t end) {
    kernels::AdamWArgs part;
    part.weight = value + begin;
    part.m = m.f32() + begin;
    part.v = v.f32() + begin;
    part.grad = grad + begin;
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

double GradNorm(const Exec& exec, std::span<Parameter* const> parameters) {
  double total = 0.0;
  std::vector<double> sums;
  for (const Parameter* parameter : parameters) {
    const int64_t size = parameter->grad.size();
    const float* grad = parameter->grad.f32();
    sums.assign(static_cast<size_t>((size + kBlock - 1) / kBlock), 0.0);
    exec.pool().For(static_cast<int64_t>(sums.size()), 1, [&](int64_t begin, int64_t end) {
      for (int64_t block = begin; block < end; ++block) {
        const int64_t first = block * kBlock;
        const int64_t count = std::min(kBlock, size - first);
        sums[block] = exec.kernels().SumOfSquares(grad + first, static_cast<size_t>(count));
      }
    });
    for (const double sum : sums) total += sum;
  }
  return std::sqrt(total);
}

void AverageStep(const Exec& exec, const Tensor& value, float decay, Tensor& average) {
  const float* x = value.f32();
  float* y = average.f32();
  exec.pool().For(value.size(), kBlock, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) y[i] = decay * y[i] + (1.0f - decay) * x[i];
  });
}

}  // namespace parvis::ops
