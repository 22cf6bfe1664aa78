#include <algorithm>
#include <cmath>
#include <limits>

#include "parvis/kernels/test_support.h"

// Elementwise functions, against the C library in double.
namespace parvis::kernels {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// From far left to far right, densely around 0.
std::vector<float> Points() {
  std::vector<float> x = {0.0f, -0.0f};
  for (float size = 1e-6f; size < 200.0f; size *= 1.01f) {
    x.push_back(size);
    x.push_back(-size);
  }
  return x;
}

double Exact(Activation activation, double x) {
  switch (activation) {
    case Activation::kSilu:
      return x / (1.0 + std::exp(-x));
    case Activation::kGeluTanh:
      return 0.5 * x * (1.0 + std::tanh(std::sqrt(2.0 / M_PI) * (x + 0.044715 * x * x * x)));
    case Activation::kGeluErf:
      return 0.5 * x * std::erfc(-x / std::sqrt(2.0));
    case Activation::kRelu:
      return std::max(x, 0.0);
    case Activation::kTanh:
      return std::tanh(x);
  }
  return 0.0;
}

double ExactSlope(Activation activation, double x) {
  const double step = 1e-5;
  return (Exact(activation, x + step) - Exact(activation, x - step)) / (2.0 * step);
}

const Activation kActivations[] = {Activation::kSilu, Activation::kGeluTanh, Activation::kGeluErf,
                                   Activation::kRelu, Activation::kTanh};

using ElementwiseTest = KernelTest;
PARVIS_ON_EVERY_TARGET(ElementwiseTest);

TEST_P(ElementwiseTest, ActivationsEqualTheFormula) {
  const std::vector<float> x = Points();
  std::vector<float> y(x.size()), grad(x.size());
  const std::vector<float> ones(x.size(), 1.0f);
  for (const Activation activation : kActivations) {
    table().Activate(activation, x.data(), x.size(), y.data());
    table().ActivateBackward(activation, x.data(), ones.data(), x.size(), grad.data());
    for (size_t i = 0; i < x.size(); ++i) {
      ASSERT_NEAR(y[i], Exact(activation, x[i]), 2e-7 * std::fabs(x[i]) + 1e-12) << x[i];
      if (activation == Activation::kRelu && std::fabs(x[i]) < 1e-4f) continue;
      ASSERT_NEAR(grad[i], ExactSlope(activation, x[i]), 2e-6) << x[i];
    }
  }
}

// The far left of the error function keeps its relative accuracy.
TEST_P(ElementwiseTest, GeluErfIsRelativelyExactToTheLeft) {
  for (float x = -0.01f; x > -10.0f; x -= 0.01f) {
    float y = 0.0f;
    table().Activate(Activation::kGeluErf, &x, 1, &y);
    const double exact = Exact(Activation::kGeluErf, x);
    ASSERT_NEAR(y / exact, 1.0, 1e-5) << x;  // x²/2 in f32 alone costs 3e-6 at -10
  }
}

TEST_P(ElementwiseTest, ActivationsOfExtremes) {
  const float x[] = {std::nanf(""), 3e38f, -3e38f};
  float y[3];
  for (const Activation activation : kActivations) {
    table().Activate(activation, x, 3, y);
    const bool bounded = activation == Activation::kTanh;
    EXPECT_TRUE(std::isnan(y[0]));
    EXPECT_EQ(y[1], bounded ? 1.0f : 3e38f);
    EXPECT_EQ(y[2], bounded ? -1.0f : 0.0f);
    const float ones[] = {1.0f, 1.0f, 1.0f};
    table().ActivateBackward(activation, x + 1, ones, 2, y);
    EXPECT_EQ(y[0], bounded ? 0.0f : 1.0f);
    EXPECT_EQ(y[1], 0.0f);
  }
}

TEST_P(ElementwiseTest, GatedAndItsGradients) {
  for (const size_t size : {1, 15, 16, 17, 100}) {
    const std::vector<float> gate = RandomFloats(size, 1, 4.0f), up = RandomFloats(size, 2),
                             grad = RandomFloats(size, 3);
    for (const Activation activation : kActivations) {
      std::vector<float> y(size), grad_gate(size), grad_up(size);
      table().Gated(activation, gate.data(), up.data(), size, y.data());
      table().GatedBackward(activation, gate.data(), up.data(), grad.data(), size, grad_gate.data(),
                            grad_up.data());
      for (size_t i = 0; i < size; ++i) {
        const double value = Exact(activation, gate[i]);
        ASSERT_NEAR(y[i], value * up[i], 1e-6);
        ASSERT_NEAR(grad_up[i], grad[i] * value, 1e-6);
        ASSERT_NEAR(grad_gate[i], grad[i] * up[i] * ExactSlope(activation, gate[i]), 2e-6);
      }
    }
  }
}

TEST_P(ElementwiseTest, AddAddToSumRows) {
  for (const size_t size : {1, 16, 33}) {
    const std::vector<float> a = RandomFloats(size, 1), b = RandomFloats(size, 2);
    std::vector<float> y(size), z = b;
    table().Add(a.data(), b.data(), size, y.data());
    table().AddTo(a.data(), 0.5f, size, z.data());
    for (size_t i = 0; i < size; ++i) {
      ASSERT_EQ(y[i], a[i] + b[i]);
      ASSERT_EQ(z[i], std::fma(0.5f, a[i], b[i]));
    }
    const size_t rows = 9;
    const std::vector<float> x = RandomFloats(rows * (size + 2), 3);
    std::vector<float> sum(size, 1.0f);
    table().SumRows(x.data(), rows, size + 2, 0, size, sum.data());
    for (size_t i = 0; i < size; ++i) {
      float exact = 0.0f;
      for (size_t r = 0; r < rows; ++r) exact += x[r * (size + 2) + i];
      ASSERT_EQ(sum[i], 1.0f + exact);
    }
  }
}

TEST_P(ElementwiseTest, RopeRotatesAndBack) {
  for (const size_t head_dim : {8, 48, 64, 70}) {
    for (const size_t rotary : {head_dim, head_dim / 4 * 2}) {
      const size_t rows = 3, heads = 2, stride = heads * head_dim + 5, half = rotary / 2;
      const std::vector<float> x = RandomFloats(rows * stride, 4);
      std::vector<float> cosine(rows * half), sine(rows * half), y = x;
      for (size_t i = 0; i < rows * half; ++i) {
        cosine[i] = std::cos(static_cast<float>(i));
        sine[i] = std::sin(static_cast<float>(i));
      }
      table().Rope(y.data(), rows, stride, heads, head_dim, rotary, cosine.data(), sine.data(),
                   false);
      for (size_t r = 0; r < rows; ++r) {
        for (size_t i = 0; i < stride; ++i) {
          const size_t d = i % head_dim, at = r * stride + i;
          if (i >= heads * head_dim || d >= rotary) {
            ASSERT_EQ(y[at], x[at]);
          } else {
            const double c = cosine[r * half + d % half], s = sine[r * half + d % half];
            const double exact =
                d < half ? x[at] * c - x[at + half] * s : x[at] * c + x[at - half] * s;
            ASSERT_NEAR(y[at], exact, 2e-7);
          }
        }
      }
      table().Rope(y.data(), rows, stride, heads, head_dim, rotary, cosine.data(), sine.data(),
                   true);
      for (size_t i = 0; i < y.size(); ++i) ASSERT_NEAR(y[i], x[i], 3e-7);
    }
  }
}

TEST(ElementwiseTargets, SameBitsOnAll) {
  const std::vector<float> x = Points();
  for (const Activation activation : kActivations) {
    std::vector<float> reference(x.size()), slope(x.size());
    const std::vector<float> ones(x.size(), 1.0f);
    const Table& scalar = TableOf(Target::kScalar);
    scalar.Activate(activation, x.data(), x.size(), reference.data());
    scalar.ActivateBackward(activation, x.data(), ones.data(), x.size(), slope.data());
    for (const Target target : SupportedTargets()) {
      std::vector<float> y(x.size()), grad(x.size());
      TableOf(target).Activate(activation, x.data(), x.size(), y.data());
      TableOf(target).ActivateBackward(activation, x.data(), ones.data(), x.size(), grad.data());
      EXPECT_TRUE(SameBits(reference, y)) << TargetName(target);
      EXPECT_TRUE(SameBits(slope, grad)) << TargetName(target);
    }
  }
}

// --- softmax and loss
// -----------------------------------------------------------------------------

using LossTest = KernelTest;
PARVIS_ON_EVERY_TARGET(LossTest);

TEST_P(LossTest, SoftmaxEqualsTheFormula) {
  for (const size_t size : {1, 2, 15, 16, 17, 1000, 50257}) {
    const std::vector<float> x = RandomFloats(size, 1, 30.0f);
    double sum = 0.0;
    for (const float v : x) sum += std::exp(static_cast<double>(v));
    EXPECT_NEAR(table().LogSumExp(x.data(), size), std::log(sum),
                1e-6 + 1e-7 * std::fabs(std::log(sum)));
    std::vector<float> y = x;
    table().Softmax(y.data(), size);
    for (size_t i = 0; i < size; ++i) {
      const double exact = std::exp(static_cast<double>(x[i])) / sum;
      ASSERT_NEAR(y[i], exact, 5e-6 * exact + 1e-30);
    }
  }
}

// Within one unit of float over the whole range: e^x through a softmax of {0, x} would hide it, so
// LogSumExp and Softmax are asked where e^x alone decides.
TEST_P(LossTest, ExponentialIsExact) {
  for (float x = -87.0f; x < 0.0f; x += 0.0137f) {
    float pair[] = {0.0f, x};
    table().Softmax(pair, 2);
    const double e = std::exp(static_cast<double>(x));
    ASSERT_NEAR(pair[1] / (e / (1.0 + e)), 1.0, 2.5e-7) << x;
  }
  float far[] = {0.0f, -103.0f, -1000.0f, -kInfinity};
  table().Softmax(far, 4);
  EXPECT_NEAR(far[1], std::exp(-103.0), 1e-45);
  EXPECT_EQ(far[2], 0.0f);
  EXPECT_EQ(far[3], 0.0f);
}

TEST_P(LossTest, LogarithmIsExact) {
  for (float x = 0.0f; x < 200.0f; x += 0.37f) {
    const std::vector<float> many(static_cast<size_t>(1 + 50 * x), -x);
    const double exact = std::log(static_cast<double>(many.size())) - x;
    EXPECT_NEAR(table().LogSumExp(many.data(), many.size()), exact, 1e-6 + 1e-7 * x);
  }
}

TEST_P(LossTest, CrossEntropyAndItsGradient) {
  for (const size_t size : {1, 5, 16, 100, 32000}) {
    const std::vector<float> x = RandomFloats(size, 2, 10.0f);
    const size_t target = size / 3;
    double sum = 0.0;
    for (const float v : x) sum += std::exp(static_cast<double>(v));
    std::vector<float> logits = x;
    const float loss = table().CrossEntropy(logits.data(), size, target, 0.0f);
    EXPECT_TRUE(SameBits(logits, x));
    EXPECT_NEAR(loss, std::log(sum) - x[target], 2e-6);
    EXPECT_EQ(table().CrossEntropy(logits.data(), size, target, 0.25f), loss);
    for (size_t i = 0; i < size; ++i) {
      const double p = std::exp(static_cast<double>(x[i])) / sum;
      ASSERT_NEAR(logits[i], 0.25 * (p - (i == target ? 1.0 : 0.0)), 1e-7 * (p + 1.0));
    }
  }
}

TEST_P(LossTest, SumOfSquares) {
  for (const size_t size : {0, 1, 16, 31, 1000}) {
    const std::vector<float> x = RandomFloats(size, 3);
    double exact = 0.0;
    for (const float v : x) exact += static_cast<double>(v) * v;
    EXPECT_NEAR(table().SumOfSquares(x.data(), size), exact, 1e-12 * exact);
    EXPECT_EQ(table().SumOfSquares(x.data(), size),
              TableOf(Target::kScalar).SumOfSquares(x.data(), size));
  }
}

TEST_P(LossTest, AdamWEqualsTheFormula) {
  for (const size_t size : {1, 16, 45}) {
    std::vector<float> w = RandomFloats(size, 1), m = RandomFloats(size, 2), v(size),
                       g = RandomFloats(size, 4);
    for (size_t i = 0; i < size; ++i) v[i] = 0.01f + w[i] * w[i];
    const std::vector<float> w0 = w, m0 = m, v0 = v;
    const AdamWArgs args = {.weight = w.data(),
                            .m = m.data(),
                            .v = v.data(),
                            .grad = g.data(),
                            .size = size,
                            .grad_scale = 0.5f,
                            .learning_rate = 1e-2f,
                            .beta1 = 0.9f,
                            .beta2 = 0.95f,
                            .epsilon = 1e-8f,
                            .weight_decay = 0.1f,
                            .bias_correction1 = 0.271f,
                            .bias_correction2 = 0.142625f};
    table().AdamW(args);
    for (size_t i = 0; i < size; ++i) {
      const double grad = 0.5 * g[i];
      const double em = 0.9 * m0[i] + 0.1 * grad, ev = 0.95 * v0[i] + 0.05 * grad * grad;
      const double step = em / 0.271 / (std::sqrt(ev / 0.142625) + 1e-8);
      ASSERT_NEAR(m[i], em, 2e-7);
      ASSERT_NEAR(v[i], ev, 2e-7);
      ASSERT_NEAR(w[i], w0[i] - 1e-2 * (step + 0.1 * w0[i]), 3e-7);
    }
  }
}

}  // namespace
}  // namespace parvis::kernels
