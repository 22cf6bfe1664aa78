// Our quantisers beside ggml's on the same numbers (tools/goldens/make_quants.py), and their
// corners.

#include "parvis/formats/block_quantizer.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "parvis/core/thread_pool.h"
#include "parvis/formats/quantize.h"
#include "tests/golden_file.h"

namespace parvis::formats {
namespace {

constexpr DType kTypes[] = {DType::kQ4_0, DType::kQ4_1, DType::kQ5_0, DType::kQ5_1,
                            DType::kQ4K,  DType::kQ5K,  DType::kQ6K};

std::vector<float> ThereAndBack(const std::vector<float>& x, DType dtype) {
  ThreadPool pool(1);
  const Tensor wide = Tensor::Of({1, static_cast<int64_t>(x.size())}, x);
  const Result<Tensor> narrow = ConvertTensor(wide, dtype, pool);
  EXPECT_TRUE(narrow.ok()) << narrow.status().message();
  const Result<Tensor> back = ConvertTensor(*narrow, DType::kF32, pool);
  EXPECT_TRUE(back.ok());
  return {back->f32(), back->f32() + x.size()};
}

double ErrorOf(const std::vector<float>& x, const std::vector<float>& y) {
  double sum = 0;
  for (size_t i = 0; i < x.size(); ++i) sum += (double{y[i]} - x[i]) * (double{y[i]} - x[i]);
  return std::sqrt(sum / static_cast<double>(x.size()));
}

TEST(QuantiseBlocks, ErrsNoMoreThanGgml) {
  const GoldenFile golden(std::string(PARVIS_SOURCE_DIR) + "/tests/golden/quants.safetensors");
  const std::vector<float> numbers = golden.Floats("numbers");
  for (const DType dtype : kTypes) {
    const std::string name(DTypeName(dtype));
    const double reference = golden.Floats(name + ".error")[0];
    const double ours = ErrorOf(numbers, ThereAndBack(numbers, dtype));
    RecordProperty(name, std::to_string(ours / reference));
    EXPECT_LE(ours, reference) << name;
    EXPECT_GT(ours, 0.5 * reference) << name << ": too good to be true";
  }
}

// What a type can hold exactly, it keeps.
TEST(QuantiseBlocks, KeepsWhatFits) {
  for (const DType dtype : kTypes) {
    std::vector<float> steps(512), zeros(512, 0.0f);
    for (size_t i = 0; i < steps.size(); ++i) {
      steps[i] = 0.25f * (static_cast<float>(i % 16) - 8.0f);
    }
    for (const std::vector<float>& x : {steps, zeros}) {
      const std::vector<float> y = ThereAndBack(x, dtype);
      // A 6-bit scale of a 6-bit minimum is not exactly any number; all others are exact here.
      const bool six_bits = dtype == DType::kQ4K || dtype == DType::kQ5K || dtype == DType::kQ6K;
      for (size_t i = 0; i < x.size(); ++i) {
        ASSERT_NEAR(y[i], x[i], six_bits ? 0.02f : 0.0f) << DTypeName(dtype) << " " << i;
      }
    }
  }
}

TEST(QuantiseBlocks, OfTinyHugeAndMissingNumbers) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const DType dtype : kTypes) {
    for (const float size : {1e-42f, 1e-9f, 1e7f, 3e38f}) {
      std::vector<float> x(256);
      for (size_t i = 0; i < x.size(); ++i) {
        x[i] = size * (static_cast<float>(i * 37 % 256) / 256.0f - 0.5f);
      }
      for (const float y : ThereAndBack(x, dtype)) ASSERT_TRUE(std::isfinite(y)) << size;
    }
    for (const float bad : {kNan, kInfinity, -kInfinity}) {
      std::vector<float> x(256, 0.5f);
      x[3] = bad;
      EXPECT_TRUE(std::isnan(ThereAndBack(x, dtype)[3])) << DTypeName(dtype) << " " << bad;
    }
  }
}

TEST(QuantiseBlocks, RefusesRowsThatDoNotFillTheirGroups) {
  ThreadPool pool(1);
  EXPECT_EQ(ConvertTensor(Tensor::Zeros({2, 288}), DType::kQ4K, pool).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(ConvertTensor(Tensor::Zeros({2, 48}), DType::kQ4_0, pool).status().code(),
            StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace parvis::formats
