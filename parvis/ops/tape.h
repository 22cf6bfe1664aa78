#ifndef PARVIS_OPS_TAPE_H_
#define PARVIS_OPS_TAPE_H_

#include <functional>
#include <map>
#include <string>
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

  // A place with a name, which may be passed several times. `reached` is told of it as soon as
  // RunBackward has run all that was recorded after the first time.
  void Mark(const std::string& name);
  void set_reached(std::function<void(const std::string&)> reached) {
    reached_ = std::move(reached);
  }

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
  std::function<void(const std::string&)> reached_;
  std::map<std::string, int> marks_;  // how often each was passed and not come back to
  // By address: a recorded tensor stays alive, so its address is its identity.
  std::unordered_map<const void*, Tensor> grads_;
};

}  // namespace parvis::ops

#endif  // PARVIS_OPS_TAPE_H_
