#include "parvis/ops/embedding.h"

#include <cstring>
#include <vector>

#include "parvis/ops/product.h"

namespace parvis::ops {
Tensor Embed(const Exec& exec, std::span<const int32_t> ids, Parameter& table) {
  const auto rows = static_cast<int64_t>(ids.size());
  const int64_t size = table.shape[1];
  Tensor y = Tensor::Empty({rows, size});
  const Tensor& value = table.value;
  exec.pool().For(rows, 8, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      PARVIS_CHECK(ids[r] >= 0 && ids[r] < table.shape[0]);
      exec.kernels().ToF32(SourceOf(value.dtype()), value.data() + ids[r] * value.row_bytes(), size,
                           y.f32() + r * size);
    }
  });
  if (exec.recording() && table.grad.defined()) {
    exec.tape().Record(
        [&exec, &table, y, ids = std::vector<int32_t>(ids.begin(), ids.end()), size] {
          const Tensor grad = exec.tape().TakeGrad(y);
          if (!grad.defined()) return;
          // By columns, so that two rows with the same id meet in one thread, in order.
          exec.pool().For(size, kernels::kLanes, [&](int64_t begin, int64_t end) {
            for (size_t r = 0; r < ids.size(); ++r) {
              exec.kernels().AddTo(grad.f32() + static_cast<int64_t>(r) * size + begin, 1.0f,
                                   end - begin, table.grad.f32() + ids[r] * size + begin);
            }
          });
        });
  }
  return y;
}

Tensor SelectRows(const Exec& exec, const Tensor& x, std::span<const int64_t> rows) {
  Tensor y = Tensor::Empty({static_cast<int64_t>(rows.size()), x.dim(1)});
  for (size_t i = 0; i < rows.size(); ++i) {
    PARVIS_CHECK(rows[i] >= 0 && rows[i] < x.dim(0));
    std::memcpy(y.data() + i * x.row_bytes(),
                x.data() + static_cast<size_t>(rows[i]) * x.row_bytes(), x.row_bytes());
  }
  if (exec.recording()) {
    exec.tape().Record([&exec, x, y, rows = std::vector<int64_t>(rows.begin(), rows.end())] {
      const Tensor grad = exec.tape().TakeGrad(y);
      if (!grad.defined()) return;
      const Tensor grad_x = Tensor::Zeros(x.shape());
      const int64_t size = x.dim(1);
      for (size_t i = 0; i < rows.size(); ++i) {
        exec.kernels().AddTo(grad.f32() + static_cast<int64_t>(i) * size, 1.0f, size,
                             grad_x.f32() + rows[i] * size);
      }
      exec.tape().AddGrad(x, grad_x);
    });
  }
  return y;
}

}  // namespace parvis::ops
