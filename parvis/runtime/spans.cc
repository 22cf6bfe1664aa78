#include "parvis/runtime/spans.h"

#include <algorithm>

#include "parvis/core/check.h"
#include "parvis/runtime/probabilities.h"
#include "parvis/text/lower_case.h"

namespace parvis::runtime {
namespace {

// Far below any score: what is no place for an answer has the probability 0.
constexpr float kNowhere = -10000.0f;

// That an answer begins (or ends) at each token; the first mark takes its share and gives nothing.
std::vector<double> Probabilities(const std::vector<SpanToken>& window, bool begins) {
  std::vector<float> scores;
  for (const SpanToken& token : window) {
    const bool counts = token.in_text || token.is_first;
    scores.push_back(!counts ? kNowhere : begins ? token.begin_score : token.end_score);
  }
  std::vector<double> probabilities = Softmax(scores);
  for (size_t i = 0; i < window.size(); ++i) {
    if (window[i].is_first) probabilities[i] = 0;
  }
  return probabilities;
}

struct Span {
  size_t first, last;
  double score;
};

// The best `count` of one window.
std::vector<Span> BestSpans(const std::vector<SpanToken>& window, size_t count, size_t max_tokens) {
  const std::vector<double> begins = Probabilities(window, true);
  const std::vector<double> ends = Probabilities(window, false);
  std::vector<Span> spans;
  for (size_t first = 0; first < window.size(); ++first) {
    if (!window[first].in_text) continue;
    for (size_t last = first; last < std::min(window.size(), first + max_tokens); ++last) {
      if (window[last].in_text) spans.push_back({first, last, begins[first] * ends[last]});
    }
  }
  std::stable_sort(spans.begin(), spans.end(),
                   [](const Span& a, const Span& b) { return a.score > b.score; });
  if (spans.size() > count) spans.resize(count);
  return spans;
}

// The words that a span touches, as far as they stand in the window.
std::pair<uint32_t, uint32_t> WholeWords(const std::vector<SpanToken>& window, const Span& span) {
  uint32_t begin = window[span.first].begin, end = window[span.last].end;
  for (const SpanToken& token : window) {
    if (!token.in_text) continue;
    if (token.word == window[span.first].word) begin = std::min(begin, token.begin);
    if (token.word == window[span.last].word) end = std::max(end, token.end);
  }
  return {begin, end};
}

}  // namespace

std::vector<TokenWindow> Windows(size_t count, size_t room, size_t stride) {
  PARVIS_CHECK(stride < room);
  std::vector<TokenWindow> windows;
  for (size_t begin = 0;; begin += room - stride) {
    windows.push_back({begin, std::min(begin + room, count)});
    if (windows.back().end == count) return windows;
  }
}

double NoAnswerScore(std::span<const std::vector<SpanToken>> windows, size_t max_tokens) {
  double least = 0.0, best = 2.0 * kNowhere;
  bool marked = false;
  for (const std::vector<SpanToken>& window : windows) {
    for (size_t first = 0; first < window.size(); ++first) {
      const double begin = window[first].begin_score;
      if (window[first].is_first) {
        const double none = begin + window[first].end_score;
        least = marked ? std::min(least, none) : none;
        marked = true;
      }
      if (!window[first].in_text) continue;
      for (size_t last = first; last < std::min(window.size(), first + max_tokens); ++last) {
        if (window[last].in_text) best = std::max(best, begin + window[last].end_score);
      }
    }
  }
  return (marked ? least : 2.0 * kNowhere) - best;
}

std::vector<Answer> BestAnswers(std::span<const std::vector<SpanToken>> windows,
                                std::string_view text, size_t count, size_t max_tokens) {
  std::vector<Answer> answers;
  std::vector<std::string> lower;  // of each answer's text
  for (const std::vector<SpanToken>& window : windows) {
    // Spans of the same words add up, so a few more than wanted are looked at.
    for (const Span& span : BestSpans(window, 2 * count + 10, max_tokens)) {
      const auto [begin, end] = WholeWords(window, span);
      const std::string_view found = text.substr(begin, end - begin);
      const std::string key = text::LowerCase(found);
      const auto same = std::find(lower.begin(), lower.end(), key);
      if (same != lower.end()) {
        answers[static_cast<size_t>(same - lower.begin())].score += span.score;
        continue;
      }
      answers.push_back({std::string(found), span.score, begin, end});
      lower.push_back(key);
    }
  }
  std::stable_sort(answers.begin(), answers.end(),
                   [](const Answer& a, const Answer& b) { return a.score > b.score; });
  if (answers.size() > count) answers.resize(count);
  return answers;
}

}  // namespace parvis::runtime
