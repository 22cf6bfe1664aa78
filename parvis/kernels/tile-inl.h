#ifndef PARVIS_KERNELS_TILE_INL_H_
#define PARVIS_KERNELS_TILE_INL_H_

#include <cstddef>

#include "parvis/kernels/inlining.h"

// The heart of all products: a tile of R rows by T vectors, whose sums stay in registers.
namespace parvis::kernels {

// One side of a product, row by row: element (row r, k) at data[r * row + k * step].
struct RowSide {
  const float* data;
  size_t row, step;
};

// The other side, 16 lanes at a time: element (k, lane i of vector t) at data[k * step + t * tile +
// i].
struct LaneSide {
  const float* data;
  size_t step, tile;
};

// What will be read next, to be fetched while a tile is computed: from `data` on, for each vector t
// `tile` bytes further, advancing `step` bytes with every step of k.
struct Ahead {
  const char* data = nullptr;
  size_t tile = 0, step = 0;
};

// Asks for a line of each vector: of a single stream into the first-level cache, where it will be
// wanted soon, else into the second. Asking beyond the end of what is mapped does no harm.
template <int T>
PARVIS_INLINE void FetchLine(const Ahead& ahead, size_t at) {
#pragma GCC unroll 8
  for (int t = 0; t < T; ++t) {
    __builtin_prefetch(ahead.data + t * ahead.tile + at, 0, T == 1 ? 3 : 2);
  }
}

// A step of a line at most, and a step of several.
template <int T>
PARVIS_INLINE void Fetch(Ahead& ahead) {
  FetchLine<T>(ahead, 0);
  ahead.data += ahead.step;
}
template <int T>
PARVIS_INLINE void FetchLines(Ahead& ahead) {
  constexpr size_t kLine = 64;
  for (size_t at = 0; at < ahead.step; at += kLine) FetchLine<T>(ahead, at);
  ahead.data += ahead.step;
}

// sums[r][t] += rows[r][k] * lanes[k][t], for each k in order: one chain of fused operations a
// lane.
template <class V, int R, int T, bool kFetch = false>
PARVIS_INLINE void AddProducts(const RowSide& rows, const LaneSide& lanes, size_t k,
                               V (&sums)[R][T], Ahead ahead = {}) {
  const float* row[R];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) row[r] = rows.data + static_cast<size_t>(r) * rows.row;
  const float* lane = lanes.data;
  size_t at = 0;
  for (size_t i = 0; i < k; ++i) {
    V w[T];
#pragma GCC unroll 8
    for (int t = 0; t < T; ++t) w[t] = V::Load(lane + static_cast<size_t>(t) * lanes.tile);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      const V x = V::Set(row[r][at]);
#pragma GCC unroll 8
      for (int t = 0; t < T; ++t) sums[r][t] = V::Fma(x, w[t], sums[r][t]);
    }
    if constexpr (kFetch) Fetch<T>(ahead);
    at += rows.step;
    lane += lanes.step;
  }
}

// Calls f.template operator()<R>(first row) over `count` rows in tiles of at most Max rows.
template <int Max, class F>
PARVIS_INLINE void ForRowTiles(size_t count, const F& f) {
  size_t r = 0;
  for (; r + Max <= count; r += Max) f.template operator()<Max>(r);
  const size_t rest = count - r;
  if constexpr (Max > 1) {
    if (rest > 0) {
      const auto pick = [&]<int R>(const auto& self) {
        if constexpr (R > 0) {
          if (rest == R) {
            f.template operator()<R>(r);
          } else {
            self.template operator()<R - 1>(self);
          }
        }
      };
      pick.template operator()<Max - 1>(pick);
    }
  }
}

}  // namespace parvis::kernels

#endif  // PARVIS_KERNELS_TILE_INL_H_
