#ifndef PARVIS_KERNELS_MATMUL_INL_H_
#define PARVIS_KERNELS_MATMUL_INL_H_

#include <cstddef>
#include <cstdint>

#include "parvis/kernels/block_matmul-inl.h"
#include "parvis/kernels/inlining.h"
#include "parvis/kernels/kernels.h"
#include "parvis/kernels/layout.h"
#include "parvis/kernels/pack-inl.h"
#include "parvis/kernels/tile-inl.h"

// Matrix products over packed panels. Loops, from outside: blocks of rows that fit the second-level
// cache, panel tiles (each is read once for a block of rows), parts of k whose panel fits the
// first-level cache, tiles of rows. Between parts of k sums are stored and loaded again as f32,
// which changes no bit, so all of this blocking is free to differ between targets and calls.
namespace parvis::kernels {

constexpr size_t kRowBlockBytes = 192 * 1024;  // of rows, per block
constexpr size_t kMaxBlockRows = 96;           // bounds the sums on the stack
constexpr size_t kPartSteps = 256;             // k of a part: 16 KiB of an f32 tile

// Where one pass over the panels is all there is to do, reading them takes the time. The processor
// fetches ahead by itself, but not far enough: with the lines that far ahead asked for, one core
// of a Zen 5 reads q4_0 at 91 % of its read rate instead of 77 % (less with 4 KiB, and with 12).
constexpr size_t kStreamAhead = 6 * 1024;

// y = sums (+ bias) (+ y) for one row of one tile.
template <class V>
inline void Finish(const MatMulArgs& args, size_t row, size_t tile, V sum) {
  const size_t first = tile * kLanes;
  float* y = args.y + row * args.ldy + first;
  const size_t lanes = args.n - first;
  if (lanes >= kLanes) {
    if (args.bias) sum = V::Add(sum, V::Load(args.bias + first));
    if (args.accumulate) sum = V::Add(V::Load(y), sum);
    sum.Store(y);
  } else {
    if (args.bias) sum = V::Add(sum, V::LoadPartial(args.bias + first, lanes));
    if (args.accumulate) sum = V::Add(V::LoadPartial(y, lanes), sum);
    sum.StorePartial(y, lanes);
  }
}

// Sums of a block of rows and a few tiles between parts of k.
template <class V>
struct PartialSums {
  alignas(64) float value[V::kTiles][kMaxBlockRows][kLanes];
};

// R rows by T tiles over one part of k.
//   Kernel::Add<R, T>(row, tile, first k, last k, sums, ahead) continues the sums.
template <class V, class Kernel, int R, int T>
inline void PartTile(const Kernel& kernel, const MatMulArgs& args, size_t block_row, size_t row,
                     size_t tile, size_t begin, size_t end, const Ahead& ahead,
                     PartialSums<V>& partial) {
  V sums[R][T];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
    for (int t = 0; t < T; ++t) {
      sums[r][t] = begin == 0 ? V::Zero() : V::Load(partial.value[t][row - block_row + r]);
    }
  }
  const bool last = end == args.k;
  if (last && args.accumulate) {  // what the sums are added to is here when they are done
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
      for (int t = 0; t < T; ++t) {
        __builtin_prefetch(args.y + (row + r) * args.ldy + (tile + t) * kLanes, 1);
      }
    }
  }
  kernel.template Add<R, T>(row, tile, begin, end, sums, ahead);
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
    for (int t = 0; t < T; ++t) {
      if (last) {
        Finish<V>(args, row + r, tile + t, sums[r][t]);
      } else {
        sums[r][t].Store(partial.value[t][row - block_row + r]);
      }
    }
  }
}

template <class V, class Kernel, int T>
void TilesOfBlock(const Kernel& kernel, const MatMulArgs& args, size_t row_begin, size_t row_end,
                  size_t tile) {
  PartialSums<V> partial;
  for (size_t k = 0; k < args.k || k == 0; k += Kernel::kSteps) {
    const size_t end = args.k - k < Kernel::kSteps ? args.k : k + Kernel::kSteps;
    // While this part is multiplied the next one is fetched, its lines spread over the row tiles.
    const size_t row_tiles = (row_end - row_begin + Kernel::kRows - 1) / Kernel::kRows;
    const size_t step = (Kernel::kStepBytes + row_tiles - 1) / row_tiles;
    const size_t steps = (end - k + Kernel::kStepK - 1) / Kernel::kStepK;
    Ahead ahead = {kernel.Part(end < args.k ? tile : tile + T, end < args.k ? end : 0),
                   kernel.TileBytes(), step};
    if (T == 1 && row_tiles == 1) ahead.data = kernel.Part(tile, k) + kStreamAhead;
    ForRowTiles<Kernel::kRows>(row_end - row_begin, [&]<int R>(size_t r) {
      PartTile<V, Kernel, R, T>(kernel, args, row_begin, row_begin + r, tile, k, end, ahead,
                                partial);
      ahead.data += steps * step;
    });
  }
}

template <class V, class Kernel>
void MultiplyBlocks(const Kernel& kernel, const MatMulArgs& args) {
  size_t block = kRowBlockBytes / (args.row_stride ? args.row_stride : 1);
  block = block / Kernel::kRows * Kernel::kRows;
  if (block < 4 * Kernel::kRows) block = 4 * Kernel::kRows;
  if (block > kMaxBlockRows) block = kMaxBlockRows / Kernel::kRows * Kernel::kRows;
  // Blocks of about one size: each reads all panels, so a small last one would cost as much.
  const size_t rows = args.row_end - args.row_begin, blocks = (rows + block - 1) / block;
  if (blocks > 1)
    block = ((rows + blocks - 1) / blocks + Kernel::kRows - 1) / Kernel::kRows * Kernel::kRows;
  for (size_t row = args.row_begin; row < args.row_end; row += block) {
    const size_t row_end = args.row_end - row < block ? args.row_end : row + block;
    size_t tile = args.tile_begin;
    // So few rows wait for memory, which is faster read as one stream than as one for each tile.
    if (row_end - row > Kernel::kRows) {
      for (; tile + V::kTiles <= args.tile_end; tile += V::kTiles) {
        TilesOfBlock<V, Kernel, V::kTiles>(kernel, args, row, row_end, tile);
      }
    }
    for (; tile < args.tile_end; ++tile) {
      TilesOfBlock<V, Kernel, 1>(kernel, args, row, row_end, tile);
    }
  }
}

template <class V>
struct F32Kernel {
  static constexpr int kRows = V::kTileRows;
  static constexpr size_t kSteps = kPartSteps;
  static constexpr size_t kStepK = 1, kStepBytes = 64;  // a step of the innermost loop
  const float* rows;
  size_t row_stride;  // in floats
  const float* panels;
  size_t k;

  size_t TileBytes() const { return k * kLanes * sizeof(float); }
  const char* Part(size_t tile, size_t begin) const {
    return reinterpret_cast<const char*>(panels + (tile * k + begin) * kLanes);
  }

  template <int R, int T>
  PARVIS_INLINE void Add(size_t row, size_t tile, size_t begin, size_t end, V (&sums)[R][T],
                         const Ahead& ahead) const {
    AddProducts<V, R, T, true>({rows + row * row_stride + begin, row_stride, 1},
                               {panels + (tile * k + begin) * kLanes, kLanes, k * kLanes},
                               end - begin, sums, ahead);
  }
};

// `count` pairs of bf16 products of the processor, in order.
template <class V, int R, int T>
PARVIS_INLINE void AddPairs(const unsigned char* rows, size_t row_stride, const uint32_t* lanes,
                            size_t tile_stride, size_t count, V (&sums)[R][T], Ahead ahead) {
  const unsigned char* row[R];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) row[r] = rows + static_cast<size_t>(r) * row_stride;
  for (size_t i = 0; i < count; ++i, lanes += kLanes) {
    typename V::Pairs w[T];
#pragma GCC unroll 8
    for (int t = 0; t < T; ++t) w[t] = V::LoadPairs(lanes + static_cast<size_t>(t) * tile_stride);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      const typename V::Pairs x = V::SetPair(row[r] + 4 * i);
#pragma GCC unroll 8
      for (int t = 0; t < T; ++t) sums[r][t] = V::DotPairs(x, w[t], sums[r][t]);
    }
    Fetch<T>(ahead);
  }
}

// The same in f32: all first numbers of a pair, then all second ones, so that the sums of a full
// tile and one number of each pair fit the registers.
template <class V, int R>
PARVIS_INLINE void AddWidePairs(const float* rows, size_t row_stride, const uint32_t* lanes,
                                size_t count, V (&sums)[R][1], Ahead ahead) {
  const float* row[R];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) row[r] = rows + static_cast<size_t>(r) * row_stride;
  for (size_t i = 0; i < count; ++i, lanes += kLanes) {
    const V first = V::PairFirst(lanes);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) sums[r][0] = V::Fma(V::Set(row[r][2 * i]), first, sums[r][0]);
    const V second = V::PairSecond(lanes);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) sums[r][0] = V::Fma(V::Set(row[r][2 * i + 1]), second, sums[r][0]);
    Fetch<1>(ahead);
  }
}

// Pairs of bf16. Without bf16 products of the processor: as f32, in the order of k, exactly what
// the f32 kernel computes of the rounded numbers. With them (AVX-512): as vdpbf16ps defines it,
// which treats denormals as 0 and may round between the two products of a pair.
template <class V>
struct Bf16Kernel {
  static constexpr int kRows = V::kBf16Rows;
  static constexpr size_t kSteps = 2 * kPartSteps;
  static constexpr size_t kStepK = 2, kStepBytes = 64;
  const unsigned char* rows;
  size_t row_stride;  // in bytes
  const uint32_t* panels;
  size_t pairs;  // of all k

  size_t TileBytes() const { return pairs * kLanes * sizeof(uint32_t); }
  const char* Part(size_t tile, size_t begin) const {
    return reinterpret_cast<const char*>(panels + (tile * pairs + begin / 2) * kLanes);
  }

  template <int R, int T>
  PARVIS_INLINE void Add(size_t row, size_t tile, size_t begin, size_t end, V (&sums)[R][T],
                         const Ahead& ahead) const {
    const uint32_t* lanes = panels + (tile * pairs + begin / 2) * kLanes;
    const unsigned char* first = rows + row * row_stride;
    const size_t count = (end + 1) / 2 - begin / 2;
    if constexpr (V::kBf16Dot) {
      AddPairs<V, R, T>(first + begin * 2, row_stride, lanes, pairs * kLanes, count, sums, ahead);
    } else {
      static_assert(T == 1);
      AddWidePairs<V, R>(reinterpret_cast<const float*>(first) + begin, row_stride / sizeof(float),
                         lanes, count, sums, ahead);
    }
  }
};

// Exact integer sums of each group of 32, then one fused operation with the product of both scales.
template <class V>
struct Q8Kernel {
  static constexpr int kRows = V::kQ8Rows;
  static constexpr size_t kSteps = (V::kTiles > 1 ? 2 : 4) * kPartSteps;
  static constexpr size_t kStepK = kQ8Group, kStepBytes = kQ8BlockBytes / 2;
  const unsigned char* rows;
  size_t row_stride;  // in bytes
  void* panels;
  size_t k;

  size_t TileBytes() const { return (k / kQ8Group + 1) / 2 * kQ8BlockBytes; }
  const char* Part(size_t tile, size_t begin) const {
    return static_cast<const char*>(panels) + tile * TileBytes() +
           begin / kQ8Group / 2 * kQ8BlockBytes;
  }

  template <int R, int T>
  PARVIS_INLINE void Add(size_t row, size_t tile, size_t begin, size_t end, V (&sums)[R][T],
                         Ahead ahead) const {
    const size_t groups = k / kQ8Group;
    const int8_t* row_data[R];  // int8, then scales, then starts
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      row_data[r] = reinterpret_cast<const int8_t*>(rows + (row + r) * row_stride);
    }
    for (size_t g = begin / kQ8Group; g < end / kQ8Group; ++g) {
      FetchLines<T>(ahead);
      const int8_t *weights[T], *a[R];
      int32_t start[R];
#pragma GCC unroll 8
      for (int t = 0; t < T; ++t) weights[t] = Q8TileAt<V>(panels, tile + t, k).weights(g);
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) {
        a[r] = row_data[r] + g * kQ8Group;
        start[r] = reinterpret_cast<const int32_t*>(row_data[r] + k)[groups + g];
      }
      V integers[R][T], weight_scales[T];
      V::template DotGroup<R, T>(weights, a, start, integers);
      // The scales lie behind the weights: read in this order memory is one stream.
#pragma GCC unroll 8
      for (int t = 0; t < T; ++t) {
        weight_scales[t] = V::LoadF16(Q8TileAt<V>(panels, tile + t, k).scales(g));
      }
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) {
        const V row_scale = V::Set(reinterpret_cast<const float*>(row_data[r] + k)[g]);
#pragma GCC unroll 8
        for (int t = 0; t < T; ++t) {
          sums[r][t] = V::Fma(integers[r][t], V::Mul(weight_scales[t], row_scale), sums[r][t]);
        }
      }
    }
  }
};

template <class V, class Panel>
void MultiplyBlockPanels(const MatMulArgs& args) {
  MultiplyBlocks<V>(
      BlockKernel<V, Panel>{static_cast<const unsigned char*>(args.rows), args.row_stride,
                            static_cast<const unsigned char*>(args.panels), args.k},
      args);
}

template <class V>
void MatMul(const MatMulArgs& args) {
  const unsigned char* rows = static_cast<const unsigned char*>(args.rows);
  switch (args.packing) {
    case Packing::kF32:
      MultiplyBlocks<V>(
          F32Kernel<V>{static_cast<const float*>(args.rows), args.row_stride / sizeof(float),
                       static_cast<const float*>(args.panels), args.k},
          args);
      return;
    case Packing::kBf16:
      MultiplyBlocks<V>(Bf16Kernel<V>{rows, args.row_stride,
                                      static_cast<const uint32_t*>(args.panels), (args.k + 1) / 2},
                        args);
      return;
    case Packing::kQ8_0:
      MultiplyBlocks<V>(Q8Kernel<V>{rows, args.row_stride, const_cast<void*>(args.panels), args.k},
                        args);
      return;
    case Packing::kF16:
      MultiplyBlocks<V>(
          F16Kernel<V>{static_cast<const float*>(args.rows), args.row_stride / sizeof(float),
                       static_cast<const uint16_t*>(args.panels), args.k},
          args);
      return;
    case Packing::kQ4_0:
      MultiplyBlockPanels<V, Q4_0Panel<V>>(args);
      return;
    case Packing::kQ4K:
      MultiplyBlockPanels<V, Q4KPanel<V>>(args);
      return;
    case Packing::kQ6K:
      MultiplyBlockPanels<V, Q6KPanel<V>>(args);
      return;
    case Packing::kQ5Wide:
      MultiplyBlockPanels<V, Q5WidePanel<V>>(args);
      return;
  }
}

}  // namespace parvis::kernels

#endif  // PARVIS_KERNELS_MATMUL_INL_H_
