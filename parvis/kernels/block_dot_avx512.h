#ifndef PARVIS_KERNELS_BLOCK_DOT_AVX512_H_
#define PARVIS_KERNELS_BLOCK_DOT_AVX512_H_

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "parvis/kernels/block_dot.h"
#include "parvis/kernels/inlining.h"
#include "parvis/kernels/simd_avx512.h"

namespace parvis::kernels {

// By vpdpbusd. See block_dot_scalar.h.
template <>
struct BlockDot<Avx512Vec> {
  static constexpr int kRows = 4;  // with three tiles, 24 registers hold sums

  using Int = __m512i;
  static PARVIS_INLINE Int Set(int32_t x) { return _mm512_set1_epi32(x); }
  static PARVIS_INLINE Avx512Vec ToFloat(Int v) { return {_mm512_cvtepi32_ps(v)}; }

  static PARVIS_INLINE int32_t SumHalf(const int8_t* a) {
    const __m128i q = _mm_loadu_si128(reinterpret_cast<const __m128i*>(a));
    __m128i sum = _mm_dpbusd_epi32(_mm_setzero_si128(), _mm_set1_epi8(1), q);
    sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0xb1)));
  }

  template <int R, int T>
  static PARVIS_INLINE void AddNibbles(const uint8_t* const (&weights)[T],
                                       const int8_t* const (&a)[R], Int (&sums)[R][T]) {
    const __m512i nibble = _mm512_set1_epi8(15);
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      __m512i w[T];
#pragma GCC unroll 4
      for (int t = 0; t < T; ++t) w[t] = _mm512_and_si512(Load(weights[t] + 64 * i), nibble);
      Dot<R, T>(w, a, 8 * i, sums);
#pragma GCC unroll 4
      for (int t = 0; t < T; ++t) {
        w[t] = _mm512_and_si512(_mm512_srli_epi16(Load(weights[t] + 64 * i), 4), nibble);
      }
      Dot<R, T>(w, a, 8 * i + 4, sums);
    }
  }

  template <int R, int T>
  static PARVIS_INLINE void AddSixBits(const uint8_t* const (&weights)[T],
                                       const int8_t* const (&a)[R], Int (&sums)[R][T]) {
    constexpr int kUpTo[4] = {4, 2, 0, -2};  // brings the bits of quad j to the bits 4 and 5
    const __m512i nibble = _mm512_set1_epi8(15), upper = _mm512_set1_epi8(0x30);
    __m512i high[T];
#pragma GCC unroll 4
    for (int t = 0; t < T; ++t) high[t] = Load(weights[t]);
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) {
      __m512i w[T];
#pragma GCC unroll 4
      for (int t = 0; t < T; ++t) {
        __m512i bits = Load(weights[t] + 64 + 64 * (j / 2));
        if (j % 2 == 1) bits = _mm512_srli_epi16(bits, 4);
        __m512i more = high[t];
        if (kUpTo[j] > 0) more = _mm512_slli_epi16(more, static_cast<unsigned>(kUpTo[j]));
        if (kUpTo[j] < 0) more = _mm512_srli_epi16(more, static_cast<unsigned>(-kUpTo[j]));
        // (bits & nibble) | (more & upper)
        w[t] = _mm512_ternarylogic_epi32(_mm512_and_si512(bits, nibble), more, upper, 0xf8);
      }
      Dot<R, T>(w, a, 4 * j, sums);
    }
  }

  template <int R, int T>
  static PARVIS_INLINE void AddBytes(const uint8_t* const (&weights)[T],
                                     const int8_t* const (&a)[R], Int (&sums)[R][T]) {
#pragma GCC unroll 8
    for (int j = 0; j < 8; ++j) {
      __m512i w[T];
#pragma GCC unroll 4
      for (int t = 0; t < T; ++t) w[t] = Load(weights[t] + 64 * j);
      Dot<R, T>(w, a, 4 * j, sums);
    }
  }

 private:
  static PARVIS_INLINE __m512i Load(const uint8_t* p) { return _mm512_loadu_si512(p); }

  // Four k from `first` on: each activation is fetched once for all tiles.
  template <int R, int T>
  static PARVIS_INLINE void Dot(const __m512i (&w)[T], const int8_t* const (&a)[R], int first,
                                Int (&sums)[R][T]) {
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      int32_t four;
      __builtin_memcpy(&four, a[r] + first, sizeof(four));
      const __m512i x = _mm512_set1_epi32(four);
#pragma GCC unroll 4
      for (int t = 0; t < T; ++t) sums[r][t] = _mm512_dpbusd_epi32(sums[r][t], w[t], x);
    }
  }
};

}  // namespace parvis::kernels

#endif  // PARVIS_KERNELS_BLOCK_DOT_AVX512_H_
