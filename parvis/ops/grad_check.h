#ifndef PARVIS_OPS_GRAD_CHECK_H_
#define PARVIS_OPS_GRAD_CHECK_H_

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "parvis/core/random.h"
#include "parvis/ops/exec.h"
#include "parvis/ops/parameter.h"

// For tests: gradients that an op records, against central differences of its forward pass.
namespace parvis::ops {

inline Tensor RandomTensor(const Shape& shape, Random& random, double scale = 1.0) {
  Tensor t = Tensor::Empty(shape);
  for (int64_t i = 0; i < t.size(); ++i) t.f32()[i] = static_cast<float>(random.Normal() * scale);
  return t;
}

inline Parameter RandomParameter(const std::string& name, const Shape& shape, Random& random) {
  Parameter p;
  p.name = name;
  p.shape = shape;
  p.value = RandomTensor(shape, random, 0.5);
  p.grad = Tensor::Zeros(shape);
  return p;
}

// What is checked: values that may be changed, and where their gradients will be found.
struct Checked {
  std::string name;
  Tensor value;
  Tensor grad;  // defined for a parameter; else the tape's gradient of `value` is taken
};

// `forward` computes y from the checked values (repacking what it must). The loss is the sum of
// y * c for random c.
inline void CheckGradients(const std::function<Tensor(const Exec&)>& forward,
                           std::vector<Checked> checked, double tolerance = 2e-3) {
  const kernels::Table& kernels = kernels::TableOf(kernels::BestTarget());
  ThreadPool pool(2);
  Tape tape;
  const Exec recording(pool, kernels, &tape);
  const Exec eager(pool, kernels);
  const Tensor y = forward(recording);
  Random random(7);
  const Tensor c = RandomTensor(y.shape(), random);
  const auto loss = [&] {
    const Tensor now = forward(eager);
    double sum = 0;
    for (int64_t i = 0; i < now.size(); ++i) sum += double{now.f32()[i]} * c.f32()[i];
    return sum;
  };
  tape.AddGrad(y, c);
  std::vector<Tensor> grads;
  tape.RunBackward();
  for (Checked& item : checked) {
    grads.push_back(item.grad.defined() ? item.grad : tape.TakeGrad(item.value));
  }
  for (size_t n = 0; n < checked.size(); ++n) {
    ASSERT_TRUE(grads[n].defined()) << checked[n].name;
    const float step = 1e-2f;
    for (int64_t i = 0; i < checked[n].value.size(); ++i) {
      float& x = checked[n].value.f32()[i];
      const float original = x;
      x = original + step;
      const double above = loss();
      x = original - step;
      const double below = loss();
      x = original;
      const double expected = (above - below) / (2.0 * step);
      ASSERT_NEAR(grads[n].f32()[i], expected, tolerance * (1.0 + std::abs(expected)))
          << checked[n].name << " at " << i;
    }
  }
}

}  // namespace parvis::ops

#endif  // PARVIS_OPS_GRAD_CHECK_H_
