#ifndef PARVIS_OPS_PRODUCT_H_
#define PARVIS_OPS_PRODUCT_H_

#include <cstdint>
#include <functional>
#include <span>

#include "parvis/ops/exec.h"
#include "parvis/ops/parameter.h"

// Matrix products over all threads: what matmul.cc and loss.cc are made of. Operands are taken with
// any strides, so that a product, its transposes and its gradients are one code. For use in ops/.
namespace parvis::ops {

kernels::Source SourceOf(DType dtype);  // REQUIRES: a dtype that kernels read

// The row side of a product: packed, or (f32 with k_stride 1) just as it is in memory.
struct RowOperand {
  Tensor buffer;  // undefined where the original is used
  const void* data = nullptr;
  size_t stride = 0;  // bytes
};

// Element (row r, k) at src[r * row_stride + k * k_stride]. `make(begin, end)`, if given, computes
// rows of src; each is then packed while it is in the cache.
RowOperand PackRowOperand(const Exec& exec, Packing packing, const float* src, size_t row_stride,
                          size_t k_stride, size_t rows, size_t k,
                          const std::function<void(int64_t, int64_t)>& make = {});

// Panels of element (lane i, k) at src[i * lane_stride + k * k_stride].
Tensor PackPanelOperand(const Exec& exec, Packing packing, const float* src, size_t lane_stride,
                        size_t k_stride, size_t n, size_t k);

// One product over all threads, split by outputs and never along the summed dimension. `args` says
// all but the tiles.
void RunProduct(const Exec& exec, const kernels::MatMulArgs& args);

// Several products handed out as one region.
void RunProducts(const Exec& exec, std::span<const kernels::MatMulArgs> products);

}  // namespace parvis::ops

#endif  // PARVIS_OPS_PRODUCT_H_
