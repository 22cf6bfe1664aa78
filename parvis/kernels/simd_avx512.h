#ifndef PARVIS_KERNELS_SIMD_AVX512_H_
#define PARVIS_KERNELS_SIMD_AVX512_H_

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "parvis/kernels/transpose_avx2.h"

// The vector of 16 floats (see simd_scalar.h) as one 512-bit register. For AVX-512 F, BW, VL, DQ,
// VNNI and BF16.
namespace parvis::kernels {
namespace {

struct Avx512Vec {
  static constexpr int kTileRows = 8;  // 24 of the 32 registers hold sums
  static constexpr int kTiles = 3;
  static constexpr int kBf16Rows = 8;

  __m512 value;

  static Avx512Vec Set(float x) { return {_mm512_set1_ps(x)}; }
  static Avx512Vec Zero() { return {_mm512_setzero_ps()}; }
  static Avx512Vec Load(const float* p) { return {_mm512_loadu_ps(p)}; }
  static Avx512Vec LoadPartial(const float* p, size_t n) {
    return {_mm512_maskz_loadu_ps(Lanes(0, static_cast<int64_t>(n)), p)};
  }
  void Store(float* p) const { _mm512_storeu_ps(p, value); }
  void StorePartial(float* p, size_t n) const {
    _mm512_mask_storeu_ps(p, Lanes(0, static_cast<int64_t>(n)), value);
  }

  static Avx512Vec Add(Avx512Vec a, Avx512Vec b) { return {_mm512_add_ps(a.value, b.value)}; }
  static Avx512Vec Sub(Avx512Vec a, Avx512Vec b) { return {_mm512_sub_ps(a.value, b.value)}; }
  static Avx512Vec Mul(Avx512Vec a, Avx512Vec b) { return {_mm512_mul_ps(a.value, b.value)}; }
  static Avx512Vec Div(Avx512Vec a, Avx512Vec b) { return {_mm512_div_ps(a.value, b.value)}; }
  static Avx512Vec Fma(Avx512Vec a, Avx512Vec b, Avx512Vec c) {
    return {_mm512_fmadd_ps(a.value, b.value, c.value)};
  }
  static Avx512Vec Sqrt(Avx512Vec a) { return {_mm512_sqrt_ps(a.value)}; }
  static Avx512Vec Min(Avx512Vec a, Avx512Vec b) { return {_mm512_min_ps(a.value, b.value)}; }
  static Avx512Vec Max(Avx512Vec a, Avx512Vec b) { return {_mm512_max_ps(a.value, b.value)}; }
  static Avx512Vec Abs(Avx512Vec a) {
    return {_mm512_castsi512_ps(
        _mm512_and_si512(_mm512_castps_si512(a.value), _mm512_set1_epi32(0x7fffffff)))};
  }
  static Avx512Vec Round(Avx512Vec a) {
    return {_mm512_roundscale_ps(a.value, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
  }
  static Avx512Vec PowerOfTwo(Avx512Vec n) {
    const __m512i biased = _mm512_add_epi32(_mm512_cvtps_epi32(n.value), _mm512_set1_epi32(127));
    return {_mm512_castsi512_ps(_mm512_slli_epi32(biased, 23))};
  }
  static Avx512Vec SelectLess(Avx512Vec a, Avx512Vec b, Avx512Vec x, Avx512Vec y) {
    return {
        _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a.value, b.value, _CMP_LT_OQ), y.value, x.value)};
  }
  static Avx512Vec Keep(Avx512Vec v, int64_t begin, int64_t end, float fill) {
    return {_mm512_mask_blend_ps(Lanes(begin, end), _mm512_set1_ps(fill), v.value)};
  }

  static float ReduceAdd(Avx512Vec v) {
    const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(v.value), High(v));
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
  }
  static float ReduceMax(Avx512Vec v) {
    const __m256 eight = _mm256_max_ps(_mm512_castps512_ps256(v.value), High(v));
    const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
  }

  static void Transpose(const float* from, size_t from_stride, float* to, size_t to_stride) {
    for (size_t i = 0; i < 16; i += 8) {
      for (size_t j = 0; j < 16; j += 8) {
        Transpose8(from + j * from_stride + i, from_stride, to + i * to_stride + j, to_stride);
      }
    }
  }

  // --- number formats ---------------------------------------------------------------------------
  static Avx512Vec LoadF16(const uint16_t* p) { return {_mm512_cvtph_ps(Load256(p))}; }
  void StoreF16(uint16_t* p) const {
    Store256(p, _mm512_cvtps_ph(value, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }
  static Avx512Vec LoadBf16(const uint16_t* p) {
    const __m512i words = _mm512_cvtepu16_epi32(Load256(p));
    return {_mm512_castsi512_ps(_mm512_slli_epi32(words, 16))};
  }
  // By integers: vcvtneps2bf16 would lose denormals.
  void StoreBf16(uint16_t* p) const {
    const __m512i bits = _mm512_castps_si512(value);
    const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    const __m512i rounded =
        _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
    const __m512i quiet = _mm512_or_si512(bits, _mm512_set1_epi32(0x400000));
    const __mmask16 is_nan = _mm512_cmp_ps_mask(value, value, _CMP_UNORD_Q);
    const __m512i result = _mm512_mask_blend_epi32(is_nan, rounded, quiet);
    Store256(p, _mm512_cvtepi32_epi16(_mm512_srli_epi32(result, 16)));
  }
  static Avx512Vec LoadInt8(const int8_t* p) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    return {_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes))};
  }
  void StoreInt8(int8_t* p) const {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p),
                     _mm512_cvtsepi32_epi8(_mm512_cvtps_epi32(value)));
  }

  struct MaxBits {
    __m512i bits = _mm512_setzero_si512();
    void Add(Avx512Vec v) {
      bits = _mm512_max_epi32(bits, _mm512_castps_si512(Avx512Vec::Abs(v).value));
    }
    float Get() const { return __builtin_bit_cast(float, _mm512_reduce_max_epi32(bits)); }
  };

  // --- products in other formats ----------------------------------------------------------------
  static constexpr bool kBf16Dot = true;
  // What DotPairs multiplies may be rounded by the processor: to both, denormals are 0.
  static void StorePairs(Avx512Vec first, Avx512Vec second, void* p) {
    const __m512i order =
        _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6,
                         21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    _mm512_storeu_si512(p, _mm512_permutexvar_epi16(order, Rounded(first, second)));
  }
  static void StoreRow(Avx512Vec first, Avx512Vec second, void* p) {
    _mm512_storeu_si512(p, Rounded(first, second));
  }
  using Pairs = __m512bh;
  static Pairs LoadPairs(const uint32_t* p) {
    return __builtin_bit_cast(Pairs, _mm512_loadu_si512(p));
  }
  static Pairs SetPair(const void* p) {
    int32_t pair;
    __builtin_memcpy(&pair, p, sizeof(pair));
    return __builtin_bit_cast(Pairs, _mm512_set1_epi32(pair));
  }
  static Avx512Vec DotPairs(Pairs a, Pairs b, Avx512Vec sum) {
    return {_mm512_dpbf16_ps(sum.value, a, b)};
  }

  static constexpr int kQ8Rows = 4;
  static constexpr uint8_t kQ8Offset = 128;
  // By halves: they were stored a moment ago, and a wider load would wait for both stores.
  static int32_t SumGroup(const int8_t* q) {
    const __m128i ones = _mm_set1_epi8(1);
    const auto half = [&](__m128i sum, const int8_t* p) {
      return _mm_dpbusd_epi32(sum, ones, _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
    };
    __m128i sum = half(half(_mm_setzero_si128(), q), q + 16);
    sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0xb1)));
  }
  // vpdpbusd wants one side unsigned: weights are stored plus 128, and start[r] is -128 times the
  // sum of row r's group. Each four numbers of a row are broadcast once for all tiles: loads, not
  // products, would be the limit otherwise.
  template <int R, int T>
  static void DotGroup(const int8_t* const (&weights)[T], const int8_t* const (&a)[R],
                       const int32_t (&start)[R], Avx512Vec (&sums)[R][T]) {
    __m512i sum[R][T];
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      const __m512i first = _mm512_set1_epi32(start[r]);
#pragma GCC unroll 8
      for (int t = 0; t < T; ++t) sum[r][t] = first;
    }
#pragma GCC unroll 8
    for (int j = 0; j < 8; ++j) {
      __m512i w[T];
#pragma GCC unroll 8
      for (int t = 0; t < T; ++t) w[t] = _mm512_loadu_si512(weights[t] + 64 * j);
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) {
        int32_t four;
        __builtin_memcpy(&four, a[r] + 4 * j, 4);
        const __m512i x = _mm512_set1_epi32(four);
#pragma GCC unroll 8
        for (int t = 0; t < T; ++t) sum[r][t] = _mm512_dpbusd_epi32(sum[r][t], w[t], x);
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
      for (int t = 0; t < T; ++t) sums[r][t] = {_mm512_cvtepi32_ps(sum[r][t])};
    }
  }

 private:
  static __m512i Rounded(Avx512Vec low, Avx512Vec high) {
    return __builtin_bit_cast(__m512i, _mm512_cvtne2ps_pbh(high.value, low.value));
  }
  // A mask of the lanes in [begin, end), which may lie outside of [0, 16].
  static __mmask16 Lanes(int64_t begin, int64_t end) {
    const int64_t first = begin < 0 ? 0 : begin > 16 ? 16 : begin;
    const int64_t last = end < 0 ? 0 : end > 16 ? 16 : end;
    return static_cast<__mmask16>(((1u << last) - 1) & ~((1u << first) - 1));
  }
  static __m256 High(Avx512Vec v) {
    return _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(v.value), 1));
  }
  static __m256i Load256(const void* p) {
    return _mm256_loadu_si256(static_cast<const __m256i*>(p));
  }
  static void Store256(void* p, __m256i x) { _mm256_storeu_si256(static_cast<__m256i*>(p), x); }
};

}  // namespace
}  // namespace parvis::kernels

#endif  // PARVIS_KERNELS_SIMD_AVX512_H_
