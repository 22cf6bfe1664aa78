#ifndef PARVIS_KERNELS_SIMD_AVX2_H_
#define PARVIS_KERNELS_SIMD_AVX2_H_

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "parvis/kernels/transpose_avx2.h"

// The vector of 16 floats (see simd_scalar.h) as two 256-bit registers. For AVX2, FMA and F16C.
namespace parvis::kernels {
namespace {

struct Avx2Vec {
  static constexpr int kTileRows = 6;  // 12 of the 16 registers hold sums
  static constexpr int kTiles = 1;
  static constexpr int kBf16Rows = 4;  // more spill where bf16 is computed in f32

  __m256 low, high;

  static Avx2Vec Set(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
  static Avx2Vec Zero() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
  static Avx2Vec Load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
  static Avx2Vec LoadPartial(const float* p, size_t n) {
    const Mask m = FirstLanes(n);
    return {_mm256_maskload_ps(p, m.low),
            n > 8 ? _mm256_maskload_ps(p + 8, m.high) : _mm256_setzero_ps()};
  }
  void Store(float* p) const {
    _mm256_storeu_ps(p, low);
    _mm256_storeu_ps(p + 8, high);
  }
  void StorePartial(float* p, size_t n) const {
    const Mask m = FirstLanes(n);
    _mm256_maskstore_ps(p, m.low, low);
    if (n > 8) _mm256_maskstore_ps(p + 8, m.high, high);
  }

  static Avx2Vec Add(Avx2Vec a, Avx2Vec b) {
    return {_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)};
  }
  static Avx2Vec Sub(Avx2Vec a, Avx2Vec b) {
    return {_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)};
  }
  static Avx2Vec Mul(Avx2Vec a, Avx2Vec b) {
    return {_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)};
  }
  static Avx2Vec Div(Avx2Vec a, Avx2Vec b) {
    return {_mm256_div_ps(a.low, b.low), _mm256_div_ps(a.high, b.high)};
  }
  static Avx2Vec Fma(Avx2Vec a, Avx2Vec b, Avx2Vec c) {
    return {_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
  }
  static Avx2Vec Sqrt(Avx2Vec a) { return {_mm256_sqrt_ps(a.low), _mm256_sqrt_ps(a.high)}; }
  static Avx2Vec Min(Avx2Vec a, Avx2Vec b) {
    return {_mm256_min_ps(a.low, b.low), _mm256_min_ps(a.high, b.high)};
  }
  static Avx2Vec Max(Avx2Vec a, Avx2Vec b) {
    return {_mm256_max_ps(a.low, b.low), _mm256_max_ps(a.high, b.high)};
  }
  static Avx2Vec Abs(Avx2Vec a) {
    const __m256 magnitude = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff));
    return {_mm256_and_ps(a.low, magnitude), _mm256_and_ps(a.high, magnitude)};
  }
  static Avx2Vec Round(Avx2Vec a) {
    constexpr int kMode = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
    return {_mm256_round_ps(a.low, kMode), _mm256_round_ps(a.high, kMode)};
  }
  static Avx2Vec PowerOfTwo(Avx2Vec n) { return {PowerOfTwo(n.low), PowerOfTwo(n.high)}; }
  static Avx2Vec SelectLess(Avx2Vec a, Avx2Vec b, Avx2Vec x, Avx2Vec y) {
    return {_mm256_blendv_ps(y.low, x.low, _mm256_cmp_ps(a.low, b.low, _CMP_LT_OQ)),
            _mm256_blendv_ps(y.high, x.high, _mm256_cmp_ps(a.high, b.high, _CMP_LT_OQ))};
  }
  static Avx2Vec Keep(Avx2Vec v, int64_t begin, int64_t end, float fill) {
    const __m256i first = _mm256_set1_epi32(Clamp(begin));
    const __m256i last = _mm256_set1_epi32(Clamp(end));
    const __m256 other = _mm256_set1_ps(fill);
    const auto inside = [&](__m256i lane) {
      return _mm256_castsi256_ps(
          _mm256_andnot_si256(_mm256_cmpgt_epi32(first, lane), _mm256_cmpgt_epi32(last, lane)));
    };
    return {
        _mm256_blendv_ps(other, v.low, inside(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7))),
        _mm256_blendv_ps(other, v.high, inside(_mm256_setr_epi32(8, 9, 10, 11, 12, 13, 14, 15)))};
  }

  static float ReduceAdd(Avx2Vec v) {
    const __m256 eight = _mm256_add_ps(v.low, v.high);
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
  }
  static float ReduceMax(Avx2Vec v) {
    const __m256 eight = _mm256_max_ps(v.low, v.high);
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
  static Avx2Vec LoadF16(const uint16_t* p) {
    return {_mm256_cvtph_ps(Load128(p)), _mm256_cvtph_ps(Load128(p + 8))};
  }
  void StoreF16(uint16_t* p) const {
    Store128(p, _mm256_cvtps_ph(low, _MM_FROUND_TO_NEAREST_INT));
    Store128(p + 8, _mm256_cvtps_ph(high, _MM_FROUND_TO_NEAREST_INT));
  }
  static Avx2Vec LoadBf16(const uint16_t* p) {
    const auto widen = [](__m128i x) {
      return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(x), 16));
    };
    return {widen(Load128(p)), widen(Load128(p + 8))};
  }
  void StoreBf16(uint16_t* p) const {
    const __m256i packed = _mm256_packus_epi32(RoundToBf16(low), RoundToBf16(high));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm256_permute4x64_epi64(packed, 0xd8));
  }
  static Avx2Vec LoadInt8(const int8_t* p) {
    const __m128i bytes = Load128(p);
    return {_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes)),
            _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_srli_si128(bytes, 8)))};
  }
  void StoreInt8(int8_t* p) const {
    const __m256i words = _mm256_packs_epi32(_mm256_cvtps_epi32(low), _mm256_cvtps_epi32(high));
    const __m256i ordered = _mm256_permute4x64_epi64(words, 0xd8);
    Store128(
        p, _mm_packs_epi16(_mm256_castsi256_si128(ordered), _mm256_extracti128_si256(ordered, 1)));
  }

  struct MaxBits {
    __m256i bits = _mm256_setzero_si256();
    void Add(Avx2Vec v) {
      const Avx2Vec magnitude = Abs(v);
      bits = _mm256_max_epi32(bits, _mm256_castps_si256(magnitude.low));
      bits = _mm256_max_epi32(bits, _mm256_castps_si256(magnitude.high));
    }
    float Get() const {
      __m128i m = _mm_max_epi32(_mm256_castsi256_si128(bits), _mm256_extracti128_si256(bits, 1));
      m = _mm_max_epi32(m, _mm_shuffle_epi32(m, 0x4e));
      m = _mm_max_epi32(m, _mm_shuffle_epi32(m, 0xb1));
      return _mm_cvtss_f32(_mm_castsi128_ps(m));
    }
  };

  // --- products in other formats
  // ------------------------------------------------------------------
  static constexpr bool kBf16Dot = false;
  static void StorePairs(Avx2Vec first, Avx2Vec second, void* p) {
    const auto pairs = [](__m256 a, __m256 b) {
      return _mm256_or_si256(RoundToBf16(a), _mm256_slli_epi32(RoundToBf16(b), 16));
    };
    auto* to = static_cast<__m256i*>(p);
    _mm256_storeu_si256(to, pairs(first.low, second.low));
    _mm256_storeu_si256(to + 1, pairs(first.high, second.high));
  }
  static Avx2Vec PairFirst(const uint32_t* p) {
    return {_mm256_castsi256_ps(_mm256_slli_epi32(Load256(p), 16)),
            _mm256_castsi256_ps(_mm256_slli_epi32(Load256(p + 8), 16))};
  }
  static Avx2Vec PairSecond(const uint32_t* p) {
    // Zeros come in by shifts: a mask would take the last register from the sums.
    const auto upper = [](__m256i pairs) {
      return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_srli_epi32(pairs, 16), 16));
    };
    return {upper(Load256(p)), upper(Load256(p + 8))};
  }

  static constexpr int kQ8Rows = 4;
  static constexpr uint8_t kQ8Offset = 0;
  static int32_t SumGroup(const int8_t*) { return 0; }
  // |w| * (a with w's sign): two products fit an int16 (128 * 127 * 2 < 32768), so all is exact.
  template <int R, int T>
  static void DotGroup(const int8_t* const (&weights)[T], const int8_t* const (&a)[R],
                       const int32_t (&start)[R], Avx2Vec (&sums)[R][T]) {
    static_assert(T == 1);
    const __m256i ones = _mm256_set1_epi16(1);
    __m256i sum[R][2];
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) sum[r][0] = sum[r][1] = _mm256_set1_epi32(start[r]);
#pragma GCC unroll 8
    for (int j = 0; j < 8; ++j) {
      const __m256i w[2] = {Load256(weights[0] + 64 * j), Load256(weights[0] + 64 * j + 32)};
      const __m256i magnitude[2] = {_mm256_abs_epi8(w[0]), _mm256_abs_epi8(w[1])};
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) {
        int32_t four;
        __builtin_memcpy(&four, a[r] + 4 * j, 4);
        const __m256i x = _mm256_set1_epi32(four);
#pragma GCC unroll 2
        for (int h = 0; h < 2; ++h) {
          const __m256i pairs = _mm256_maddubs_epi16(magnitude[h], _mm256_sign_epi8(x, w[h]));
          sum[r][h] = _mm256_add_epi32(sum[r][h], _mm256_madd_epi16(pairs, ones));
          asm("" : "+x"(sum[r][h]));  // else gcc reorders the additions and spills the terms
        }
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      sums[r][0] = {_mm256_cvtepi32_ps(sum[r][0]), _mm256_cvtepi32_ps(sum[r][1])};
    }
  }

 private:
  struct Mask {
    __m256i low, high;
  };
  static Mask FirstLanes(size_t n) {
    const __m256i count = _mm256_set1_epi32(static_cast<int>(n));
    return {_mm256_cmpgt_epi32(count, _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)),
            _mm256_cmpgt_epi32(count, _mm256_setr_epi32(8, 9, 10, 11, 12, 13, 14, 15))};
  }
  static int Clamp(int64_t lane) { return lane < 0 ? 0 : lane > 16 ? 16 : static_cast<int>(lane); }
  static __m256 PowerOfTwo(__m256 n) {
    const __m256i biased = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
    return _mm256_castsi256_ps(_mm256_slli_epi32(biased, 23));
  }
  static __m256i RoundToBf16(__m256 x) {
    const __m256i bits = _mm256_castps_si256(x);
    const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    const __m256i rounded =
        _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
    const __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
    const __m256i is_nan = _mm256_castps_si256(_mm256_cmp_ps(x, x, _CMP_UNORD_Q));
    return _mm256_srli_epi32(_mm256_blendv_epi8(rounded, quiet, is_nan), 16);
  }
  static __m128i Load128(const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }
  static __m256i Load256(const void* p) {
    return _mm256_loadu_si256(static_cast<const __m256i*>(p));
  }
  static void Store128(void* p, __m128i x) { _mm_storeu_si128(static_cast<__m128i*>(p), x); }
};

}  // namespace
}  // namespace parvis::kernels

#endif  // PARVIS_KERNELS_SIMD_AVX2_H_
