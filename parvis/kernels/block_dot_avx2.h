#ifndef PARVIS_KERNELS_BLOCK_DOT_AVX2_H_
#define PARVIS_KERNELS_BLOCK_DOT_AVX2_H_

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "parvis/kernels/block_dot.h"
#include "parvis/kernels/inlining.h"
#include "parvis/kernels/simd_avx2.h"

namespace parvis::kernels {

// By vpmaddubsw, whose pairs are summed as int16 as long as they cannot overflow (the bounds are at
// each use), then widened. See block_dot_scalar.h. Eight lanes at a time, so that the sums of all
// rows stay in registers.
template <>
struct BlockDot<Avx2Vec> {
  static constexpr int kRows = 4;

  struct Int {
    __m256i half[2];
  };
  static PARVIS_INLINE Int Set(int32_t x) { return {{_mm256_set1_epi32(x), _mm256_set1_epi32(x)}}; }
  static PARVIS_INLINE Avx2Vec ToFloat(Int v) {
    return {_mm256_cvtepi32_ps(v.half[0]), _mm256_cvtepi32_ps(v.half[1])};
  }

  static PARVIS_INLINE int32_t SumHalf(const int8_t* a) {
    const __m128i q = _mm_loadu_si128(reinterpret_cast<const __m128i*>(a));
    __m128i sum = _mm_madd_epi16(_mm_maddubs_epi16(_mm_set1_epi8(1), q), _mm_set1_epi16(1));
    sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0xb1)));
  }

  template <int R, int T>
  static PARVIS_INLINE void AddNibbles(const uint8_t* const (&weights)[T],
                                       const int8_t* const (&a)[R], Int (&sums)[R][T]) {
    const __m256i nibble = _mm256_set1_epi8(15);
    for (int t = 0; t < T; ++t) {
#pragma GCC unroll 2
      for (int h = 0; h < 2; ++h) {
        __m256i pairs[R];  // 8 times at most 2 * 15 * 127: 30480
#pragma GCC unroll 4
        for (int i = 0; i < 4; ++i) {
          const __m256i both = Load(weights[t] + 64 * i + 32 * h);
          Dot<R>(_mm256_and_si256(both, nibble), a, 8 * i, i == 0, pairs);
          Dot<R>(_mm256_and_si256(_mm256_srli_epi16(both, 4), nibble), a, 8 * i + 4, false, pairs);
        }
        Widen<R, T>(pairs, t, h, sums);
      }
    }
  }

  template <int R, int T>
  static PARVIS_INLINE void AddSixBits(const uint8_t* const (&weights)[T],
                                       const int8_t* const (&a)[R], Int (&sums)[R][T]) {
    const __m256i nibble = _mm256_set1_epi8(15), upper = _mm256_set1_epi8(0x30);
    const auto join = [&](__m256i bits, __m256i more) {
      return _mm256_or_si256(_mm256_and_si256(bits, nibble), _mm256_and_si256(more, upper));
    };
    for (int t = 0; t < T; ++t) {
#pragma GCC unroll 2
      for (int h = 0; h < 2; ++h) {
        const __m256i more = Load(weights[t] + 32 * h);
        __m256i pairs[R];  // 2 times at most 2 * 63 * 127: 32004
        __m256i both = Load(weights[t] + 64 + 32 * h);
        Dot<R>(join(both, _mm256_slli_epi16(more, 4)), a, 0, true, pairs);
        Dot<R>(join(_mm256_srli_epi16(both, 4), _mm256_slli_epi16(more, 2)), a, 4, false, pairs);
        Widen<R, T>(pairs, t, h, sums);
        both = Load(weights[t] + 128 + 32 * h);
        Dot<R>(join(both, more), a, 8, true, pairs);
        Dot<R>(join(_mm256_srli_epi16(both, 4), _mm256_srli_epi16(more, 2)), a, 12, false, pairs);
        Widen<R, T>(pairs, t, h, sums);
      }
    }
  }

  template <int R, int T>
  static PARVIS_INLINE void AddBytes(const uint8_t* const (&weights)[T],
                                     const int8_t* const (&a)[R], Int (&sums)[R][T]) {
    for (int t = 0; t < T; ++t) {
#pragma GCC unroll 2
      for (int h = 0; h < 2; ++h) {
#pragma GCC unroll 2
        for (int part = 0; part < 2; ++part) {
          __m256i pairs[R];  // 4 times at most 2 * 31 * 127: 31496
#pragma GCC unroll 4
          for (int j = 4 * part; j < 4 * part + 4; ++j) {
            Dot<R>(Load(weights[t] + 64 * j + 32 * h), a, 4 * j, j == 4 * part, pairs);
          }
          Widen<R, T>(pairs, t, h, sums);
        }
      }
    }
  }

 private:
  static PARVIS_INLINE __m256i Load(const uint8_t* p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  }

  // Four k from `at` on; `first` begins the sums of pairs.
  template <int R>
  static PARVIS_INLINE void Dot(__m256i codes, const int8_t* const (&a)[R], int at, bool first,
                                __m256i (&pairs)[R]) {
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      int32_t four;
      __builtin_memcpy(&four, a[r] + at, sizeof(four));
      const __m256i products = _mm256_maddubs_epi16(codes, _mm256_set1_epi32(four));
      pairs[r] = first ? products : _mm256_add_epi16(pairs[r], products);
    }
  }

  template <int R, int T>
  static PARVIS_INLINE void Widen(const __m256i (&pairs)[R], int t, int h, Int (&sums)[R][T]) {
    const __m256i ones = _mm256_set1_epi16(1);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      sums[r][t].half[h] = _mm256_add_epi32(sums[r][t].half[h], _mm256_madd_epi16(pairs[r], ones));
    }
  }
};

}  // namespace parvis::kernels

#endif  // PARVIS_KERNELS_BLOCK_DOT_AVX2_H_
