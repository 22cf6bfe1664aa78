#ifndef PARVIS_KERNELS_SIMD_SCALAR_H_
#define PARVIS_KERNELS_SIMD_SCALAR_H_

#include <cstddef>
#include <cstdint>

// The vector of 16 floats that all kernels are written for, here as plain C++: the reference that
// simd_avx2.h and simd_avx512.h must equal bit for bit, and what runs where neither is supported.
//
// In an unnamed namespace, so that every template over it stays inside its translation unit: the
// linker must never pick a function compiled for AVX-512 for a file compiled without.
namespace parvis::kernels {
namespace {

struct ScalarVec {
  // Largest tiles of a product: rows, and tiles of 16 lanes, whose sums stay in registers.
  static constexpr int kTileRows = 2;
  static constexpr int kTiles = 1;
  static constexpr int kBf16Rows = 2;

  float lane[16];

  template <class F>
  static ScalarVec Make(F f) {
    ScalarVec v;
    for (int i = 0; i < 16; ++i) v.lane[i] = f(i);
    return v;
  }

  static ScalarVec Set(float x) {
    return Make([&](int) { return x; });
  }
  static ScalarVec Zero() { return Set(0.0f); }
  static ScalarVec Load(const float* p) {
    return Make([&](int i) { return p[i]; });
  }
  // The first n lanes; the others are 0.
  static ScalarVec LoadPartial(const float* p, size_t n) {
    return Make([&](int i) { return static_cast<size_t>(i) < n ? p[i] : 0.0f; });
  }
  void Store(float* p) const {
    for (int i = 0; i < 16; ++i) p[i] = lane[i];
  }
  void StorePartial(float* p, size_t n) const {
    for (size_t i = 0; i < 16 && i < n; ++i) p[i] = lane[i];
  }

  static ScalarVec Add(ScalarVec a, ScalarVec b) {
    return Make([&](int i) { return a.lane[i] + b.lane[i]; });
  }
  static ScalarVec Sub(ScalarVec a, ScalarVec b) {
    return Make([&](int i) { return a.lane[i] - b.lane[i]; });
  }
  static ScalarVec Mul(ScalarVec a, ScalarVec b) {
    return Make([&](int i) { return a.lane[i] * b.lane[i]; });
  }
  static ScalarVec Div(ScalarVec a, ScalarVec b) {
    return Make([&](int i) { return a.lane[i] / b.lane[i]; });
  }
  // a * b + c, rounded once.
  static ScalarVec Fma(ScalarVec a, ScalarVec b, ScalarVec c) {
    return Make([&](int i) { return __builtin_fmaf(a.lane[i], b.lane[i], c.lane[i]); });
  }
  static ScalarVec Sqrt(ScalarVec a) {
    return Make([&](int i) { return __builtin_sqrtf(a.lane[i]); });
  }
  // As minps and maxps: b if either is NaN.
  static ScalarVec Min(ScalarVec a, ScalarVec b) {
    return Make([&](int i) { return a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i]; });
  }
  static ScalarVec Max(ScalarVec a, ScalarVec b) {
    return Make([&](int i) { return a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]; });
  }
  static ScalarVec Abs(ScalarVec a) {
    return Make([&](int i) { return __builtin_fabsf(a.lane[i]); });
  }
  // To the nearest whole number, halves to even.
  static ScalarVec Round(ScalarVec a) {
    return Make([&](int i) { return __builtin_nearbyintf(a.lane[i]); });
  }
  // 2^n of a whole n in [-126, 127]; any bits otherwise.
  static ScalarVec PowerOfTwo(ScalarVec n) {
    return Make([&](int i) {
      const uint32_t magic = 0x4b400000;  // 1.5 * 2^23: the sum's low bits are n
      const float sum = n.lane[i] + __builtin_bit_cast(float, magic);
      return __builtin_bit_cast(float, (__builtin_bit_cast(uint32_t, sum) - magic + 127) << 23);
    });
  }
  // a < b ? x : y
  static ScalarVec SelectLess(ScalarVec a, ScalarVec b, ScalarVec x, ScalarVec y) {
    return Make([&](int i) { return a.lane[i] < b.lane[i] ? x.lane[i] : y.lane[i]; });
  }
  // Lanes [begin, end) of v, `fill` elsewhere. begin and end may lie outside of [0, 16].
  static ScalarVec Keep(ScalarVec v, int64_t begin, int64_t end, float fill) {
    return Make([&](int i) { return i >= begin && i < end ? v.lane[i] : fill; });
  }

  // ((lane i + lane i+8) + those of i+4) + … : one tree for every target.
  static float ReduceAdd(ScalarVec v) {
    for (int half = 8; half > 0; half /= 2) {
      for (int i = 0; i < half; ++i) v.lane[i] = v.lane[i] + v.lane[i + half];
    }
    return v.lane[0];
  }
  static float ReduceMax(ScalarVec v) {
    for (int half = 8; half > 0; half /= 2) {
      for (int i = 0; i < half; ++i) {
        v.lane[i] = v.lane[i] > v.lane[i + half] ? v.lane[i] : v.lane[i + half];
      }
    }
    return v.lane[0];
  }

  // 16 × 16 words of 32 bits: to[i][j] = from[j][i], rows `stride` floats apart.
  static void Transpose(const float* from, size_t from_stride, float* to, size_t to_stride) {
    for (size_t i = 0; i < 16; ++i) {
      for (size_t j = 0; j < 16; ++j) {
        __builtin_memcpy(to + i * to_stride + j, from + j * from_stride + i, sizeof(float));
      }
    }
  }

  // --- number formats ---------------------------------------------------------------------------
  static float HalfToFloat(uint16_t h) {
    const uint32_t sign = static_cast<uint32_t>(h & 0x8000) << 16;
    const uint32_t exponent = (h >> 10) & 31;
    const uint32_t fraction = h & 0x3ff;
    if (exponent == 31) {
      const uint32_t quiet = fraction ? 0x400000 : 0;
      return __builtin_bit_cast(float, sign | 0x7f800000 | quiet | (fraction << 13));
    }
    if (exponent == 0) {
      const float tiny = static_cast<float>(fraction) * 0x1p-24f;
      return __builtin_bit_cast(float, sign | __builtin_bit_cast(uint32_t, tiny));
    }
    return __builtin_bit_cast(float, sign | ((exponent + 112) << 23) | (fraction << 13));
  }
  static uint16_t FloatToHalf(float x) {
    const uint32_t bits = __builtin_bit_cast(uint32_t, x);
    const uint16_t sign = static_cast<uint16_t>((bits >> 16) & 0x8000);
    const uint32_t magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000) {
      return static_cast<uint16_t>(sign | 0x7e00 | ((magnitude >> 13) & 0x3ff));
    }
    if (magnitude >= 0x47800000) return static_cast<uint16_t>(sign | 0x7c00);
    if (magnitude < 0x38800000) {  // subnormal: count units of 2^-24, rounded by the addition
      const float count = __builtin_bit_cast(float, magnitude) * 0x1p24f;
      return static_cast<uint16_t>(sign | static_cast<uint16_t>(__builtin_nearbyintf(count)));
    }
    const uint32_t rounded = magnitude + 0xfff + ((magnitude >> 13) & 1);
    return static_cast<uint16_t>(sign | ((rounded - (112u << 23)) >> 13));
  }
  static uint16_t FloatToBf16(float x) {
    const uint32_t bits = __builtin_bit_cast(uint32_t, x);
    if ((bits & 0x7fffffff) > 0x7f800000) return static_cast<uint16_t>((bits >> 16) | 0x40);
    return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
  }
  static ScalarVec LoadF16(const uint16_t* p) {
    return Make([&](int i) { return HalfToFloat(p[i]); });
  }
  void StoreF16(uint16_t* p) const {
    for (int i = 0; i < 16; ++i) p[i] = FloatToHalf(lane[i]);
  }
  static ScalarVec LoadBf16(const uint16_t* p) {
    return Make(
        [&](int i) { return __builtin_bit_cast(float, static_cast<uint32_t>(p[i]) << 16); });
  }
  void StoreBf16(uint16_t* p) const {
    for (int i = 0; i < 16; ++i) p[i] = FloatToBf16(lane[i]);
  }
  static ScalarVec LoadInt8(const int8_t* p) {
    return Make([&](int i) { return static_cast<float>(p[i]); });
  }
  // REQUIRES: whole numbers within [-128, 127].
  void StoreInt8(int8_t* p) const {
    for (int i = 0; i < 16; ++i) p[i] = static_cast<int8_t>(lane[i]);
  }

  // Bits of the largest |lane| of a and the lanes so far; a NaN counts as the largest of all.
  struct MaxBits {
    uint32_t bits = 0;
    void Add(ScalarVec v) {
      for (int i = 0; i < 16; ++i) {
        const uint32_t b = __builtin_bit_cast(uint32_t, v.lane[i]) & 0x7fffffff;
        bits = bits > b ? bits : b;
      }
    }
    float Get() const { return __builtin_bit_cast(float, bits); }
  };

  // --- products in other formats
  // ------------------------------------------------------------------ bf16 rows are kept as f32
  // that hold bf16 values.
  static constexpr bool kBf16Dot = false;
  // 16 pairs of bf16: the lanes of both.
  static void StorePairs(ScalarVec first, ScalarVec second, void* p) {
    for (size_t i = 0; i < 16; ++i) {
      const uint16_t pair[2] = {FloatToBf16(first.lane[i]), FloatToBf16(second.lane[i])};
      __builtin_memcpy(static_cast<unsigned char*>(p) + 4 * i, pair, sizeof(pair));
    }
  }
  // Of 16 pairs (low half first): the first or the second numbers as f32.
  static ScalarVec PairFirst(const uint32_t* p) {
    return Make([&](int i) { return __builtin_bit_cast(float, p[i] << 16); });
  }
  static ScalarVec PairSecond(const uint32_t* p) {
    return Make([&](int i) { return __builtin_bit_cast(float, p[i] & 0xffff0000u); });
  }

  // Rows of a q8_0 tile. The int8 weights of a panel are stored plus kQ8Offset, modulo 256.
  static constexpr int kQ8Rows = 1;
  static constexpr uint8_t kQ8Offset = 0;
  // The sum of a group's 32 numbers; unused where nothing is added to the weights.
  static int32_t SumGroup(const int8_t*) { return 0; }
  // Integer sums of one group of 32 as floats: lane i is start[r] + the sum over j of
  // weights[t][j][i][0..4) * a[r][4j..4j+4).
  template <int R, int T>
  static void DotGroup(const int8_t* const (&weights)[T], const int8_t* const (&a)[R],
                       const int32_t (&start)[R], ScalarVec (&sums)[R][T]) {
    static_assert(T == 1);
    for (int r = 0; r < R; ++r) {
      sums[r][0] = Make([&](int i) {
        int32_t sum = start[r];
        for (int j = 0; j < 8; ++j) {
          for (int b = 0; b < 4; ++b) sum += weights[0][j * 64 + i * 4 + b] * a[r][4 * j + b];
        }
        return static_cast<float>(sum);
      });
    }
  }
};

}  // namespace
}  // namespace parvis::kernels

#endif  // PARVIS_KERNELS_SIMD_SCALAR_H_
