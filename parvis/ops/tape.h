#ifndef PARVIS_OPS_TAPE_H_
#define PARVIS_OPS_TAPE_H_

#include <functional>
#include <unordered_map>
#include <vector>

#include "parvis/tensor/tensor.h"

namespace parvis::ops {

// What a recording Exec did, in order, so that it can be walked backward (reverse-mode automatic
// differentiation). A recorded op is one closure, which takes the gradient of the op's result and
// adds to the gradients of its inputs. Closures keep the tensors that they need alive and are
// destroyed as soon as they have run, so memory falls while backward runs.
//
// Gradients are added in the order of the tape: the same bits at any thread count. Not
// synchronised.
class Tape {
 public:
  using Backward = std::function<void()>;

  void Record(Backward backward) { steps_.push_back(std::move(backward)); }

  // Runs all closures, last first. Gradients of what no op made (inputs) stay until taken or Clear.
  void RunBackward();
  void Clear();

  // Adds `grad` (f32, of x's shape) to the gradient of x, a result of a recorded op.
  void AddGrad(const Tensor& x, const Tensor& grad);

  // The gradient collected for y, which is then forgotten. Undefined when nothing depends on y.
  Tensor TakeGrad(const Tensor& y);

  bool empty() const { return steps_.empty(); }

 private:
  std::vector<Backward> steps_;
  // By address: a recorded tensor stays alive, so its address is its identity.
  std::unordered_map<const void*, Tensor> grads_;
};

}  // namespace parvis::ops

#endif  // PARVIS_OPS_TAPE_H_
