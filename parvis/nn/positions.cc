#include "parvis/nn/positions.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace parvis::nn {
namespace {

constexpr double kTurn = 2.0 * std::numbers::pi;

// Long waves are stretched, short ones kept, those between mixed.
double Llama3(double radians, const RopeScaling& s) {
  const auto original = static_cast<double>(s.original_context_length);
  const double wavelength = kTurn / radians;
  if (wavelength > original / s.low_freq_factor) return radians / s.factor;
  if (wavelength < original / s.high_freq_factor) return radians;
  const double smooth = (original / wavelength - s.low_freq_factor) /
                        (static_cast<double>(s.high_freq_factor) - s.low_freq_factor);
  return (1.0 - smooth) * radians / s.factor + smooth * radians;
}

// The pair whose wave turns `turns` times in the original context.
double YarnPair(double turns, const RotaryPositions& rotary) {
  const auto original = static_cast<double>(rotary.scaling.original_context_length);
  return static_cast<double>(rotary.rotary_dim) * std::log(original / (turns * kTurn)) /
         (2.0 * std::log(static_cast<double>(rotary.theta)));
}

double Yarn(double radians, int64_t pair, const RotaryPositions& rotary) {
  const RopeScaling& s = rotary.scaling;
  const double low = std::max(0.0, std::floor(YarnPair(s.beta_fast, rotary)));
  double high = std::min(static_cast<double>(rotary.rotary_dim - 1),
                         std::ceil(YarnPair(s.beta_slow, rotary)));
  if (high == low) high += 0.001;
  const double ramp = std::clamp((static_cast<double>(pair) - low) / (high - low), 0.0, 1.0);
  return radians / s.factor * ramp + radians * (1.0 - ramp);
}

}  // namespace

std::vector<int32_t> PositionsOf(std::span<const ops::Segment> segments) {
  std::vector<int32_t> positions;
  for (const ops::Segment& segment : segments) {
    for (int64_t i = 0; i < segment.count; ++i) {
      positions.push_back(static_cast<int32_t>(segment.position + i));
    }
  }
  return positions;
}

RotaryFrequencies FrequenciesOf(const RotaryPositions& rotary, int64_t context_length) {
  RotaryPositions r = rotary;
  RopeScaling& s = r.scaling;
  if (s.original_context_length == 0) s.original_context_length = context_length;
  RotaryFrequencies frequencies;
  for (int64_t pair = 0; pair < r.rotary_dim / 2; ++pair) {
    double radians = std::pow(static_cast<double>(r.theta),
                              -2.0 * static_cast<double>(pair) / static_cast<double>(r.rotary_dim));
    switch (s.kind) {
      case RopeScaling::Kind::kNone:
        break;
      case RopeScaling::Kind::kLinear:
        radians /= s.factor;
        break;
      case RopeScaling::Kind::kLlama3:
        radians = Llama3(radians, s);
        break;
      case RopeScaling::Kind::kYarn:
        radians = Yarn(radians, pair, r);
        break;
      case RopeScaling::Kind::kDivisors:
        radians /= s.divisors[pair];
        break;
    }
    frequencies.radians.push_back(static_cast<float>(radians));
  }
  if (s.kind == RopeScaling::Kind::kYarn) {
    frequencies.magnitude = s.attention_factor > 0.0f ? s.attention_factor
                            : s.factor <= 1.0f
                                ? 1.0f
                                : static_cast<float>(0.1 * std::log(double{s.factor}) + 1.0);
  }
  return frequencies;
}

std::vector<float> AlibiSlopesOf(const AlibiPositions& alibi, int64_t num_heads) {
  int64_t power = 1;
  while (power * 2 <= num_heads) power *= 2;
  const double base = std::exp2(-double{alibi.max_bias} / static_cast<double>(power));
  const double between = std::exp2(-double{alibi.max_bias} / static_cast<double>(2 * power));
  std::vector<float> slopes;
  for (int64_t head = 0; head < num_heads; ++head) {
    const double slope = head < power
                             ? std::pow(base, static_cast<double>(head + 1))
                             : std::pow(between, static_cast<double>(2 * (head - power) + 1));
    slopes.push_back(static_cast<float>(slope));
  }
  return slopes;
}

ops::Rotation RotationOf(const ops::Exec& exec, const RotaryFrequencies& frequencies,
                         std::span<const int32_t> positions) {
  const auto rows = static_cast<int64_t>(positions.size());
  const auto half = static_cast<int64_t>(frequencies.radians.size());
  ops::Rotation rotation{Tensor::Empty({rows, half}), Tensor::Empty({rows, half})};
  exec.pool().For(rows, 16, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      for (int64_t i = 0; i < half; ++i) {
        // The angle in f32, as the reference computes it; its cosine exactly.
        const float angle = static_cast<float>(positions[r]) * frequencies.radians[i];
        rotation.cosine.f32()[r * half + i] =
            static_cast<float>(std::cos(double{angle})) * frequencies.magnitude;
        rotation.sine.f32()[r * half + i] =
            static_cast<float>(std::sin(double{angle})) * frequencies.magnitude;
      }
    }
  });
  return rotation;
}

}  // namespace parvis::nn
