#include "parvis/train/optimizer.h"

#include <algorithm>
#include <cmath>

#include "parvis/core/check.h"
#include "parvis/ops/optimizer.h"

namespace parvis::train {

Optimizer::Optimizer(nn::Stack& stack, const OptimizerSettings& settings) : settings_(settings) {
  for (const ops::Parameter* parameter : stack.Learned()) {
    PARVIS_CHECK(parameter->value.dtype() == DType::kF32);
    m.push_back(Tensor::Zeros(parameter->shape));
    v.push_back(Tensor::Zeros(parameter->shape));
    if (settings_.average > 0.0f) average.push_back(parameter->value.Clone());
  }
}

double Optimizer::Step(const ops::Exec& exec, nn::Stack& stack, double learning_rate) {
  const std::vector<ops::Parameter*> learned = stack.Learned();
  const double norm = ops::GradNorm(exec, learned);
  if (!std::isfinite(norm)) return norm;
  ++steps;
  ops::AdamWStepArgs args;
  if (settings_.clip > 0.0f) {  // with the epsilon of PyTorch's clip_grad_norm_
    args.grad_scale = static_cast<float>(std::min(1.0, settings_.clip / (norm + 1e-6)));
  }
  args.learning_rate = static_cast<float>(learning_rate);
  args.beta1 = settings_.beta1;
  args.beta2 = settings_.beta2;
  args.epsilon = settings_.epsilon;
  const auto count = static_cast<double>(steps);
  args.bias_correction1 = static_cast<float>(1.0 - std::pow(double{settings_.beta1}, count));
  args.bias_correction2 = static_cast<float>(1.0 - std::pow(double{settings_.beta2}, count));
  for (size_t i = 0; i < learned.size(); ++i) {
    ops::Parameter& parameter = *learned[i];
    args.weight_decay = parameter.shape.size() == 2 ? settings_.weight_decay : 0.0f;
    ops::AdamWStep(exec, parameter, m[i], v[i], args);
    if (average.empty()) continue;
    // A short run must not remember its random beginning: the decay grows towards its value.
    const float decay =
        std::min(settings_.average, static_cast<float>((1.0 + count) / (10.0 + count)));
    ops::AverageStep(exec, parameter.value, decay, average[i]);
  }
  return norm;
}

}  // namespace parvis::train
