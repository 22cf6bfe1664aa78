#ifndef PARVIS_KERNELS_BLOCK_MATMUL_INL_H_
#define PARVIS_KERNELS_BLOCK_MATMUL_INL_H_

#include <cstddef>
#include <cstdint>

#include "parvis/kernels/block_dot.h"
#include "parvis/kernels/inlining.h"
#include "parvis/kernels/kernels.h"
#include "parvis/kernels/layout.h"
#include "parvis/kernels/tile-inl.h"

// Products with quantised panels, as kernels of matmul-inl.h's loops: exact integer sums of a group
// of 32 (q6_K: 16) weights, then one or two fused operations with the scales, in the order of k.
namespace parvis::kernels {

// What R rows bring to a group.
template <int R>
struct RowGroup {
  const int8_t* a[R];
  const RowScales* with[R];
};

// sums += d * (code - 8) · a
template <class V>
struct Q4_0Panel {
  static constexpr size_t kGroupBytes = kQ4BlockBytes / 2;
  static constexpr Packing kPacking = Packing::kQ4_0;

  static size_t Offset(size_t begin) { return begin / (2 * kQ8Group) * kQ4BlockBytes; }

  template <int R, int T>
  static PARVIS_INLINE void AddGroup(const unsigned char* const (&tile)[T], size_t g,
                                     const RowGroup<R>& rows, V (&sums)[R][T]) {
    using Dot = BlockDot<V>;
    const uint8_t* weights[T];
    typename Dot::Int integers[R][T];
#pragma GCC unroll 8
    for (int t = 0; t < T; ++t) weights[t] = tile[t] + g / 2 * kQ4BlockBytes + g % 2 * kNibbleBytes;
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
      for (int t = 0; t < T; ++t) integers[r][t] = Dot::Set(rows.with[r]->start8);
    }
    Dot::template AddNibbles<R, T>(weights, rows.a, integers);
#pragma GCC unroll 8
    for (int t = 0; t < T; ++t) {
      const V scale = V::LoadF16(reinterpret_cast<const uint16_t*>(
          tile[t] + g / 2 * kQ4BlockBytes + 2 * kNibbleBytes + g % 2 * kLanes * sizeof(uint16_t)));
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) {
        const V both = V::Mul(scale, V::Set(rows.with[r]->scale));
        sums[r][t] = V::Fma(Dot::ToFloat(integers[r][t]), both, sums[r][t]);
      }
    }
  }
};

// sums += scale * code · a - minimum * (sum of a), integers and scales already known.
template <class V, int R, int T>
PARVIS_INLINE void AddScaled(const typename BlockDot<V>::Int (&integers)[R][T], int t, V scale,
                             V minimum, const RowGroup<R>& rows, V (&sums)[R][T]) {
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
    const V both = V::Mul(scale, V::Set(rows.with[r]->scale));
    const V sum = V::Fma(BlockDot<V>::ToFloat(integers[r][t]), both, sums[r][t]);
    sums[r][t] = V::Fma(minimum, V::Set(rows.with[r]->minus_sum), sum);
  }
}

// sums += (d * scale) * code · a - (m * minimum) * (sum of a)
template <class V>
struct Q4KPanel {
  static constexpr size_t kGroupBytes = kQ4KBlockBytes / kSuperGroups;
  static constexpr Packing kPacking = Packing::kQ4K;

  static size_t Offset(size_t begin) { return begin / kSuperBlock * kQ4KBlockBytes; }

  template <int R, int T>
  static PARVIS_INLINE void AddGroup(const unsigned char* const (&tile)[T], size_t g,
                                     const RowGroup<R>& rows, V (&sums)[R][T]) {
    using Dot = BlockDot<V>;
    const size_t block = g / kSuperGroups * kQ4KBlockBytes, j = g % kSuperGroups;
    const uint8_t* weights[T];
    typename Dot::Int integers[R][T];
#pragma GCC unroll 8
    for (int t = 0; t < T; ++t) {
      weights[t] = tile[t] + block + kQ4KCodes + j * kNibbleBytes;
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) integers[r][t] = Dot::Set(0);
    }
    Dot::template AddNibbles<R, T>(weights, rows.a, integers);
#pragma GCC unroll 8
    for (int t = 0; t < T; ++t) {
      const unsigned char* at = tile[t] + block;
      const auto* units = reinterpret_cast<const uint16_t*>(at + kQ4KUnits);
      const auto* scales = reinterpret_cast<const int8_t*>(at + kQ4KScales + j * kLanes);
      const auto* minima = reinterpret_cast<const int8_t*>(at + kQ4KMinima + j * kLanes);
      const V scale = V::Mul(V::LoadF16(units), V::LoadInt8(scales));
      const V minimum = V::Mul(V::LoadF16(units + kLanes), V::LoadInt8(minima));
      AddScaled<V, R, T>(integers, t, scale, minimum, rows, sums);
    }
  }
};

// sums += (d * scale) * (code - 32) · a, for each 16.
template <class V>
struct Q6KPanel {
  static constexpr size_t kGroupBytes = kQ6KBlockBytes / kSuperGroups;
  static constexpr Packing kPacking = Packing::kQ6K;

  static size_t Offset(size_t begin) { return begin / kSuperBlock * kQ6KBlockBytes; }

  template <int R, int T>
  static PARVIS_INLINE void AddGroup(const unsigned char* const (&tile)[T], size_t g,
                                     const RowGroup<R>& rows, V (&sums)[R][T]) {
    using Dot = BlockDot<V>;
    const size_t block = g / kSuperGroups * kQ6KBlockBytes, j = g % kSuperGroups;
#pragma GCC unroll 2
    for (size_t h = 0; h < 2; ++h) {
      const uint8_t* weights[T];
      const int8_t* a[R];
      typename Dot::Int integers[R][T];
#pragma GCC unroll 8
      for (int t = 0; t < T; ++t) {
        weights[t] = tile[t] + block + kQ6KCodes + (2 * j + h) * kQ6KGroupBytes / 2;
      }
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) {
        a[r] = rows.a[r] + 16 * h;
#pragma GCC unroll 8
        for (int t = 0; t < T; ++t) integers[r][t] = Dot::Set(rows.with[r]->start32[h]);
      }
      Dot::template AddSixBits<R, T>(weights, a, integers);
#pragma GCC unroll 8
      for (int t = 0; t < T; ++t) {
        const unsigned char* at = tile[t] + block;
        const V scale = V::Mul(
            V::LoadF16(reinterpret_cast<const uint16_t*>(at + kQ6KUnits)),
            V::LoadInt8(reinterpret_cast<const int8_t*>(at + kQ6KScales + (2 * j + h) * kLanes)));
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
          const V both = V::Mul(scale, V::Set(rows.with[r]->scale));
          sums[r][t] = V::Fma(Dot::ToFloat(integers[r][t]), both, sums[r][t]);
        }
      }
    }
  }
};

// sums += scale * code · a - minimum * (sum of a)
template <class V>
struct Q5WidePanel {
  static constexpr size_t kGroupBytes = kQ5WideGroupBytes;
  static constexpr Packing kPacking = Packing::kQ5Wide;

  static size_t Offset(size_t begin) { return begin / kQ8Group * kQ5WideGroupBytes; }

  template <int R, int T>
  static PARVIS_INLINE void AddGroup(const unsigned char* const (&tile)[T], size_t g,
                                     const RowGroup<R>& rows, V (&sums)[R][T]) {
    using Dot = BlockDot<V>;
    const uint8_t* weights[T];
    typename Dot::Int integers[R][T];
#pragma GCC unroll 8
    for (int t = 0; t < T; ++t) {
      weights[t] = tile[t] + g * kQ5WideGroupBytes;
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) integers[r][t] = Dot::Set(0);
    }
    Dot::template AddBytes<R, T>(weights, rows.a, integers);
#pragma GCC unroll 8
    for (int t = 0; t < T; ++t) {
      const auto* scales = reinterpret_cast<const float*>(weights[t] + kQ8GroupBytes);
      AddScaled<V, R, T>(integers, t, V::Load(scales), V::Load(scales + kLanes), rows, sums);
    }
  }
};

// What matmul-inl.h's loops ask of a kernel, for each of the above.
template <class V, class Panel>
struct BlockKernel {
  static constexpr int kRows = BlockDot<V>::kRows;
  static constexpr size_t kSteps = (V::kTiles > 1 ? 2 : 4) * kSuperBlock;
  static constexpr size_t kStepK = kQ8Group, kStepBytes = Panel::kGroupBytes;
  const unsigned char* rows;
  size_t row_stride;  // in bytes
  const unsigned char* panels;
  size_t k;

  size_t TileBytes() const { return BlockTileBytes(Panel::kPacking, k); }
  const char* Part(size_t tile, size_t begin) const {
    return reinterpret_cast<const char*>(panels) + tile * TileBytes() + Panel::Offset(begin);
  }

  template <int R, int T>
  PARVIS_INLINE void Add(size_t row, size_t tile, size_t begin, size_t end, V (&sums)[R][T],
                         Ahead ahead) const {
    RowGroup<R> group;
    const unsigned char* tiles[T];
    const size_t tile_bytes = TileBytes();
#pragma GCC unroll 8
    for (int t = 0; t < T; ++t) tiles[t] = panels + (tile + t) * tile_bytes;
    for (size_t g = begin / kQ8Group; g < end / kQ8Group; ++g) {
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) {
        const unsigned char* first = rows + (row + r) * row_stride;
        group.a[r] = reinterpret_cast<const int8_t*>(first) + g * kQ8Group;
        group.with[r] = reinterpret_cast<const RowScales*>(first + k) + g;
      }
      FetchLines<T>(ahead);
      Panel::template AddGroup<R, T>(tiles, g, group, sums);
    }
  }
};

// f16 weights widened as they are read: exactly what the f32 kernel computes of them.
template <class V>
struct F16Kernel {
  static constexpr int kRows = V::kTileRows;
  static constexpr size_t kSteps = 512;
  static constexpr size_t kStepK = 2, kStepBytes = 64;
  const float* rows;
  size_t row_stride;  // in floats
  const uint16_t* panels;
  size_t k;

  size_t TileBytes() const { return k * kLanes * sizeof(uint16_t); }
  const char* Part(size_t tile, size_t begin) const {
    return reinterpret_cast<const char*>(panels + (tile * k + begin) * kLanes);
  }

  template <int R, int T>
  PARVIS_INLINE void Add(size_t row, size_t tile, size_t begin, size_t end, V (&sums)[R][T],
                         Ahead ahead) const {
    const float* x[R];
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) x[r] = rows + (row + r) * row_stride;
    for (size_t i = begin; i < end; ++i) {
      V w[T];
#pragma GCC unroll 8
      for (int t = 0; t < T; ++t) w[t] = V::LoadF16(panels + ((tile + t) * k + i) * kLanes);
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) {
        const V broadcast = V::Set(x[r][i]);
#pragma GCC unroll 8
        for (int t = 0; t < T; ++t) sums[r][t] = V::Fma(broadcast, w[t], sums[r][t]);
      }
      if (i % 2 == 0) Fetch<T>(ahead);
    }
  }
};

}  // namespace parvis::kernels

#endif  // PARVIS_KERNELS_BLOCK_MATMUL_INL_H_
