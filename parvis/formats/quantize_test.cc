// Conversions against the definitions, in double precision.

#include "parvis/formats/quantize.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <vector>

#include "gtest/gtest.h"

namespace parvis::formats {
namespace {

// The value of f16 bits, from its definition.
double HalfValue(uint16_t bits) {
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  const double sign = bits & 0x8000 ? -1 : 1;
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  return sign * std::ldexp(1024 + fraction, exponent - 25);
}

std::vector<float> SomeNumbers(int count) {
  std::vector<float> numbers(count);
  uint32_t state = 1;
  for (float& number : numbers) {
    state = state * 1664525u + 1013904223u;
    number = std::ldexp(static_cast<float>(static_cast<int32_t>(state)), -31 - (state >> 8) % 12);
  }
  return numbers;
}

template <typename T>
std::vector<T> As(const Tensor& tensor) {
  std::vector<T> values(tensor.bytes() / sizeof(T));
  std::memcpy(values.data(), tensor.data(), tensor.bytes());
  return values;
}

TEST(ConvertTensor, RoundsToTheNearestBf16) {
  ThreadPool pool(2);
  const std::vector<float> numbers = SomeNumbers(10'000);
  const auto narrow = ConvertTensor(Tensor::Of({10, 1000}, numbers), DType::kBf16, pool);
  ASSERT_TRUE(narrow.ok()) << narrow.status().message();
  const auto bits = As<uint16_t>(*narrow);
  for (size_t i = 0; i < numbers.size(); ++i) {
    const auto raw = std::bit_cast<uint32_t>(numbers[i]);
    const uint32_t low = raw & 0xFFFF;
    uint32_t expected = raw >> 16;
    if (low > 0x8000 || (low == 0x8000 && expected % 2 == 1)) ++expected;
    ASSERT_EQ(bits[i], expected) << numbers[i];
  }
  const auto wide = ConvertTensor(*narrow, DType::kF32, pool);
  EXPECT_EQ(std::bit_cast<uint32_t>(wide->f32()[77]), uint32_t{bits[77]} << 16);
}

TEST(ConvertTensor, RoundsToTheNearestF16) {
  ThreadPool pool(2);
  const std::vector<float> numbers = SomeNumbers(10'000);
  const auto narrow = ConvertTensor(Tensor::Of({10, 1000}, numbers), DType::kF16, pool);
  ASSERT_TRUE(narrow.ok()) << narrow.status().message();
  const auto bits = As<uint16_t>(*narrow);
  for (size_t i = 0; i < numbers.size(); ++i) {
    const double error = std::abs(HalfValue(bits[i]) - numbers[i]);
    // Neither neighbour is nearer.
    ASSERT_LE(error, std::abs(HalfValue(bits[i] + 1) - numbers[i])) << numbers[i];
    if ((bits[i] & 0x7FFF) > 0) {
      ASSERT_LE(error, std::abs(HalfValue(bits[i] - 1) - numbers[i])) << numbers[i];
    }
  }
}

TEST(ConvertTensor, QuantisesGroupsOf32) {
  ThreadPool pool(2);
  std::vector<float> numbers = SomeNumbers(64 * 320);
  for (int i = 0; i < 32; ++i) numbers[i] = 0.0f;  // a group of zeros
  const auto quantised = ConvertTensor(Tensor::Of({64, 320}, numbers), DType::kQ8_0, pool);
  ASSERT_TRUE(quantised.ok()) << quantised.status().message();
  const auto wide = ConvertTensor(*quantised, DType::kF32, pool);
  ASSERT_TRUE(wide.ok()) << wide.status().message();
  const auto bytes = As<uint8_t>(*quantised);
  for (size_t group = 0; group < numbers.size() / 32; ++group) {
    double amax = 0;
    for (int i = 0; i < 32; ++i) {
      amax = std::max<double>(amax, std::abs(numbers[group * 32 + i]));
    }
    uint16_t half;
    std::memcpy(&half, &bytes[group * 34], sizeof(half));
    const double scale = HalfValue(half);
    EXPECT_NEAR(scale, amax / 127, amax / 127 / 2048 + 0x1p-25);
    for (int i = 0; i < 32; ++i) {
      const double x = numbers[group * 32 + i];
      const auto q = static_cast<int8_t>(bytes[group * 34 + 2 + i]);
      ASSERT_LE(std::abs(q * scale - x), scale * 0.5 + std::abs(x) / 1000) << x;
      ASSERT_EQ(wide->f32()[group * 32 + i], static_cast<float>(q * scale));
    }
  }
}

TEST(ConvertTensor, DoesNotDependOnThreadsAndRefusesWhatItCannotDo) {
  ThreadPool one(1), four(4);
  const Tensor tensor = Tensor::Of({33, 320}, SomeNumbers(33 * 320));
  const auto a = ConvertTensor(tensor, DType::kQ8_0, one);
  const auto b = ConvertTensor(tensor, DType::kQ8_0, four);
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(As<uint8_t>(*a), As<uint8_t>(*b));
  EXPECT_EQ(ConvertTensor(Tensor::Zeros({2, 33}), DType::kQ8_0, one).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(ConvertTensor(tensor, DType::kI32, one).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace parvis::formats
