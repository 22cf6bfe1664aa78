#include "parvis/runtime/probabilities.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace parvis::runtime {

std::vector<double> Softmax(std::span<const float> scores) {
  std::vector<double> result(scores.size());
  if (scores.empty()) return result;
  const double largest = *std::max_element(scores.begin(), scores.end());
  double sum = 0;
  for (size_t i = 0; i < scores.size(); ++i) sum += result[i] = std::exp(scores[i] - largest);
  for (double& value : result) value /= sum;
  return result;
}

std::vector<double> Sigmoid(std::span<const float> scores) {
  std::vector<double> result;
  for (const float score : scores) result.push_back(1.0 / (1.0 + std::exp(-double{score})));
  return result;
}

LabelFunction LabelFunctionOf(std::string_view problem_type, size_t num_labels) {
  if (problem_type == "regression") return LabelFunction::kNone;
  if (problem_type == "multi_label_classification" || num_labels == 1) {
    return LabelFunction::kSigmoid;
  }
  return LabelFunction::kSoftmax;
}

std::vector<double> Apply(LabelFunction function, std::span<const float> scores) {
  switch (function) {
    case LabelFunction::kNone:
      return {scores.begin(), scores.end()};
    case LabelFunction::kSoftmax:
      return Softmax(scores);
    case LabelFunction::kSigmoid:
      return Sigmoid(scores);
  }
  return {};
}

std::vector<size_t> Largest(std::span<const double> values, size_t count) {
  std::vector<size_t> places(values.size());
  std::iota(places.begin(), places.end(), size_t{0});
  count = std::min(count, places.size());
  std::partial_sort(
      places.begin(), places.begin() + static_cast<int64_t>(count), places.end(),
      [&](size_t a, size_t b) { return values[a] != values[b] ? values[a] > values[b] : a < b; });
  places.resize(count);
  return places;
}

}  // namespace parvis::runtime
