#ifndef PARVIS_OPS_OPTIMIZER_H_
#define PARVIS_OPS_OPTIMIZER_H_

#include <span>

#include "parvis/ops/exec.h"
#include "parvis/tensor/tensor.h"

namespace parvis::ops {

// One step of Adam with decoupled weight decay. Loshchilov and Hutter, "Decoupled Weight Decay
// Regularization", 2019, in PyTorch's order: first decay, then the update with m and v corrected.
struct AdamWStepArgs {
  float grad_scale = 1.0f;  // multiplied into the gradient first (clipping)
  float learning_rate = 0.0f;
  float beta1 = 0.9f;
  float beta2 = 0.999f;
  float epsilon = 1e-8f;
  float weight_decay = 0.0f;
  float bias_correction1 = 1.0f;  // 1 - beta1^step
  float bias_correction2 = 1.0f;  // 1 - beta2^step
};

// Changes values, m and v (all of equally many elements) by the gradients.
void AdamWStep(const Exec& exec, std::span<float> value, std::span<const float> grad, Tensor& m,
               Tensor& v, const AdamWStepArgs& args);

// Adds the squares to `total`. Blocks of a fixed size are summed in f64 and added in order, so the
// bits do not depend on the number of threads.
void AddSquares(const Exec& exec, std::span<const float> values, double& total);

// average = decay * average + (1 - decay) * value, elementwise.
void AverageStep(const Exec& exec, std::span<const float> value, float decay, Tensor& average);

}  // namespace parvis::ops

#endif  // PARVIS_OPS_OPTIMIZER_H_
