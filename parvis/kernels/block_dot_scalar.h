#ifndef PARVIS_KERNELS_BLOCK_DOT_SCALAR_H_
#define PARVIS_KERNELS_BLOCK_DOT_SCALAR_H_

#include <cstddef>
#include <cstdint>

#include "parvis/kernels/block_dot.h"
#include "parvis/kernels/simd_scalar.h"

namespace parvis::kernels {

template <>
struct BlockDot<ScalarVec> {
  static constexpr int kRows = 1;  // of a tile of the product

  struct Int {
    int32_t lane[16];
  };
  static Int Set(int32_t x) {
    Int v;
    for (int32_t& lane : v.lane) lane = x;
    return v;
  }
  static ScalarVec ToFloat(Int v) {
    return ScalarVec::Make([&](int i) { return static_cast<float>(v.lane[i]); });
  }

  static int32_t SumHalf(const int8_t* a) {  // of 16
    int32_t sum = 0;
    for (int i = 0; i < 16; ++i) sum += a[i];
    return sum;
  }

  // sums[r][t] += codes of group weights[t] times a[r][0..32). 256 bytes: byte (i, lane, b) at
  // 64 * i + 4 * lane + b holds k = 8 i + b in its low and k = 8 i + 4 + b in its high nibble.
  template <int R, int T>
  static void AddNibbles(const uint8_t* const (&weights)[T], const int8_t* const (&a)[R],
                         Int (&sums)[R][T]) {
    for (int t = 0; t < T; ++t) {
      for (int j = 0; j < 8; ++j) {
        Add<R, T>(t, a, 4 * j, sums, [&](int lane, int b) {
          return weights[t][j / 2 * 64 + lane * 4 + b] >> (j % 2 * 4) & 15;
        });
      }
    }
  }

  // sums[r][t] += half a group (16 k) times a[r][0..16): two upper bits in 64 bytes, of which byte
  // (lane, b) holds those of k = 4 j + b in the bits 2 j and 2 j + 1; then low nibbles as above.
  template <int R, int T>
  static void AddSixBits(const uint8_t* const (&weights)[T], const int8_t* const (&a)[R],
                         Int (&sums)[R][T]) {
    for (int t = 0; t < T; ++t) {
      const uint8_t *high = weights[t], *low = weights[t] + 64;
      for (int j = 0; j < 4; ++j) {
        Add<R, T>(t, a, 4 * j, sums, [&](int lane, int b) {
          const int at = lane * 4 + b;
          const int upper = high[at] >> (2 * j) & 3;
          return (low[j / 2 * 64 + at] >> (j % 2 * 4) & 15) | upper << 4;
        });
      }
    }
  }

  // sums[r][t] += codes (at most 31) of a group times a[r][0..32): byte (j, lane, b) holds
  // k = 4 j + b.
  template <int R, int T>
  static void AddBytes(const uint8_t* const (&weights)[T], const int8_t* const (&a)[R],
                       Int (&sums)[R][T]) {
    for (int t = 0; t < T; ++t) {
      for (int j = 0; j < 8; ++j) {
        Add<R, T>(t, a, 4 * j, sums,
                  [&](int lane, int b) { return int{weights[t][j * 64 + lane * 4 + b]}; });
      }
    }
  }

 private:
  // Four k from `first` on, of tile t.
  template <int R, int T, class Code>
  static void Add(int t, const int8_t* const (&a)[R], int first, Int (&sums)[R][T],
                  const Code& code) {
    for (int r = 0; r < R; ++r) {
      for (int lane = 0; lane < 16; ++lane) {
        for (int b = 0; b < 4; ++b) sums[r][t].lane[lane] += code(lane, b) * a[r][first + b];
      }
    }
  }
};

}  // namespace parvis::kernels

#endif  // PARVIS_KERNELS_BLOCK_DOT_SCALAR_H_
