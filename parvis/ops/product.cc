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

// Pieces large enough that panels are read as streams, small enough that a slow core does not hold
// up the others.
constexpr size_t kPiecesOfMember = 8;

// Rows are dealt out so many at a time at least, for which panels are read once.
constexpr size_t kRowsOfPiece = 64, kRowGroup = 8;

// Panels that all members may read over and over: they stay in a cache that cores share.
constexpr size_t kSharedPanelBytes = size_t{8} << 20;

size_t RoundUp(size_t x, size_t step) { return (x + step - 1) / step * step; }

size_t TilesOf(size_t n) { return (n + kLanes - 1) / kLanes; }

// Whether each member gets rows of its own, which it then reads once, and all panels; else panels
// of its own, and all rows.
bool SplitsRows(std::span<const MatMulArgs> products, size_t rows, size_t tiles, size_t pieces) {
  if (rows > tiles * kLanes) return true;
  size_t bytes = 0;
  for (const MatMulArgs& args : products) {
    bytes += kernels::PanelBytes(args.packing, args.n, args.k);
  }
  return rows >= pieces * kRowsOfPiece && bytes <= kSharedPanelBytes;
}

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
                          size_t k_stride, size_t rows, size_t k,
                          const std::function<void(int64_t, int64_t)>& make) {
  RowOperand packed;
  if (kernels::RowsOf(packing) == Packing::kF32 && k_stride == 1) {
    if (make) exec.pool().For(static_cast<int64_t>(rows), 1, make);
    packed.data = src;
    packed.stride = row_stride * sizeof(float);
    return packed;
  }
  packed.stride = kernels::RowBytes(packing, k);
  packed.buffer = Tensor::Empty({static_cast<int64_t>(packed.stride * rows)}, DType::kU8);
  packed.data = packed.buffer.data();
  exec.pool().For(static_cast<int64_t>(rows), 16, [&](int64_t begin, int64_t end) {
    const int64_t together = make ? 1 : end - begin;
    for (int64_t row = begin; row < end; row += together) {
      if (make) make(row, row + together);
      exec.kernels().PackRows(packing, src, row_stride, k_stride, k, static_cast<size_t>(row),
                              static_cast<size_t>(row + together), packed.buffer.data());
    }
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
  if (products.empty()) return;
  std::vector<size_t> first{0};  // number of the first tile of each product
  for (const MatMulArgs& args : products) first.push_back(first.back() + TilesOf(args.n));
  const size_t pieces = static_cast<size_t>(exec.pool().size()) * kPiecesOfMember;
  const size_t begin_row = products[0].row_begin, rows = products[0].row_end - begin_row;

  if (SplitsRows(products, rows, first.back(), pieces)) {
    const size_t grain = RoundUp((rows + pieces - 1) / pieces, kRowGroup);
    exec.pool().Dynamic(static_cast<int64_t>(rows), static_cast<int64_t>(grain),
                        [&](int64_t begin, int64_t end) {
                          for (MatMulArgs part : products) {
                            part.row_begin = begin_row + static_cast<size_t>(begin);
                            part.row_end = begin_row + static_cast<size_t>(end);
                            part.tile_begin = 0;
                            part.tile_end = TilesOf(part.n);
                            exec.kernels().MatMul(part);
                          }
                        });
    return;
  }

  // Else whole groups of tiles that are multiplied together.
  const size_t group = rows > kFewRows ? exec.kernels().tiles_together : 1;
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
