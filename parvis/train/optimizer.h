#ifndef PARVIS_TRAIN_OPTIMIZER_H_
#define PARVIS_TRAIN_OPTIMIZER_H_

#include <cstdint>
#include <vector>

#include "parvis/nn/stack.h"
#include "parvis/ops/exec.h"

namespace parvis::train {

struct OptimizerSettings {
  float beta1 = 0.9f, beta2 = 0.95f, epsilon = 1e-8f;
  float weight_decay = 0.1f;  // of matrices and embeddings (all that has two dimensions)
  float clip = 1.0f;          // the norm of all gradients is scaled down to this; 0: never
  float average = 0.0f;       // decay of an exponential average of the weights; 0: none is kept
};

// AdamW over what a stack learns (Stack::Learned), whose values must be f32. One moment pair for
// each of these parameters, in their order. Formula: parvis/ops/optimizer.h.
class Optimizer {
 public:
  Optimizer(nn::Stack& stack, const OptimizerSettings& settings);

  // Changes every value by its gradient and counts one step. Returns the norm of the gradients
  // before clipping; if that is not finite nothing is changed.
  double Step(const ops::Exec& exec, nn::Stack& stack, double learning_rate);

  // What a checkpoint holds. `average` is empty if none is kept.
  int64_t steps = 0;
  std::vector<Tensor> m, v, average;

 private:
  OptimizerSettings settings_;
};

}  // namespace parvis::train

#endif  // PARVIS_TRAIN_OPTIMIZER_H_
