#include <cmath>
#include <limits>

#include "parvis/kernels/test_support.h"

namespace parvis::kernels {
namespace {

using ConvertTest = KernelTest;
PARVIS_ON_EVERY_TARGET(ConvertTest);

double HalfValue(uint16_t h) {
  const int exponent = (h >> 10) & 31;
  const double fraction = h & 1023;
  const double size =
      exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024.0 + fraction, exponent - 25);
  return h & 0x8000 ? -size : size;
}

// All 65,536 halves one way and, where they are numbers, back.
TEST_P(ConvertTest, EveryHalf) {
  std::vector<uint16_t> half(65536), back(65536);
  for (size_t i = 0; i < half.size(); ++i) half[i] = static_cast<uint16_t>(i);
  std::vector<float> x(65536);
  table().ToF32(Source::kF16, half.data(), half.size(), x.data());
  table().FromF32(x.data(), x.size(), Source::kF16, back.data());
  for (size_t i = 0; i < half.size(); ++i) {
    const bool finite = (i & 0x7c00) != 0x7c00;
    if (finite) {
      ASSERT_EQ(x[i], HalfValue(half[i])) << i;
      ASSERT_EQ(std::signbit(x[i]), i >= 32768);
      ASSERT_EQ(back[i], half[i]);
    } else if ((i & 0x3ff) == 0) {
      ASSERT_TRUE(std::isinf(x[i]));
      ASSERT_EQ(back[i], half[i]);
    } else {
      ASSERT_TRUE(std::isnan(x[i]));
    }
  }
}

// To nearest, halves to even: checked by the distances to both neighbours.
TEST_P(ConvertTest, RoundsHalvesToNearestEven) {
  std::vector<float> x = RandomFloats(20000, 1, 70000.0f);
  for (size_t i = 0; i < x.size(); i += 2) x[i] *= std::exp2(-static_cast<float>(i % 44));
  for (uint16_t h = 0; h < 2050; ++h) {  // exactly between two neighbours
    x.push_back(static_cast<float>((HalfValue(h) + HalfValue(static_cast<uint16_t>(h + 1))) / 2));
  }
  std::vector<uint16_t> half(x.size());
  table().FromF32(x.data(), x.size(), Source::kF16, half.data());
  for (size_t i = 0; i < x.size(); ++i) {
    if (std::fabs(x[i]) >= 65520.0f) {
      ASSERT_EQ(half[i] & 0x7fff, 0x7c00);
      continue;
    }
    const double distance = std::fabs(HalfValue(half[i]) - x[i]);
    for (const int step : {-1, 1}) {
      const uint16_t other = static_cast<uint16_t>(half[i] + step);
      if ((other ^ half[i]) & 0x8000 || (other & 0x7c00) == 0x7c00) continue;
      const double alternative = std::fabs(HalfValue(other) - x[i]);
      ASSERT_LE(distance, alternative) << x[i];
      ASSERT_TRUE(distance < alternative || half[i] % 2 == 0) << x[i];
    }
  }
}

TEST_P(ConvertTest, Bf16) {
  std::vector<float> x = RandomFloats(1000, 2);
  x.insert(x.end(), {1.00390625f, 1.01171875f, std::numeric_limits<float>::max(),
                     std::numeric_limits<float>::infinity(), -0.0f, 1e-40f});
  std::vector<uint16_t> narrow(x.size());
  std::vector<float> wide(x.size());
  table().FromF32(x.data(), x.size(), Source::kBf16, narrow.data());
  table().ToF32(Source::kBf16, narrow.data(), x.size(), wide.data());
  for (size_t i = 0; i < 1000; ++i) ASSERT_LE(std::fabs(wide[i] - x[i]), std::fabs(x[i]) / 256);
  EXPECT_EQ(wide[1000], 1.0f);       // halfway, down to even
  EXPECT_EQ(wide[1001], 1.015625f);  // halfway, up to even
  EXPECT_TRUE(std::isinf(wide[1002]));
  EXPECT_TRUE(std::isinf(wide[1003]));
  EXPECT_TRUE(std::signbit(wide[1004]));
  EXPECT_GT(wide[1005], 0.0f);  // denormals stay
  const float nan = std::nanf("");
  uint16_t bits = 0;
  table().FromF32(&nan, 1, Source::kBf16, &bits);
  EXPECT_GT(bits & 0x7fff, 0x7f80);
}

TEST_P(ConvertTest, Q8RoundTrip) {
  std::vector<float> x = RandomFloats(320, 3);
  for (size_t i = 32; i < 64; ++i) x[i] = 0.0f;
  for (size_t i = 64; i < 96; ++i) x[i] *= 1e-5f;    // a subnormal scale
  for (size_t i = 96; i < 128; ++i) x[i] *= 1e-12f;  // vanishes
  std::vector<uint8_t> stored(SourceBytes(Source::kQ8_0, x.size()));
  std::vector<float> y(x.size());
  table().FromF32(x.data(), x.size(), Source::kQ8_0, stored.data());
  table().ToF32(Source::kQ8_0, stored.data(), x.size(), y.data());
  for (size_t g = 0; g < x.size() / 32; ++g) {
    float amax = 0.0f;
    for (size_t i = 0; i < 32; ++i) amax = std::fmax(amax, std::fabs(x[g * 32 + i]));
    // Half a step, and at most half a step of the subnormal scale for each of 127 steps.
    const float bound = amax / 253.0f + 127 * 0x1p-25f * (amax < 0.008f);
    for (size_t i = 0; i < 32; ++i) ASSERT_LE(std::fabs(y[g * 32 + i] - x[g * 32 + i]), bound);
  }
}

// Stored q8_0 weights reach the product untouched: with a unit row each output is scale * q, for
// all of int8 and both signs of the activation.
TEST_P(ConvertTest, Q8WeightsAreKeptExactly) {
  const size_t n = 16, k = 256;
  std::vector<uint8_t> stored(n * SourceBytes(Source::kQ8_0, k));
  for (size_t row = 0; row < n; ++row) {
    for (size_t g = 0; g < k / 32; ++g) {
      uint8_t* group = stored.data() + (row * k / 32 + g) * 34;
      const uint16_t scale = static_cast<uint16_t>(0x2c00 + 37 * row + g);
      std::memcpy(group, &scale, 2);
      for (size_t i = 0; i < 32; ++i) group[2 + i] = static_cast<uint8_t>(g * 32 + i + row);
    }
  }
  std::vector<float> expected(n * k);
  table().ToF32(Source::kQ8_0, stored.data(), n * k, expected.data());
  AlignedBytes panels(PanelBytes(Packing::kQ8_0, n, k));
  table().PackPanels(Packing::kQ8_0, Source::kQ8_0, stored.data(), SourceBytes(Source::kQ8_0, k), n,
                     k, 0, 1, panels.get());
  AlignedBytes row(RowBytes(Packing::kQ8_0, k));
  for (size_t at = 0; at < k; ++at) {
    for (const float sign : {127.0f, -127.0f}) {
      std::vector<float> x(k);
      x[at] = sign;
      table().PackRows(Packing::kQ8_0, x.data(), k, 1, k, 0, 1, row.get());
      float y[16];
      table().MatMul({.packing = Packing::kQ8_0,
                      .panels = panels.get(),
                      .n = n,
                      .k = k,
                      .rows = row.get(),
                      .row_stride = row.size(),
                      .row_begin = 0,
                      .row_end = 1,
                      .tile_begin = 0,
                      .tile_end = 1,
                      .y = y,
                      .ldy = 16});
      for (size_t i = 0; i < n; ++i) ASSERT_EQ(y[i], sign * expected[i * k + at]);
    }
  }
}

TEST_P(ConvertTest, NotANumberStaysOne) {
  const size_t k = 64;
  std::vector<float> x(k, 1.0f), w(16 * k, 1.0f);
  x[40] = std::nanf("");
  AlignedBytes panels(PanelBytes(Packing::kQ8_0, 16, k)), row(RowBytes(Packing::kQ8_0, k));
  table().PackPanels(Packing::kQ8_0, Source::kF32, w.data(), k * 4, 16, k, 0, 1, panels.get());
  table().PackRows(Packing::kQ8_0, x.data(), k, 1, k, 0, 1, row.get());
  float y[16];
  table().MatMul({.packing = Packing::kQ8_0,
                  .panels = panels.get(),
                  .n = 16,
                  .k = k,
                  .rows = row.get(),
                  .row_stride = row.size(),
                  .row_begin = 0,
                  .row_end = 1,
                  .tile_begin = 0,
                  .tile_end = 1,
                  .y = y,
                  .ldy = 16});
  for (const float v : y) EXPECT_TRUE(std::isnan(v));
}

// Both ways of packing f32, and every packing's strided rows, give what the plain ones give.
TEST_P(ConvertTest, StridedPackingIsTheSame) {
  const size_t n = 37, k = 160;
  const std::vector<float> w = RandomFloats(n * k, 5);
  std::vector<float> transposed(n * k);
  for (size_t i = 0; i < n * k; ++i) transposed[i % k * n + i / k] = w[i];
  for (const Packing packing : {Packing::kF32, Packing::kBf16, Packing::kQ8_0}) {
    AlignedBytes plain(PanelBytes(packing, n, k)), by_row(plain.size()), by_column(plain.size());
    table().PackPanels(packing, Source::kF32, w.data(), k * 4, n, k, 0, 3, plain.get());
    table().PackPanelsStrided(packing, w.data(), k, 1, n, k, 0, 1, by_row.get());
    table().PackPanelsStrided(packing, w.data(), k, 1, n, k, 1, 3, by_row.get());
    table().PackPanelsStrided(packing, transposed.data(), 1, n, n, k, 0, 3, by_column.get());
    EXPECT_EQ(std::memcmp(plain.get(), by_row.get(), plain.size()), 0);
    EXPECT_EQ(std::memcmp(plain.get(), by_column.get(), plain.size()), 0);
    AlignedBytes rows(RowBytes(packing, k) * n), strided(rows.size());
    table().PackRows(packing, w.data(), k, 1, k, 0, n, rows.get());
    table().PackRows(packing, transposed.data(), 1, n, k, 0, 20, strided.get());
    table().PackRows(packing, transposed.data(), 1, n, k, 20, n, strided.get());
    EXPECT_EQ(std::memcmp(rows.get(), strided.get(), rows.size()), 0);
  }
}

}  // namespace
}  // namespace parvis::kernels
