#include "parvis/ops/tape.h"

#include <utility>

namespace parvis::ops {

void Tape::RunBackward() {
  while (!steps_.empty()) {
    const Backward step = std::move(steps_.back());
    steps_.pop_back();
    step();
  }
}

void Tape::Mark(const std::string& name) {
  if (!reached_) return;
  ++marks_[name];
  Record([this, name] {
    if (--marks_[name] == 0) reached_(name);
  });
}

void Tape::Clear() {
  steps_.clear();
  marks_.clear();
  grads_.clear();
}

void Tape::AddGrad(const Tensor& x, const Tensor& grad) {
  PARVIS_CHECK(grad.size() == x.size());
  Tensor& sum = grads_[x.data()];
  if (!sum.defined()) {
    sum = grad;
    return;
  }
  // Not in place: the tensor may be the gradient of another one too.
  Tensor both = Tensor::Empty(x.shape());
  const float *a = sum.f32(), *b = grad.f32();
  float* y = both.f32();
  for (int64_t i = 0; i < both.size(); ++i) y[i] = a[i] + b[i];
  sum = std::move(both);
}

Tensor Tape::TakeGrad(const Tensor& y) {
  const auto found = grads_.find(y.data());
  if (found == grads_.end()) return {};
  Tensor grad = std::move(found->second);
  grads_.erase(found);
  return grad;
}

}  // namespace parvis::ops
