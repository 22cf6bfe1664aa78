#include "parvis/ops/contrastive_loss.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "parvis/core/check.h"

namespace parvis::ops {
namespace {

// The texts' vectors at length 1, and what they were before.
struct Vectors {
  int64_t count = 0, size = 0;
  std::vector<double> units, lengths;
  std::span<const double> unit(int64_t text) const {
    return {units.data() + text * size, static_cast<size_t>(size)};
  }
};

double Dot(std::span<const double> a, std::span<const double> b) {
  double sum = 0.0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

Vectors VectorsOf(const Tensor& hidden, std::span<const Segment> segments) {
  PARVIS_CHECK(segments.size() % 2 == 0);
  Vectors vectors{.count = static_cast<int64_t>(segments.size()), .size = hidden.dim(1)};
  vectors.units.resize(vectors.count * vectors.size, 0.0);
  for (int64_t text = 0; text < vectors.count; ++text) {
    const Segment& segment = segments[text];
    double* mean = vectors.units.data() + text * vectors.size;
    for (int64_t row = segment.begin; row < segment.begin + segment.count; ++row) {
      const float* values = hidden.f32() + row * vectors.size;
      for (int64_t i = 0; i < vectors.size; ++i) mean[i] += values[i];
    }
    for (int64_t i = 0; i < vectors.size; ++i) mean[i] /= static_cast<double>(segment.count);
    // As PyTorch's normalize has it: a vector of zeros stays one.
    const double length = std::max(1e-12, std::sqrt(Dot(vectors.unit(text), vectors.unit(text))));
    for (int64_t i = 0; i < vectors.size; ++i) mean[i] /= length;
    vectors.lengths.push_back(length);
  }
  return vectors;
}

// scores[i * pairs + j]: of text 2i and text 2j + 1.
std::vector<double> ScoresOf(const Exec* exec, const Vectors& vectors) {
  const int64_t pairs = vectors.count / 2;
  std::vector<double> scores(pairs * pairs);
  const auto rows = [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      for (int64_t j = 0; j < pairs; ++j) {
        scores[i * pairs + j] = Dot(vectors.unit(2 * i), vectors.unit(2 * j + 1));
      }
    }
  };
  if (exec != nullptr) {
    exec->pool().Dynamic(pairs, 1, rows);
  } else {
    rows(0, pairs);
  }
  return scores;
}

// The loss of one text whose scores stand at begin, begin + stride, …; adds its softmax less the
// target to `slope` at the same places.
double OneLoss(std::span<const double> scores, int64_t begin, int64_t stride, int64_t pairs,
               int64_t target, double scale, std::vector<double>& slope) {
  double largest = scores[begin], sum = 0.0;
  for (int64_t j = 1; j < pairs; ++j) largest = std::max(largest, scores[begin + j * stride]);
  for (int64_t j = 0; j < pairs; ++j)
    sum += std::exp((scores[begin + j * stride] - largest) * scale);
  for (int64_t j = 0; j < pairs; ++j) {
    const double p = std::exp((scores[begin + j * stride] - largest) * scale) / sum;
    slope[begin + j * stride] += p - (j == target ? 1.0 : 0.0);
  }
  return (largest - scores[begin + target * stride]) * scale + std::log(sum);
}

// d loss / d hidden, from d loss / d score (of cosines).
Tensor GradientOf(const Exec& exec, const Tensor& hidden, std::span<const Segment> segments,
                  const Vectors& vectors, std::span<const double> slope) {
  const Tensor grad = Tensor::Zeros(hidden.shape());
  const int64_t pairs = vectors.count / 2, size = vectors.size;
  exec.pool().Dynamic(vectors.count, 1, [&](int64_t begin, int64_t end) {
    std::vector<double> sum(size);
    for (int64_t text = begin; text < end; ++text) {
      const bool second = text % 2 == 1;
      std::fill(sum.begin(), sum.end(), 0.0);
      for (int64_t other = 0; other < pairs; ++other) {
        const double weight = slope[second ? other * pairs + text / 2 : text / 2 * pairs + other];
        const auto unit = vectors.unit(2 * other + (second ? 0 : 1));
        for (int64_t i = 0; i < size; ++i) sum[i] += weight * unit[i];
      }
      // Through the length, then through the mean.
      const auto own = vectors.unit(text);
      const double along = Dot(sum, own);
      const Segment& segment = segments[text];
      const double share = 1.0 / (vectors.lengths[text] * static_cast<double>(segment.count));
      for (int64_t i = 0; i < size; ++i) {
        const auto value = static_cast<float>((sum[i] - along * own[i]) * share);
        for (int64_t r = 0; r < segment.count; ++r) {
          grad.f32()[(segment.begin + r) * size + i] = value;
        }
      }
    }
  });
  return grad;
}

}  // namespace

Loss ContrastiveLoss(const Exec& exec, const Tensor& hidden, std::span<const Segment> segments,
                     float temperature, float grad_scale, std::span<float> each) {
  const Vectors vectors = VectorsOf(hidden, segments);
  const int64_t pairs = vectors.count / 2;
  const std::vector<double> scores = ScoresOf(&exec, vectors);
  const double scale = 1.0 / temperature;
  std::vector<double> slope(scores.size(), 0.0);
  Loss loss{.count = vectors.count};
  for (int64_t text = 0; text < vectors.count; ++text) {
    const int64_t pair = text / 2;
    const double one = text % 2 == 0 ? OneLoss(scores, pair * pairs, 1, pairs, pair, scale, slope)
                                     : OneLoss(scores, pair, pairs, pairs, pair, scale, slope);
    loss.sum += one;
    if (!each.empty()) each[text] = static_cast<float>(one);
  }
  if (!exec.recording()) return loss;
  for (double& value : slope) value *= scale * grad_scale;
  exec.tape().AddGrad(hidden, GradientOf(exec, hidden, segments, vectors, slope));
  return loss;
}

int64_t ContrastiveCorrect(const Tensor& hidden, std::span<const Segment> segments) {
  const Vectors vectors = VectorsOf(hidden, segments);
  const int64_t pairs = vectors.count / 2;
  const std::vector<double> scores = ScoresOf(nullptr, vectors);
  int64_t correct = 0;
  for (int64_t pair = 0; pair < pairs; ++pair) {
    bool row = true, column = true;
    for (int64_t j = 0; j < pairs; ++j) {
      if (j == pair) continue;
      row &= scores[pair * pairs + j] < scores[pair * pairs + pair];
      column &= scores[j * pairs + pair] < scores[pair * pairs + pair];
    }
    correct += (row ? 1 : 0) + (column ? 1 : 0);
  }
  return correct;
}

}  // namespace parvis::ops
