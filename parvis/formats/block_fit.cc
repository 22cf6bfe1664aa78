#include "parvis/formats/block_fit.h"

#include <algorithm>
#include <cmath>

namespace parvis::formats {
namespace {

constexpr size_t kWidth = 8;  // sums are taken in so many lanes, so that they are vectorised
constexpr int kTrials = 12;   // to each side of the plain scale
constexpr int kRefinements = 3;

// Halves to even. The sum's low bits are the whole number.
inline float Nearest(float x) {
  constexpr float kMagic = 12582912.0f;  // 1.5 * 2^23
  return (x + kMagic) - kMagic;
}

float Total(const float (&lanes)[kWidth]) {
  float sum = 0.0f;
  for (const float lane : lanes) sum += lane;
  return sum;
}

// What a least-squares line needs of numbers and their codes.
struct Sums {
  float q, qq, qx;
};

Sums SumsOf(const float* x, size_t n, float inverse, float offset, float low, float high) {
  float q[kWidth] = {}, qq[kWidth] = {}, qx[kWidth] = {};
  for (size_t i = 0; i < n; i += kWidth) {
    for (size_t l = 0; l < kWidth; ++l) {
      const float scaled = (x[i + l] + offset) * inverse;
      const float code = Nearest(std::min(high, std::max(low, scaled)));
      q[l] += code;
      qq[l] += code * code;
      qx[l] += code * x[i + l];
    }
  }
  return {Total(q), Total(qq), Total(qx)};
}

}  // namespace

float FitScale(const float* x, size_t n, int half) {
  float largest = 0.0f;
  for (size_t i = 0; i < n; ++i) {
    if (std::fabs(x[i]) > std::fabs(largest)) largest = x[i];
  }
  if (largest == 0.0f) return 0.0f;
  const auto low = static_cast<float>(-half), high = static_cast<float>(half - 1);
  float best = largest / low, gain = 0.0f;  // gain: how much of the sum of x² is explained
  const auto judge = [&](float inverse) {
    const Sums sums = SumsOf(x, n, inverse, 0.0f, low, high);
    if (sums.qq <= 0.0f) return;
    const float explained = sums.qx / sums.qq * sums.qx;
    if (explained > gain && std::isfinite(explained)) {
      gain = explained;
      best = sums.qx / sums.qq;
    }
  };
  // The largest number at the end with one code more, and, turned round, at the other end.
  for (int trial = -kTrials; trial <= kTrials; ++trial) {
    const float step = 0.1f * static_cast<float>(trial);
    judge((low + step) / largest);
    judge((high + step) / largest);
  }
  for (int i = 0; i < kRefinements; ++i) {
    if (best != 0.0f) judge(1.0f / best);
  }
  return best;
}

Affine FitAffine(const float* x, size_t n, int top, bool from_zero) {
  float low = x[0], high = x[0], sum = 0.0f;
  for (size_t i = 0; i < n; ++i) {
    low = std::min(low, x[i]);
    high = std::max(high, x[i]);
    sum += x[i];
  }
  if (from_zero) {
    low = std::min(low, 0.0f);
    high = std::max(high, 0.0f);  // else codes 0 stand for the minimum, and there is no other
  }
  if (!(high > low)) return {0.0f, -low};
  const auto count = static_cast<float>(n);
  Affine best = {(high - low) / static_cast<float>(top), -low};
  float gain = -1.0f;
  const auto judge = [&](Affine trial) {
    if (!(trial.scale > 0.0f)) return;
    const Sums sums =
        SumsOf(x, n, 1.0f / trial.scale, trial.minimum, 0.0f, static_cast<float>(top));
    // The best line through (code, x), by its normal equations.
    const float spread = count * sums.qq - sums.q * sums.q;
    Affine fit = {0.0f, 0.0f};
    if (spread > 0.0f) {
      fit.scale = (count * sums.qx - sums.q * sum) / spread;
      fit.minimum = (fit.scale * sums.q - sum) / count;
    }
    if (sums.qq > 0.0f && (spread <= 0.0f || (from_zero && fit.minimum < 0.0f))) {
      fit = {sums.qx / sums.qq, 0.0f};  // through zero
    }
    if (!(fit.scale > 0.0f)) return;
    // the sum of x² less the error, expanded
    const float explained =
        2.0f * (fit.scale * sums.qx - fit.minimum * sum) - fit.scale * fit.scale * sums.qq +
        2.0f * fit.scale * fit.minimum * sums.q - count * fit.minimum * fit.minimum;
    if (std::isfinite(explained) && explained > gain) {
      gain = explained;
      best = fit;
    }
  };
  for (int trial = -kTrials; trial <= kTrials; ++trial) {
    const float steps = static_cast<float>(top) + 0.1f * static_cast<float>(trial);
    judge({(high - low) / steps, -low});
  }
  for (int i = 0; i < kRefinements; ++i) judge(best);
  return best;
}

float Encode(const float* x, size_t n, Affine fit, int low, int high, int* code) {
  const float inverse = fit.scale != 0.0f ? 1.0f / fit.scale : 0.0f;
  const auto least = static_cast<float>(low), most = static_cast<float>(high);
  float error[kWidth] = {};
  for (size_t i = 0; i < n; i += kWidth) {
    for (size_t l = 0; l < kWidth; ++l) {
      const float scaled = (x[i + l] + fit.minimum) * inverse;
      const float q = Nearest(std::min(most, std::max(least, scaled)));
      code[i + l] = static_cast<int>(q);
      const float difference = (fit.scale * q - fit.minimum) - x[i + l];
      error[l] += difference * difference;
    }
  }
  return Total(error);
}

}  // namespace parvis::formats
