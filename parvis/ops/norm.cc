#include "parvis/ops/norm.h"

namespace parvis::ops {
namespace {

constexpr int64_t kRowGrain = 4;

// What both norms' backward passes share: the gains' gradients, by columns.
void WeightGrad(const Exec& exec, const Tensor& x, const float* mean, const Tensor& inverse,
                const Tensor& grad_y, Parameter& weight, Parameter* bias) {
  if (!weight.grad.defined()) return;
  exec.pool().For(x.dim(1), kernels::kLanes, [&](int64_t begin, int64_t end) {
    exec.kernels().NormWeightGrad(x.f32(), mean, inverse.f32(), grad_y.f32(), x.dim(0), x.dim(1),
                                  begin, end, weight.grad.f32(),
                                  bias != nullptr ? bias->grad.f32() : nullptr);
  });
}

}  // namespace

Tensor RmsNorm(const Exec& exec, const Tensor& x, Parameter& weight, float epsilon) {
  const int64_t rows = x.dim(0), size = x.dim(1);
  Tensor y = Tensor::Empty(x.shape());
  const Tensor inverse = exec.recording() ? Tensor::Empty({rows}) : Tensor();
  exec.pool().For(rows, kRowGrain, [&](int64_t begin, int64_t end) {
    exec.kernels().RmsNorm(x.f32() + begin * size, weight.value.f32(), epsilon, end - begin, size,
                           y.f32() + begin * size,
                           inverse.defined() ? inverse.f32() + begin : nullptr);
  });
  if (exec.recording()) {
    exec.tape().Record([&exec, &weight, x, y, inverse, rows, size] {
      const Tensor grad_y = exec.tape().TakeGrad(y);
      if (!grad_y.defined()) return;
      const Tensor grad_x = Tensor::Empty(x.shape());
      exec.pool().For(rows, kRowGrain, [&](int64_t begin, int64_t end) {
        const int64_t at = begin * size;
        exec.kernels().RmsNormBackward(x.f32() + at, weight.value.f32(), inverse.f32() + begin,
                                       grad_y.f32() + at, end - begin, size, grad_x.f32() + at);
      });
      WeightGrad(exec, x, nullptr, inverse, grad_y, weight, nullptr);
      exec.tape().AddGrad(x, grad_x);
    });
  }
  return y;
}

Tensor LayerNorm(const Exec& exec, const Tensor& x, Parameter& weight, Parameter* bias,
                 float epsilon) {
  const int64_t rows = x.dim(0), size = x.dim(1);
  Tensor y = Tensor::Empty(x.shape());
  const Tensor mean = exec.recording() ? Tensor::Empty({rows}) : Tensor();
  const Tensor inverse = exec.recording() ? Tensor::Empty({rows}) : Tensor();
  exec.pool().For(rows, kRowGrain, [&](int64_t begin, int64_t end) {
    exec.kernels().LayerNorm(x.f32() + begin * size, weight.value.f32(),
                             bias != nullptr ? bias->value.f32() : nullptr, epsilon, end - begin,
                             size, y.f32() + begin * size,
                             mean.defined() ? mean.f32() + begin : nullptr,
                             inverse.defined() ? inverse.f32() + begin : nullptr);
  });
  if (exec.recording()) {
    exec.tape().Record([&exec, &weight, bias, x, y, mean, inverse, rows, size] {
      const Tensor grad_y = exec.tape().TakeGrad(y);
      if (!grad_y.defined()) return;
      const Tensor grad_x = Tensor::Empty(x.shape());
      exec.pool().For(rows, kRowGrain, [&](int64_t begin, int64_t end) {
        const int64_t at = begin * size;
        exec.kernels().LayerNormBackward(x.f32() + at, weight.value.f32(), mean.f32() + begin,
                                         inverse.f32() + begin, grad_y.f32() + at, end - begin,
                                         size, grad_x.f32() + at);
      });
      WeightGrad(exec, x, mean.f32(), inverse, grad_y, weight, bias);
      exec.tape().AddGrad(x, grad_x);
    });
  }
  return y;
}

}  // namespace parvis::ops
