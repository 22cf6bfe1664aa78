#include "parvis/ops/rope.h"

namespace parvis::ops {
namespace {

void Rotate(const Exec& exec, const Tensor& x, int64_t head_dim, const Rotation& rotation,
            bool inverse) {
  const int64_t half = rotation.cosine.dim(1);
  exec.pool().For(x.dim(0), 4, [&](int64_t begin, int64_t end) {
    exec.kernels().Rope(x.f32() + begin * x.dim(1), end - begin, x.dim(1), x.dim(1) / head_dim,
                        head_dim, 2 * half, rotation.cosine.f32() + begin * half,
                        rotation.sine.f32() + begin * half, inverse);
  });
}

}  // namespace

void Rope(const Exec& exec, const Tensor& x, int64_t head_dim, const Rotation& rotation) {
  Rotate(exec, x, head_dim, rotation, /*inverse=*/false);
  if (exec.recording()) {
    // A rotation's gradient is the rotation back; x keeps its address, hence its gradient too.
    exec.tape().Record([&exec, x, head_dim, rotation] {
      const Tensor grad = exec.tape().TakeGrad(x);
      if (!grad.defined()) return;
      const Tensor back = grad.Clone();  // grad may be another tensor's, too
      Rotate(exec, back, head_dim, rotation, /*inverse=*/true);
      exec.tape().AddGrad(x, back);
    });
  }
}

}  // namespace parvis::ops
