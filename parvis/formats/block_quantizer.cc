#include "parvis/formats/block_quantizer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "parvis/core/check.h"
#include "parvis/formats/block_fit.h"
#include "parvis/kernels/kernels.h"

namespace parvis::formats {
namespace {

constexpr size_t kGroup = 32, kSuper = 256;

// A number as f16 and what that is; too large ones become the largest.
struct Half {
  explicit Half(float x) {
    constexpr float kLargest = 65504.0f;
    const kernels::Table& table = kernels::TableOf(kernels::Target::kScalar);
    const float bounded = x > kLargest ? kLargest : x < -kLargest ? -kLargest : x;
    table.FromF32(&bounded, 1, kernels::Source::kF16, &bits);
    table.ToF32(kernels::Source::kF16, &bits, 1, &value);
  }
  void Put(std::byte* to) const { std::memcpy(to, &bits, sizeof(bits)); }
  uint16_t bits;
  float value;
};

bool AllFinite(const float* x, size_t n) {
  return std::all_of(x, x + n, [](float v) { return std::isfinite(v); });
}

void PutByte(std::byte* to, int value) { *to = static_cast<std::byte>(value); }

// 32 codes of 4 bits, or of 5 with the fifth bits before: the first 16 in the low nibbles.
void PutNibbles(const int* code, std::byte* fifths, std::byte* nibbles) {
  uint32_t high = 0;
  for (size_t i = 0; i < kGroup; ++i) high |= static_cast<uint32_t>(code[i] >> 4 & 1) << i;
  if (fifths != nullptr) std::memcpy(fifths, &high, sizeof(high));
  for (size_t i = 0; i < 16; ++i) PutByte(nibbles + i, (code[i] & 15) | (code[i + 16] & 15) << 4);
}

// q4_0 and q5_0.
void QuantiseScaled(const float* x, int bits, std::byte* out) {
  const int half = 1 << (bits - 1);
  const Half scale(FitScale(x, kGroup, half));
  int code[kGroup];
  Encode(x, kGroup, {scale.value, 0.0f}, -half, half - 1, code);
  for (int& c : code) c += half;
  scale.Put(out);
  PutNibbles(code, bits == 5 ? out + 2 : nullptr, out + (bits == 5 ? 6 : 2));
}

// q4_1 and q5_1.
void QuantiseAffine(const float* x, int bits, std::byte* out) {
  const int top = (1 << bits) - 1;
  const Affine fit = FitAffine(x, kGroup, top, /*from_zero=*/false);
  const Half scale(fit.scale), lowest(-fit.minimum);
  int code[kGroup];
  Encode(x, kGroup, {scale.value, -lowest.value}, 0, top, code);
  scale.Put(out);
  lowest.Put(out + 2);
  PutNibbles(code, bits == 5 ? out + 4 : nullptr, out + (bits == 5 ? 8 : 4));
}

// A group of a K type: its 6-bit scale and minimum, and the codes.
struct SuperGroup {
  int scale, minimum;
  int code[kGroup];
};

// The pair of 6-bit numbers next to the wanted ones with the least error.
SuperGroup BestGroup(const float* x, Affine wanted, float scale_unit, float minimum_unit, int top) {
  const auto near = [](float wish, float unit) {
    return unit > 0.0f ? std::clamp(static_cast<int>(std::lround(wish / unit)), 0, 63) : 0;
  };
  const int scale = near(wanted.scale, scale_unit), minimum = near(wanted.minimum, minimum_unit);
  SuperGroup best = {}, trial = {};
  float least = std::numeric_limits<float>::infinity();
  for (int s = std::max(0, scale - 1); s <= std::min(63, scale + 1); ++s) {
    for (int m = std::max(0, minimum - 1); m <= std::min(63, minimum + 1); ++m) {
      const Affine fit = {scale_unit * static_cast<float>(s), minimum_unit * static_cast<float>(m)};
      const float error = Encode(x, kGroup, fit, 0, top, trial.code);
      if (!(error < least)) continue;
      least = error;
      trial.scale = s;
      trial.minimum = m;
      best = trial;
    }
  }
  return best;
}

// q4_K and q5_K.
void QuantiseSuper(const float* x, int bits, std::byte* out) {
  constexpr size_t kGroups = kSuper / kGroup;
  const int top = (1 << bits) - 1;
  std::array<Affine, kGroups> wanted;
  float largest_scale = 0.0f, largest_minimum = 0.0f;
  for (size_t g = 0; g < kGroups; ++g) {
    wanted[g] = FitAffine(x + g * kGroup, kGroup, top, /*from_zero=*/true);
    largest_scale = std::max(largest_scale, wanted[g].scale);
    largest_minimum = std::max(largest_minimum, wanted[g].minimum);
  }
  const Half scale_unit(largest_scale / 63.0f), minimum_unit(largest_minimum / 63.0f);
  scale_unit.Put(out);
  minimum_unit.Put(out + 2);
  std::byte* packed = out + 4;
  std::byte* fifths = out + 16;
  std::byte* nibbles = out + (bits == 5 ? 48 : 16);
  std::memset(packed, 0, static_cast<size_t>(nibbles - packed) + kSuper / 2);
  for (size_t g = 0; g < kGroups; ++g) {
    const SuperGroup group =
        BestGroup(x + g * kGroup, wanted[g], scale_unit.value, minimum_unit.value, top);
    if (g < 4) {
      packed[g] |= static_cast<std::byte>(group.scale);
      packed[g + 4] |= static_cast<std::byte>(group.minimum);
    } else {
      packed[g + 4] = static_cast<std::byte>((group.scale & 15) | (group.minimum & 15) << 4);
      packed[g - 4] |= static_cast<std::byte>(group.scale >> 4 << 6);
      packed[g] |= static_cast<std::byte>(group.minimum >> 4 << 6);
    }
    for (size_t i = 0; i < kGroup; ++i) {
      nibbles[g / 2 * kGroup + i] |=
          static_cast<std::byte>((group.code[i] & 15) << (g % 2 == 0 ? 0 : 4));
      if (bits == 5) fifths[i] |= static_cast<std::byte>(group.code[i] >> 4 << g);
    }
  }
}

// q6_K: 16 scales of 8 bits, of any sign.
void QuantiseSixBits(const float* x, std::byte* out) {
  constexpr size_t kPart = 16, kParts = kSuper / kPart;
  std::array<float, kParts> wanted;
  float largest = 0.0f;
  for (size_t p = 0; p < kParts; ++p) {
    wanted[p] = FitScale(x + p * kPart, kPart, 32);
    if (std::fabs(wanted[p]) > std::fabs(largest)) largest = wanted[p];
  }
  const Half unit(largest / -128.0f);  // an int8 goes one further down than up
  std::memset(out, 0, 192);
  for (size_t p = 0; p < kParts; ++p) {
    const int near =
        unit.value != 0.0f
            ? std::clamp(static_cast<int>(std::lround(wanted[p] / unit.value)), -128, 127)
            : 0;
    int scale = 0, code[kPart], best[kPart] = {};
    float least = std::numeric_limits<float>::infinity();
    for (int s = std::max(-128, near - 1); s <= std::min(127, near + 1); ++s) {
      const Affine fit = {unit.value * static_cast<float>(s), 0.0f};
      const float error = Encode(x + p * kPart, kPart, fit, -32, 31, code);
      if (!(error < least)) continue;
      least = error;
      scale = s;
      std::copy(code, code + kPart, best);
    }
    PutByte(out + 192 + p, scale & 255);
    const size_t group = p / 2, first = p % 2 * kPart;  // of 32, as stored-inl.h counts them
    std::byte* low = out + group / 4 * 64 + group % 2 * 32 + first;
    std::byte* high = out + 128 + group / 4 * 32 + first;
    for (size_t i = 0; i < kPart; ++i) {
      const int c = best[i] + 32;
      low[i] |= static_cast<std::byte>((c & 15) << (group % 4 / 2 * 4));
      high[i] |= static_cast<std::byte>((c >> 4) << (group % 4 * 2));
    }
  }
  unit.Put(out + 208);
}

void QuantiseBlock(DType dtype, const float* x, std::byte* out) {
  switch (dtype) {
    case DType::kQ4_0:
      return QuantiseScaled(x, 4, out);
    case DType::kQ5_0:
      return QuantiseScaled(x, 5, out);
    case DType::kQ4_1:
      return QuantiseAffine(x, 4, out);
    case DType::kQ5_1:
      return QuantiseAffine(x, 5, out);
    case DType::kQ4K:
      return QuantiseSuper(x, 4, out);
    case DType::kQ5K:
      return QuantiseSuper(x, 5, out);
    case DType::kQ6K:
      return QuantiseSixBits(x, out);
    default:
      PARVIS_CHECK(false);
  }
}

}  // namespace

bool HasBlockQuantiser(DType dtype) {
  return IsReal(dtype) && IsQuantised(dtype) && dtype != DType::kQ8_0;
}

void QuantiseBlocks(DType dtype, const float* x, size_t size, std::byte* out) {
  const DTypeGroup group = GroupOf(dtype);
  const auto elements = static_cast<size_t>(group.elements);
  const auto bytes = static_cast<size_t>(group.bytes);
  PARVIS_CHECK(HasBlockQuantiser(dtype) && size % elements == 0);
  for (size_t i = 0; i < size; i += elements, out += bytes) {
    if (AllFinite(x + i, elements)) {
      QuantiseBlock(dtype, x + i, out);
      continue;
    }
    // Codes of which every scale is a NaN.
    std::memset(out, 1, bytes);
    Half(std::numeric_limits<float>::quiet_NaN()).Put(dtype == DType::kQ6K ? out + 208 : out);
  }
}

}  // namespace parvis::formats
