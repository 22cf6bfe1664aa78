#include "parvis/ops/activation.h"

namespace parvis::ops {
namespace {

constexpr int64_t kGrain = 4096;  // floats; a few microseconds of work

}  // namespace

Tensor Add(const Exec& exec, const Tensor& a, const Tensor& b) {
  PARVIS_DCHECK(a.shape() == b.shape());
  Tensor y = Tensor::Empty(a.shape());
  exec.pool().For(a.size(), kGrain, [&](int64_t begin, int64_t end) {
    exec.kernels().Add(a.f32() + begin, b.f32() + begin, end - begin, y.f32() + begin);
  });
  if (exec.recording()) {
    exec.tape().Record([&exec, a, b, y] {
      const Tensor grad = exec.tape().TakeGrad(y);
      if (!grad.defined()) return;
      exec.tape().AddGrad(a, grad);
      exec.tape().AddGrad(b, grad);
    });
  }
  return y;
}

Tensor Scale(const Exec& exec, const Tensor& x, float factor) {
  const auto scaled = [&exec, factor](const Tensor& from) {
    Tensor to = Tensor::Zeros(from.shape());
    exec.pool().For(from.size(), kGrain, [&](int64_t begin, int64_t end) {
      exec.kernels().AddTo(from.f32() + begin, factor, end - begin, to.f32() + begin);
    });
    return to;
  };
  Tensor y = scaled(x);
  if (exec.recording()) {
    exec.tape().Record([&exec, scaled, x, y] {
      const Tensor grad = exec.tape().TakeGrad(y);
      if (grad.defined()) exec.tape().AddGrad(x, scaled(grad));
    });
  }
  return y;
}

Tensor Activate(const Exec& exec, Activation activation, const Tensor& x) {
  Tensor y = Tensor::Empty(x.shape());
  exec.pool().For(x.size(), kGrain, [&](int64_t begin, int64_t end) {
    exec.kernels().Activate(activation, x.f32() + begin, end - begin, y.f32() + begin);
  });
  if (exec.recording()) {
    exec.tape().Record([&exec, activation, x, y] {
      const Tensor grad = exec.tape().TakeGrad(y);
      if (!grad.defined()) return;
      const Tensor grad_x = Tensor::Empty(x.shape());
      exec.pool().For(x.size(), kGrain, [&](int64_t begin, int64_t end) {
        exec.kernels().ActivateBackward(activation, x.f32() + begin, grad.f32() + begin,
                                        end - begin, grad_x.f32() + begin);
      });
      exec.tape().AddGrad(x, grad_x);
    });
  }
  return y;
}

Tensor Gated(const Exec& exec, Activation activation, const Tensor& gate, const Tensor& up) {
  PARVIS_DCHECK(gate.shape() == up.shape());
  Tensor y = Tensor::Empty(gate.shape());
  exec.pool().For(y.size(), kGrain, [&](int64_t begin, int64_t end) {
    exec.kernels().Gated(activation, gate.f32() + begin, up.f32() + begin, end - begin,
                         y.f32() + begin);
  });
  if (exec.recording()) {
    exec.tape().Record([&exec, activation, gate, up, y] {
      const Tensor grad = exec.tape().TakeGrad(y);
      if (!grad.defined()) return;
      const Tensor grad_gate = Tensor::Empty(y.shape());
      const Tensor grad_up = Tensor::Empty(y.shape());
      exec.pool().For(y.size(), kGrain, [&](int64_t begin, int64_t end) {
        exec.kernels().GatedBackward(activation, gate.f32() + begin, up.f32() + begin,
                                     grad.f32() + begin, end - begin, grad_gate.f32() + begin,
                                     grad_up.f32() + begin);
      });
      exec.tape().AddGrad(gate, grad_gate);
      exec.tape().AddGrad(up, grad_up);
    });
  }
  return y;
}

}  // namespace parvis::ops
