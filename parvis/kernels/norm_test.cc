#include <cmath>

#include "parvis/kernels/test_support.h"

namespace parvis::kernels {
namespace {

constexpr float kEpsilon = 1e-5f;
constexpr size_t kRows = 3;
const size_t kSizes[] = {1, 2, 15, 16, 17, 31, 64, 100, 288};

struct Inputs {
  explicit Inputs(size_t size)
      : size(size),
        x(RandomFloats(kRows * size, 1, 3.0f)),
        weight(RandomFloats(size, 2)),
        bias(RandomFloats(size, 3)),
        grad(RandomFloats(kRows * size, 4)) {}
  size_t size;
  std::vector<float> x, weight, bias, grad;

  // One row of the norm in double. `centred`: layer norm.
  std::vector<double> Row(const std::vector<double>& row, bool centred) const {
    double mean = 0.0, variance = 0.0;
    if (centred) {
      for (const double v : row) mean += v / static_cast<double>(size);
    }
    for (const double v : row) variance += (v - mean) * (v - mean) / static_cast<double>(size);
    std::vector<double> y(size);
    for (size_t i = 0; i < size; ++i) {
      y[i] = (row[i] - mean) / std::sqrt(variance + kEpsilon) * weight[i];
      if (centred) y[i] += bias[i];
    }
    return y;
  }
  std::vector<double> RowOfX(size_t r) const {
    return {x.begin() + static_cast<ptrdiff_t>(r * size),
            x.begin() + static_cast<ptrdiff_t>((r + 1) * size)};
  }
  // d(sum of y * grad)/dx by central differences in double.
  double Slope(size_t r, size_t i, bool centred) const {
    const double step = 1e-5;
    double sum = 0.0;
    for (const double sign : {1.0, -1.0}) {
      std::vector<double> row = RowOfX(r);
      row[i] += sign * step;
      const std::vector<double> y = Row(row, centred);
      for (size_t j = 0; j < size; ++j) sum += sign * y[j] * grad[r * size + j];
    }
    return sum / (2.0 * step);
  }
};

struct Result {
  std::vector<float> y, mean, inverse, grad_x, grad_weight, grad_bias;
};

Result Norm(const Table& table, const Inputs& in, bool centred) {
  const size_t size = in.size;
  Result out = {std::vector<float>(kRows * size), std::vector<float>(kRows),
                std::vector<float>(kRows),        std::vector<float>(kRows * size),
                std::vector<float>(size, 1.0f),   std::vector<float>(size, 2.0f)};
  if (centred) {
    table.LayerNorm(in.x.data(), in.weight.data(), in.bias.data(), kEpsilon, kRows, size,
                    out.y.data(), out.mean.data(), out.inverse.data());
    table.LayerNormBackward(in.x.data(), in.weight.data(), out.mean.data(), out.inverse.data(),
                            in.grad.data(), kRows, size, out.grad_x.data());
  } else {
    table.RmsNorm(in.x.data(), in.weight.data(), kEpsilon, kRows, size, out.y.data(),
                  out.inverse.data());
    table.RmsNormBackward(in.x.data(), in.weight.data(), out.inverse.data(), in.grad.data(), kRows,
                          size, out.grad_x.data());
  }
  const size_t middle = size / 2 / 16 * 16;
  for (const auto& [begin, end] : {std::pair(size_t{0}, middle), std::pair(middle, size)}) {
    table.NormWeightGrad(in.x.data(), centred ? out.mean.data() : nullptr, out.inverse.data(),
                         in.grad.data(), kRows, size, begin, end, out.grad_weight.data(),
                         centred ? out.grad_bias.data() : nullptr);
  }
  return out;
}

using NormTest = KernelTest;
PARVIS_ON_EVERY_TARGET(NormTest);

TEST_P(NormTest, EqualTheFormulaAndItsSlope) {
  for (const size_t size : kSizes) {
    for (const bool centred : {false, true}) {
      if (centred && size < 15) continue;  // a tiny variance: the slope is too steep to compare
      const Inputs in(size);
      const Result out = Norm(table(), in, centred);
      std::vector<double> grad_weight(size, 1.0), grad_bias(size, 2.0);
      for (size_t r = 0; r < kRows; ++r) {
        const std::vector<double> y = in.Row(in.RowOfX(r), centred);
        for (size_t i = 0; i < size; ++i) {
          ASSERT_NEAR(out.y[r * size + i], y[i], 2e-6);
          ASSERT_NEAR(out.grad_x[r * size + i], in.Slope(r, i, centred), 2e-5) << size;
          const double normal = (y[i] - (centred ? in.bias[i] : 0.0f)) / in.weight[i];
          grad_weight[i] += in.grad[r * size + i] * normal;
          grad_bias[i] += in.grad[r * size + i];
        }
      }
      for (size_t i = 0; i < size; ++i) {
        ASSERT_NEAR(out.grad_weight[i], grad_weight[i], 3e-6);
        ASSERT_NEAR(out.grad_bias[i], centred ? grad_bias[i] : 2.0, 3e-6);
      }
    }
  }
}

TEST(NormTargets, SameBitsOnAll) {
  for (const size_t size : kSizes) {
    for (const bool centred : {false, true}) {
      const Inputs in(size);
      const Result reference = Norm(TableOf(Target::kScalar), in, centred);
      for (const Target target : SupportedTargets()) {
        const Result out = Norm(TableOf(target), in, centred);
        EXPECT_TRUE(SameBits(reference.y, out.y));
        EXPECT_TRUE(SameBits(reference.inverse, out.inverse));
        EXPECT_TRUE(SameBits(reference.grad_x, out.grad_x));
        EXPECT_TRUE(SameBits(reference.grad_weight, out.grad_weight));
        EXPECT_TRUE(SameBits(reference.grad_bias, out.grad_bias));
      }
    }
  }
}

}  // namespace
}  // namespace parvis::kernels
