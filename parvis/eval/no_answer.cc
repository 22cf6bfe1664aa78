#include "parvis/eval/no_answer.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace parvis::eval {

double ScoreWithThreshold(const AnswerMark& mark, double threshold) {
  if (mark.no_answer > threshold) return mark.answerable ? 0.0 : 1.0;
  return mark.score;
}

ThresholdSearch::ThresholdSearch(std::vector<AnswerMark> marks)
    : marks_(std::move(marks)), order_(marks_.size()) {
  std::iota(order_.begin(), order_.end(), 0u);
  std::stable_sort(order_.begin(), order_.end(), [this](uint32_t a, uint32_t b) {
    return marks_[a].no_answer < marks_[b].no_answer;
  });
}

BestThreshold ThresholdSearch::Of(std::span<const uint32_t> sample) const {
  std::vector<uint32_t> times(marks_.size(), 0);
  double sum = 0.0;  // if nothing is answered
  for (const uint32_t i : sample) {
    ++times[i];
    sum += marks_[i].answerable ? 0.0 : 1.0;
  }
  BestThreshold best{sum, 0.0};
  for (const uint32_t i : order_) {
    const AnswerMark& mark = marks_[i];
    const double change = mark.answerable ? mark.score : mark.said ? -1.0 : 0.0;
    sum += change * times[i];
    if (sum > best.score) best = {sum, mark.no_answer};
  }
  best.score *= 100.0 / static_cast<double>(std::max<size_t>(sample.size(), 1));
  return best;
}

}  // namespace parvis::eval
