#include "parvis/ops/product.h"

#include <algorithm>
#include <vector>

namespace parvis::ops {
namespace {

using kernels::kLanes;
using kernels::MatMulArgs;

// So few rows every kernel multiplies tile by tile, as one stream (kernels/matmul-inl.h): groups
// would only make the pieces of narrow products uneven.
constexpr size_t kFewRows = 4;

size_t TilesOf(size_t n) { return (n + kLanes - 1) / kLanes; }

}  // namespace

kernels::Source SourceOf(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return kernels::Source::kF32;
    case DType::kF16:
      return kernels::Source::kF16;
    case DType::kBf16:
      return kernels::Source::kBf16;
    case DType::kQ8_0:
      return kernels::Source::kQ8_0;
    case DType::kQ4_0:
      return kernels::Source::kQ4_0;
    case DType::kQ4_1:
      return kernels::Source::kQ4_1;
    case DType::kQ5_0:
      return kernels::Source::kQ5_0;
    case DType::kQ5_1:
      return kernels::Source::kQ5_1;
    case DType::kQ4K:
      return kernels::Source::kQ4K;
    case DType::kQ5K:
      return kernels::Source::kQ5K;
    case DType::kQ6K:
      return kernels::Source::kQ6K;
    default:
      PARVIS_CHECK(false);
      return kernels::Source::kF32;
  }
}

RowOperand PackRowOperand(const Exec& exec, Packing packing, const float* src, size_t row_stride,
                          size_t k_stride, size_t rows, size_t k) {
  RowOperand packed;
  if (kernels::RowsOf(packing) == Packing::kF32 && k_stride == 1) {
    packed.data = src;
    packed.stride = row_stride * sizeof(float);
    return packed;
  }
  packed.stride = kernels::RowBytes(packing, k);
  packed.buffer = Tensor::Empty({static_cast<int64_t>(packed.stride * rows)}, DType::kU8);
  packed.data = packed.buffer.data();
  exec.pool().For(static_cast<int64_t>(rows), 16, [&](int64_t begin, int64_t end) {
    exec.kernels().PackRows(packing, src, row_stride, k_stride, k, static_cast<size_t>(begin),
                            static_cast<size_t>(end), packed.buffer.data());
  });
  return packed;
}

Tensor PackPanelOperand(const Exec& exec, Packing packing, const float* src, size_t lane_stride,
                        size_t k_stride, size_t n, size_t k) {
  Tensor panels =
      Tensor::Empty({static_cast<int64_t>(kernels::PanelBytes(packing, n, k))}, DType::kU8);
  exec.pool().For(static_cast<int64_t>(TilesOf(n)), 1, [&](int64_t begin, int64_t end) {
    exec.kernels().PackPanelsStrided(packing, src, lane_stride, k_stride, n, k,
                                     static_cast<size_t>(begin), static_cast<size_t>(end),
                                     panels.data());
  });
  return panels;
}

void RunProduct(const Exec& exec, const MatMulArgs& args) { RunProducts(exec, {&args, 1}); }

void RunProducts(const Exec& exec, std::span<const MatMulArgs> products) {
  std::vector<size_t> first{0};  // number of the first tile of each product
  for (const MatMulArgs& args : products) first.push_back(first.back() + TilesOf(args.n));

  // Pieces large enough that panels are read as streams, small enough that a slow core does not
  // hold up the others; whole groups of tiles that are multiplied together.
  const size_t pieces = static_cast<size_t>(exec.pool().size()) * 8;
  const bool many = !products.empty() && products[0].row_end - products[0].row_begin > kFewRows;
  const size_t group = many ? exec.kernels().tiles_together : 1;
  const size_t grain = (first.back() + pieces * group - 1) / (pieces * group) * group;
  exec.pool().Dynamic(static_cast<int64_t>(first.back()), static_cast<int64_t>(grain),
                      [&](int64_t begin, int64_t end) {
                        for (size_t i = 0; i < products.size(); ++i) {
                          const size_t from = std::max<size_t>(begin, first[i]);
                          const size_t to = std::min<size_t>(end, first[i + 1]);
                          if (from >= to) continue;
                          MatMulArgs part = products[i];
                          part.tile_begin = from - first[i];
                          part.tile_end = to - first[i];
                          exec.kernels().MatMul(part);
                        }
                      });
}

}  // namespace parvis::ops
