#include "parvis/train/optimizer.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "parvis/core/check.h"
#include "parvis/ops/optimizer.h"

namespace parvis::train {
namespace {

std::span<float> PartOf(const Tensor& tensor, const Slice& slice) {
  return {tensor.f32() + slice.begin, static_cast<size_t>(slice.size())};
}

constexpr double kLeastSize = 1e-3;  // of what begins with zeros

double SizeOf(const Tensor& tensor) {
  double squares = 0.0;
  for (int64_t i = 0; i < tensor.size(); ++i) squares += double{tensor.f32()[i]} * tensor.f32()[i];
  return std::max(kLeastSize, std::sqrt(squares / static_cast<double>(tensor.size())));
}

}  // namespace

Optimizer::Optimizer(nn::Stack& stack, const OptimizerSettings& settings)
    : Optimizer(stack, settings, Sharding(stack.Learned(), 0, 1).own()) {}

Optimizer::Optimizer(nn::Stack& stack, const OptimizerSettings& settings, std::vector<Slice> slices)
    : settings_(settings), slices_(std::move(slices)) {
  const std::vector<ops::Parameter*> learned = stack.Learned();
  for (const Slice& slice : slices_) {
    const Tensor& value = learned[slice.parameter]->value;
    PARVIS_CHECK(value.dtype() == DType::kF32);
    const Shape shape = slice.size() == value.size() ? value.shape() : Shape{slice.size()};
    m.push_back(Tensor::Zeros(shape));
    v.push_back(Tensor::Zeros(shape));
    sizes_.push_back(settings_.relative ? SizeOf(value) : 1.0);
    if (averaging()) average.push_back(Tensor::Of(shape, PartOf(value, slice)));
  }
}

int64_t Optimizer::bytes() const {
  const int64_t copies = averaging() ? 3 : 2;
  return copies * TotalSize(slices_) * static_cast<int64_t>(sizeof(float));
}

double Optimizer::Squares(const ops::Exec& exec, nn::Stack& stack) const {
  const std::vector<ops::Parameter*> learned = stack.Learned();
  double total = 0.0;
  for (const Slice& slice : slices_) {
    ops::AddSquares(exec, PartOf(learned[slice.parameter]->grad, slice), total);
  }
  return total;
}

void Optimizer::Update(const ops::Exec& exec, nn::Stack& stack, double learning_rate, double norm) {
  const std::vector<ops::Parameter*> learned = stack.Learned();
  ++steps;
  ops::AdamWStepArgs args;
  if (settings_.clip > 0.0f) {  // with the epsilon of PyTorch's clip_grad_norm_
    args.grad_scale = static_cast<float>(std::min(1.0, settings_.clip / (norm + 1e-6)));
  }
  args.beta1 = settings_.beta1;
  args.beta2 = settings_.beta2;
  args.epsilon = settings_.epsilon;
  const auto count = static_cast<double>(steps);
  args.bias_correction1 = static_cast<float>(1.0 - std::pow(double{settings_.beta1}, count));
  args.bias_correction2 = static_cast<float>(1.0 - std::pow(double{settings_.beta2}, count));
  for (size_t i = 0; i < slices_.size(); ++i) {
    const ops::Parameter& parameter = *learned[slices_[i].parameter];
    const std::span<float> value = PartOf(parameter.value, slices_[i]);
    args.learning_rate = static_cast<float>(learning_rate * sizes_[i]);
    args.weight_decay = parameter.shape.size() == 2 ? settings_.weight_decay : 0.0f;
    ops::AdamWStep(exec, value, PartOf(parameter.grad, slices_[i]), m[i], v[i], args);
    if (!averaging()) continue;
    // A short run must not remember its random beginning: the decay grows towards its value.
    const float decay =
        std::min(settings_.average, static_cast<float>((1.0 + count) / (10.0 + count)));
    ops::AverageStep(exec, value, decay, average[i]);
  }
}

double Optimizer::Step(const ops::Exec& exec, nn::Stack& stack, double learning_rate) {
  const double norm = std::sqrt(Squares(exec, stack));
  if (std::isfinite(norm)) Update(exec, stack, learning_rate, norm);
  return norm;
}

}  // namespace parvis::train
