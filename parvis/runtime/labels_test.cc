// Probabilities, names from labels of tokens, and answers from their first and last tokens. The
// pipelines of transformers judge the whole of it in pipelines_test.cc.

#include <gtest/gtest.h>

#include <cmath>

#include "parvis/runtime/probabilities.h"
#include "parvis/runtime/spans.h"
#include "parvis/runtime/token_labels.h"

namespace parvis::runtime {
namespace {

TEST(Probabilities, SoftmaxAndSigmoidOfExtremes) {
  const float scores[] = {1000.0f, 1001.0f, -1000.0f};
  const std::vector<double> p = Softmax(scores);
  EXPECT_NEAR(p[0], 1.0 / (1.0 + std::exp(1.0)), 1e-12);
  EXPECT_NEAR(p[0] + p[1] + p[2], 1.0, 1e-12);
  EXPECT_EQ(p[2], 0.0);
  const std::vector<double> s = Sigmoid(scores);
  EXPECT_EQ(s[0], 1.0);
  EXPECT_NEAR(s[2], 0.0, 1e-12);
  EXPECT_TRUE(Softmax({}).empty());
}

TEST(Probabilities, FunctionOfLabels) {
  EXPECT_EQ(LabelFunctionOf("", 3), LabelFunction::kSoftmax);
  EXPECT_EQ(LabelFunctionOf("", 1), LabelFunction::kSigmoid);
  EXPECT_EQ(LabelFunctionOf("single_label_classification", 2), LabelFunction::kSoftmax);
  EXPECT_EQ(LabelFunctionOf("multi_label_classification", 4), LabelFunction::kSigmoid);
  EXPECT_EQ(LabelFunctionOf("regression", 1), LabelFunction::kNone);
}

TEST(Probabilities, LargestTakesTheFirstOfEqualOnes) {
  const double values[] = {0.2, 0.5, 0.2, 0.5, 0.1};
  EXPECT_EQ(Largest(values, 3), (std::vector<size_t>{1, 3, 0}));
  EXPECT_EQ(Largest(values, 9).size(), 5u);
}

const std::vector<std::string> kLabels = {"O", "B-PER", "I-PER", "B-LOC", "I-LOC"};

// A token of three bytes whose likeliest label is `label`.
LabelledToken Token(uint32_t at, size_t label, double score, bool continues = false) {
  LabelledToken token{.begin = at, .end = at + 3, .continues = continues, .probabilities = {}};
  token.probabilities.assign(kLabels.size(), (1.0 - score) / 4);
  token.probabilities[label] = score;
  return token;
}

TEST(Aggregate, NeighboursOfOneTagAreOneName) {
  const std::vector<LabelledToken> tokens = {Token(0, 1, 0.9), Token(4, 2, 0.7), Token(8, 1, 0.8),
                                             Token(12, 0, 0.9), Token(16, 4, 0.6)};
  EXPECT_EQ(Aggregate(tokens, kLabels, Aggregation::kNone).size(), 4u);
  const auto names = Aggregate(tokens, kLabels, Aggregation::kSimple);
  ASSERT_EQ(names.size(), 3u);  // B- begins another PER
  EXPECT_EQ(names[0].label, "PER");
  EXPECT_NEAR(names[0].score, 0.8, 1e-12);
  EXPECT_EQ(names[0].begin, 0u);
  EXPECT_EQ(names[0].end, 7u);
  EXPECT_EQ(names[1].begin, 8u);
  EXPECT_EQ(names[2].label, "LOC");
}

TEST(Aggregate, AWordHasOneLabel) {
  // One word: LOC first, PER surest, PER on average.
  const std::vector<LabelledToken> tokens = {Token(0, 3, 0.5), Token(3, 1, 0.9, true),
                                             Token(6, 1, 0.6, true)};
  EXPECT_EQ(Aggregate(tokens, kLabels, Aggregation::kSimple).size(), 3u);
  const auto first = Aggregate(tokens, kLabels, Aggregation::kFirst);
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].label, "LOC");
  EXPECT_NEAR(first[0].score, 0.5, 1e-12);
  EXPECT_EQ(first[0].end, 9u);
  EXPECT_NEAR(Aggregate(tokens, kLabels, Aggregation::kMax)[0].score, 0.9, 1e-12);
  const auto average = Aggregate(tokens, kLabels, Aggregation::kAverage);
  EXPECT_EQ(average[0].label, "PER");
  EXPECT_NEAR(average[0].score, (0.125 + 0.9 + 0.6) / 3, 1e-12);
}

TEST(Windows, OverlapAndReachTheEndOnce) {
  const auto bounds = [](size_t count, size_t room, size_t stride) {
    std::vector<std::pair<size_t, size_t>> result;
    for (const TokenWindow& window : Windows(count, room, stride)) {
      result.emplace_back(window.begin, window.end);
    }
    return result;
  };
  using Bounds = std::vector<std::pair<size_t, size_t>>;
  EXPECT_EQ(bounds(5, 10, 3), (Bounds{{0, 5}}));
  EXPECT_EQ(bounds(10, 10, 3), (Bounds{{0, 10}}));
  EXPECT_EQ(bounds(11, 10, 3), (Bounds{{0, 10}, {7, 11}}));
  EXPECT_EQ(bounds(24, 10, 3), (Bounds{{0, 10}, {7, 17}, {14, 24}}));
  EXPECT_EQ(bounds(0, 10, 0), (Bounds{{0, 0}}));
}

// "[CLS] q [SEP] anna lives in par ##is [SEP]": a window with two pieces of one word.
std::vector<SpanToken> SpanWindow() {
  std::vector<SpanToken> window(9);
  window[0].is_first = true;
  const std::pair<uint32_t, uint32_t> ranges[] = {{0, 4}, {5, 10}, {11, 13}, {14, 17}, {17, 19}};
  for (size_t i = 0; i < 5; ++i) {
    SpanToken& token = window[3 + i];
    token.in_text = true;
    token.word = static_cast<int64_t>(std::min<size_t>(i, 3));
    token.begin = ranges[i].first;
    token.end = ranges[i].second;
  }
  return window;
}

TEST(BestAnswers, AreWholeWordsOfTheText) {
  std::vector<SpanToken> window = SpanWindow();
  window[7].begin_score = 9.0f;  // "##is"
  window[7].end_score = 9.0f;
  window[1].begin_score = 50.0f;  // the question is no place for an answer
  const auto answers = BestAnswers({{window}}, "Anna lives in Paris", 2, 15);
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[0].text, "Paris");
  EXPECT_EQ(answers[0].begin, 14u);
  // Pieces that widen to the same words add up: that it begins and ends anywhere in "Paris".
  EXPECT_GT(answers[0].score, 0.99);
}

TEST(BestAnswers, KeepTheLimitOfTokensAndAddUpEqualTexts) {
  std::vector<SpanToken> window = SpanWindow();
  window[3].begin_score = 12.0f;
  window[7].end_score = 12.0f;
  for (const auto& answer : BestAnswers({{window}}, "Anna lives in Paris", 9, 3)) {
    EXPECT_NE(answer.text, "Anna lives in Paris");
  }
  const auto once = BestAnswers({{window}}, "Anna lives in Paris", 1, 15);
  const std::vector<std::vector<SpanToken>> twice = {window, window};
  const auto both = BestAnswers(twice, "Anna lives in Paris", 1, 15);
  EXPECT_EQ(both[0].text, once[0].text);
  EXPECT_NEAR(both[0].score, 2 * once[0].score, 1e-12);
}

}  // namespace
}  // namespace parvis::runtime
