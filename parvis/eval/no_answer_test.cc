// Answers that are taken back, against SQuAD 2.0's official script (make_no_answer.py).

#include "parvis/eval/no_answer.h"

#include <gtest/gtest.h>

#include <map>

#include "parvis/core/file.h"
#include "parvis/core/json.h"
#include "parvis/eval/generation_suites.h"

namespace parvis::eval {
namespace {

constexpr double kTolerance = 1e-9;
const BootstrapOptions kFewSamples = {.seed = 1, .resamples = 200};

struct Case {
  std::vector<SpanQuestion> questions;
  std::vector<AnswerOutput> outputs;
};

Case CaseOf(const Json& rows) {
  Case result;
  for (const Json& row : rows) {
    result.questions.push_back({"", "q", "c", row[0].get<std::vector<std::string>>(), ""});
    result.outputs.push_back({row[1].get<std::string>(), row[2].get<double>()});
  }
  return result;
}

std::map<std::string, Measure> Measured(const Case& given, std::optional<double> threshold) {
  const Outcome outcome = MeasureAnswers(given.questions, given.outputs, AnswerLanguage::kEnglish,
                                         threshold, kFewSamples);
  std::map<std::string, Measure> measures;
  for (const Measure& measure : outcome.measures) measures[measure.name] = measure;
  return measures;
}

const Json& Golden() {
  static const Json golden =
      *ParseJson(*ReadFile(std::string(PARVIS_SOURCE_DIR) + "/tests/golden/eval/no_answer.json"));
  return golden;
}

TEST(NoAnswer, WithAThresholdIsTheOfficialScripts) {
  const std::map<std::string, std::string> names = {{"exact", "exact"},
                                                    {"f1", "f1"},
                                                    {"exact_answerable", "HasAns_exact"},
                                                    {"f1_answerable", "HasAns_f1"},
                                                    {"exact_unanswerable", "NoAns_exact"},
                                                    {"f1_unanswerable", "NoAns_f1"}};
  ASSERT_GE(Golden().size(), 5u);
  for (const Json& set : Golden()) {
    const Case given = CaseOf(set["rows"]);
    for (const Json& expected : set["thresholds"]) {
      auto measures = Measured(given, expected["threshold"].get<double>());
      for (const auto& [ours, theirs] : names) {
        ASSERT_EQ(measures.count(ours), expected.contains(theirs) ? 1u : 0u) << ours;
        if (!expected.contains(theirs)) continue;
        EXPECT_NEAR(measures[ours].score, expected[theirs].get<double>(), kTolerance)
            << ours << " above " << expected["threshold"];
      }
    }
  }
}

TEST(NoAnswer, BestThresholdsAreTheOfficialScripts) {
  for (const Json& set : Golden()) {
    const Case given = CaseOf(set["rows"]);
    for (const std::optional<double>& threshold : {std::optional<double>(), std::optional(0.5)}) {
      auto measures = Measured(given, threshold);
      for (const std::string name : {"best_exact", "best_f1"}) {
        const Measure& measure = measures[name];
        EXPECT_NEAR(measure.score, set["best"][name].get<double>(), kTolerance) << name;
        ASSERT_TRUE(measure.threshold.has_value());
        EXPECT_EQ(*measure.threshold, set["best"][name + "_thresh"].get<double>()) << name;
        EXPECT_LE(measure.interval.low, measure.score + kTolerance);
        EXPECT_GE(measure.interval.high, measure.score - kTolerance);
      }
    }
  }
}

// A sample of each question twice has the same best threshold.
TEST(NoAnswer, OfASampleWithQuestionsSeveralTimes) {
  const ThresholdSearch search({{1.0, -2.0, true, true},
                                {0.0, -1.0, false, true},
                                {0.5, 0.5, true, true},
                                {1.0, 1.0, false, false}});
  const std::vector<uint32_t> once = {0, 1, 2, 3}, twice = {3, 0, 1, 2, 2, 1, 0, 3};
  for (const auto& sample : {once, twice}) {
    const BestThreshold best = search.Of(sample);
    EXPECT_NEAR(best.score, 75.0, kTolerance);
    EXPECT_EQ(best.threshold, -2.0);
  }
  // Only the answer of the third: it pays to give it.
  EXPECT_NEAR(search.Of(std::vector<uint32_t>{2, 2}).score, 50.0, kTolerance);
  EXPECT_EQ(search.Of(std::vector<uint32_t>{2, 2}).threshold, 0.5);
}

TEST(NoAnswer, IsLookedForOnlyWhereItIsKnownAndWanted) {
  Case given = CaseOf(Golden()[0]["rows"]);
  given.outputs[3].no_answer.reset();
  EXPECT_EQ(Measured(given, {}).count("best_f1"), 0u);
  Case answerable;
  for (size_t i = 0; i < given.questions.size(); ++i) {
    if (given.questions[i].answers.empty()) continue;
    answerable.questions.push_back(given.questions[i]);
    answerable.outputs.push_back({given.outputs[i].text, 0.0});
  }
  EXPECT_EQ(Measured(answerable, {}).size(), 2u);
}

}  // namespace
}  // namespace parvis::eval
