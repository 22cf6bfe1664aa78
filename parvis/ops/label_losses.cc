#include "parvis/ops/label_losses.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace parvis::ops {
namespace {

void Keep(std::span<float> each, size_t target, double loss) {
  if (!each.empty()) each[target] = static_cast<float>(loss);
}

void Record(const Exec& exec, const Tensor& scores, const Tensor& grad) {
  if (exec.recording()) exec.tape().AddGrad(scores, grad);
}

}  // namespace

Loss BinaryCrossEntropy(const Exec& exec, const Tensor& scores, std::span<const int32_t> targets,
                        float grad_scale, std::span<float> each) {
  PARVIS_CHECK(static_cast<int64_t>(targets.size()) == scores.size());
  const Tensor grad = Tensor::Zeros(scores.shape());
  Loss loss;
  for (size_t i = 0; i < targets.size(); ++i) {
    Keep(each, i, 0.0);
    if (targets[i] < 0) continue;
    const double score = scores.f32()[i], target = targets[i];
    // log(1 + e^x) - t x, without overflow.
    const double one =
        std::max(score, 0.0) + std::log1p(std::exp(-std::abs(score))) - target * score;
    Keep(each, i, one);
    loss.sum += one;
    ++loss.count;
    grad.f32()[i] = static_cast<float>(grad_scale * (1.0 / (1.0 + std::exp(-score)) - target));
  }
  Record(exec, scores, grad);
  return loss;
}

Loss SpanCrossEntropy(const Exec& exec, const Tensor& scores, std::span<const Segment> segments,
                      std::span<const int32_t> targets, float grad_scale, std::span<float> each) {
  PARVIS_CHECK(scores.dim(1) == 2 && targets.size() == 2 * segments.size());
  const Tensor grad = Tensor::Zeros(scores.shape());
  Loss loss;
  for (size_t i = 0; i < targets.size(); ++i) {
    Keep(each, i, 0.0);
    if (targets[i] < 0) continue;
    const Segment& segment = segments[i / 2];
    PARVIS_CHECK(targets[i] < segment.count);
    const auto at = [&](int64_t row) {
      return (segment.begin + row) * 2 + static_cast<int64_t>(i % 2);
    };
    double largest = scores.f32()[at(0)], sum = 0.0;
    for (int64_t r = 1; r < segment.count; ++r) {
      largest = std::max(largest, double{scores.f32()[at(r)]});
    }
    for (int64_t r = 0; r < segment.count; ++r) sum += std::exp(scores.f32()[at(r)] - largest);
    const double one = largest + std::log(sum) - scores.f32()[at(targets[i])];
    Keep(each, i, one);
    loss.sum += one;
    ++loss.count;
    for (int64_t r = 0; r < segment.count; ++r) {
      const double p = std::exp(scores.f32()[at(r)] - largest) / sum;
      grad.f32()[at(r)] = static_cast<float>(grad_scale * (p - (r == targets[i] ? 1.0 : 0.0)));
    }
  }
  Record(exec, scores, grad);
  return loss;
}

}  // namespace parvis::ops
