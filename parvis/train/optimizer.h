#ifndef PARVIS_TRAIN_OPTIMIZER_H_
#define PARVIS_TRAIN_OPTIMIZER_H_

#include <cstdint>
#include <vector>

#include "parvis/nn/stack.h"
#include "parvis/ops/exec.h"
#include "parvis/train/sharding.h"

namespace parvis::train {

struct OptimizerSettings {
  float beta1 = 0.9f, beta2 = 0.95f, epsilon = 1e-8f;
  float weight_decay = 0.1f;  // of matrices and embeddings (all that has two dimensions)
  float clip = 1.0f;          // the norm of all gradients is scaled down to this; 0: never
  float average = 0.0f;       // decay of an exponential average of the weights; 0: none is kept
  // Steps of each tensor are multiplied by its size when the optimiser is made: the root of the
  // mean of its squares, 1e-3 at least (Shazeer and Stern 2018, arXiv:1804.04235, §8, with the
  // first size in place of the current). For a model like T5, whose matrices differ in size by a
  // hundred.
  bool relative = false;
};

// AdamW over what a stack learns (Stack::Learned), whose values must be f32, or over the slices of
// it that this rank owns (sharding.h). One moment pair for each slice, in their order. Formula:
// parvis/ops/optimizer.h.
class Optimizer {
 public:
  Optimizer(nn::Stack& stack, const OptimizerSettings& settings);  // all of it
  Optimizer(nn::Stack& stack, const OptimizerSettings& settings, std::vector<Slice> slices);

  // Sum of the squares of the slices' gradients.
  double Squares(const ops::Exec& exec, nn::Stack& stack) const;
  // Changes every value of the slices by its gradient and counts one step. `norm`: of all
  // gradients, before clipping; finite.
  void Update(const ops::Exec& exec, nn::Stack& stack, double learning_rate, double norm);

  // Both, where nobody else has slices. Returns the norm; if it is not finite nothing is changed.
  double Step(const ops::Exec& exec, nn::Stack& stack, double learning_rate);

  const std::vector<Slice>& slices() const { return slices_; }
  int64_t bytes() const;  // of the state that is kept here
  bool averaging() const { return settings_.average > 0.0f; }

  // What a checkpoint holds. `average` is empty if not averaging().
  int64_t steps = 0;
  std::vector<Tensor> m, v, average;

 private:
  OptimizerSettings settings_;
  std::vector<double> sizes_;  // of the slices' tensors; 1 unless `relative`
  std::vector<Slice> slices_;
};

}  // namespace parvis::train

#endif  // PARVIS_TRAIN_OPTIMIZER_H_
