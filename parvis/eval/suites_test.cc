// What suites make of likelihoods: held against sums over transformers' numbers
// (tests/golden/eval/likelihoods.json) and by hand; how rows are read and refused.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "fmt/format.h"
#include "parvis/core/file.h"
#include "parvis/eval/bootstrap.h"
#include "parvis/eval/likelihood_suites.h"
#include "tests/scratch_test.h"

namespace parvis::eval {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class SuitesTest : public ScratchTest {
 protected:
  SuitesTest() {
    auto loaded =
        models::LoadModel(exec_, std::string(PARVIS_SOURCE_DIR) + "/models/parvis-fable.gguf",
                          {.packing = ops::Packing::kF32});
    if (loaded.ok()) model_.emplace(std::move(*loaded));
  }

  Rows Read(const std::string& name, const std::string& content) {
    auto rows = ReadRows(Write(name, content));
    EXPECT_TRUE(rows.ok()) << rows.status().message();
    return rows.ok() ? std::move(*rows) : Rows{};
  }
  Scorer MakeScorer() { return std::move(Scorer::Create(*model_, exec_)).value(); }

  ThreadPool pool_{2};
  ops::Exec exec_{pool_, kernels::TableOf(kernels::BestTarget())};
  std::optional<models::Model> model_;
};

// The golden log-likelihood of a passage.
double Expected(const std::string& context, const std::string& continuation) {
  const Json golden =
      *ParseJson(*ReadFile(std::string(PARVIS_SOURCE_DIR) + "/tests/golden/eval/likelihoods.json"));
  for (const Json& entry : golden["fable"]) {
    if (entry["context"] == context && entry["continuation"] == continuation) {
      return entry["log_likelihood"];
    }
  }
  ADD_FAILURE() << "no golden for " << context << continuation;
  return 0;
}

TEST_F(SuitesTest, MinimalPairsAreWeighedByParadigm) {
  const std::string slept = "The little cat sat on the mat and slept.";
  const std::string sleep = "The little cat sat on the mat and sleep.";
  ASSERT_GT(Expected("", slept), Expected("", sleep));
  ASSERT_GT(Expected("", "Many girls walk to the river."),
            Expected("", "Many girls walks to the river."));
  const Rows rows = Read("x.jsonl", fmt::format(R"({{"sentence_good":"{0}","sentence_bad":"{1}"}}
{{"sentence_good":"{1}","sentence_bad":"{0}"}}

{{"sentence_good":"{1}","sentence_bad":"{0}"}}
{{"sentence_good":"{0}","sentence_bad":"{0}"}}
{{"sentence_good":"Many girls walk to the river.","sentence_bad":"Many girls walks to the river.","UID":"agreement"}}
)",
                                                slept, sleep));
  const auto pairs = ReadMinimalPairs(rows);
  ASSERT_TRUE(pairs.ok());
  Scorer scorer = MakeScorer();
  const auto outcome = MeasureMinimalPairs(scorer, *pairs, {});
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->count, 5);
  ASSERT_EQ(outcome->groups.size(), 2u);
  EXPECT_EQ(outcome->groups[0], std::make_pair(std::string("agreement"), 1.0));
  EXPECT_EQ(outcome->groups[1], std::make_pair(std::string("x"), 0.25));  // a tie is wrong
  EXPECT_NEAR(outcome->measures[0].score, 0.625, 1e-12);
  EXPECT_LT(outcome->measures[0].interval.low, 0.626);
  EXPECT_GE(outcome->measures[0].interval.low, 0.5);
}

TEST_F(SuitesTest, ClozeIsTheLastWord) {
  const Rows rows = Read("x.jsonl",
                         R"({"text":"She opened the door and went into the room \n"}
{"context":"One day Anna went to the river with her","target":" dog."})");
  const auto passages = ReadCloze(rows);
  ASSERT_TRUE(passages.ok());
  EXPECT_EQ((*passages)[0].continuation, " room");
  Scorer scorer = MakeScorer();
  const auto outcome = MeasureCloze(scorer, *passages, {});
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->measures[0].score, 0.5);
  const double sum =
      Expected((*passages)[0].context, " room") + Expected((*passages)[1].context, " dog.");
  EXPECT_NEAR(outcome->measures[1].score, std::exp(-sum / 2), 1e-4 * std::exp(-sum / 2));
  EXPECT_LE(outcome->measures[1].interval.low, outcome->measures[1].score);
  EXPECT_GE(outcome->measures[1].interval.high, outcome->measures[1].score);
}

TEST_F(SuitesTest, ChoicesAreComparedInThreeWays) {
  const std::string question = "Question: What do cows eat?\nAnswer:";
  const double grass = Expected(question, " grass");
  const double moon = Expected(question, " the moon and the stars");
  ASSERT_GT(grass, moon);
  ASSERT_LT(grass / 5, moon / 22);  // by length the other wins
  const Rows rows = Read("x.jsonl", R"({"query":"Question: What do cows eat?\nAnswer:",)"
                                    R"("choices":["grass","the moon and the stars"],"gold":0})"
                                    "\n"
                                    R"({"ctx":"Question: What do cows eat?\nAnswer:",)"
                                    R"("endings":["the moon and the stars","grass"],"label":"0"})");
  const auto questions = ReadChoices(rows);
  ASSERT_TRUE(questions.ok());
  Scorer scorer = MakeScorer();
  const auto outcome = MeasureChoices(scorer, *questions, {});
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->measures[0].score, 0.5);
  EXPECT_EQ(outcome->measures[1].score, 0.5);
  Scorer again = MakeScorer();
  const auto first = MeasureChoices(again, {(*questions)[0]}, {});
  EXPECT_EQ(first->measures[0].score, 1);
  EXPECT_EQ(first->measures[1].score, 0);
  EXPECT_EQ(first->measures[2].score, 0);
}

TEST_F(SuitesTest, BadRowsAreNamed) {
  const auto message = [&](const std::string& content, auto read) -> std::string {
    const auto rows = ReadRows(Write("bad.jsonl", content));
    if (!rows.ok()) return rows.status().message();
    const auto result = read(*rows);
    return result.ok() ? "" : result.status().message();
  };
  EXPECT_THAT(message("\n{\"sentence_good\":\"a\"}", &ReadMinimalPairs),
              HasSubstr("bad.jsonl:2: no \"sentence_bad\""));
  EXPECT_THAT(message("{\"sentence_good\":1,\"sentence_bad\":\"b\"}", &ReadMinimalPairs),
              HasSubstr("is no text"));
  EXPECT_THAT(message("{\"sentence_good\":\"\",\"sentence_bad\":\"b\"}", &ReadMinimalPairs),
              HasSubstr("empty sentence"));
  EXPECT_THAT(message("{\"a\":1}\n{\"a\":", &ReadCloze), HasSubstr("bad.jsonl:2"));
  EXPECT_THAT(message("[1]", &ReadCloze), HasSubstr("not an object"));
  EXPECT_THAT(message("{\"text\":\"  word \"}", &ReadCloze), HasSubstr("two words"));
  EXPECT_THAT(message("{\"context\":\"a\",\"target\":\" \"}", &ReadCloze), HasSubstr("empty"));
  EXPECT_THAT(message("{\"query\":\"a\",\"choices\":[\"x\"],\"gold\":1}", &ReadChoices),
              HasSubstr("none of 1 choices"));
  EXPECT_THAT(message("{\"query\":\"a\",\"choices\":[\"x\"],\"gold\":\"B\"}", &ReadChoices),
              HasSubstr("no whole number"));
  EXPECT_THAT(message("{\"query\":\"a\",\"choices\":[1],\"gold\":0}", &ReadChoices),
              HasSubstr("no list of texts"));
  EXPECT_THAT(message("{\"query\":\"a\",\"choices\":[],\"gold\":0}", &ReadChoices),
              HasSubstr("is empty"));
  EXPECT_THAT(message("\n", &ReadChoices), HasSubstr("no row"));
  EXPECT_EQ(ReadRows(folder_ + "/none.jsonl").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(ReadRows(Write("x.csv", "a")).status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(ReadRows(Write("x.jsonl.xz", "a")).status().message(), HasSubstr("x.jsonl.xz"));
  EXPECT_THAT(ReadRows(Write("x.tsv", "a\tb\n\xff\tc")).status().message(), HasSubstr("x.tsv:2"));
}

TEST_F(SuitesTest, AFolderIsReadByName) {
  Write("b.jsonl", "{\"text\":\"b b\"}");
  Write("a.jsonl", "{\"text\":\"a a\"}\r\n{\"text\":\"c c\"}\n");
  Write("readme.md", "x");
  const auto rows = ReadRows(folder_);
  ASSERT_TRUE(rows.ok());
  ASSERT_EQ(rows->rows.size(), 3u);
  EXPECT_EQ(rows->rows[1].where(), folder_ + "/a.jsonl:2");
  EXPECT_EQ(rows->rows[2].file, "b");
  const std::string before = rows->sha256;
  Write("b.jsonl", "{\"text\":\"b c\"}");
  EXPECT_NE(ReadRows(folder_)->sha256, before);
}

TEST(Bootstrap, IntervalsOfAMeanAreTheNormalOnes) {
  // 400 throws, half of them 1: the mean's standard error is 0.025.
  const Strata strata = OneStratum(400);
  const auto mean = [](std::span<const uint32_t> sample) {
    double sum = 0;
    for (const uint32_t i : sample) sum += i % 2;
    return sum / static_cast<double>(sample.size());
  };
  const Interval interval = Bootstrap(strata, {.seed = 3, .resamples = 4000}, mean);
  EXPECT_NEAR(interval.low, 0.5 - 1.96 * 0.025, 0.004);
  EXPECT_NEAR(interval.high, 0.5 + 1.96 * 0.025, 0.004);
  const Interval again = Bootstrap(strata, {.seed = 3, .resamples = 4000}, mean);
  EXPECT_EQ(again.low, interval.low);
  EXPECT_EQ(again.high, interval.high);
  // Strata keep their sizes.
  Bootstrap({{0, 1, 2}, {7}}, {.resamples = 20}, [](std::span<const uint32_t> sample) {
    EXPECT_EQ(sample.size(), 4u);
    EXPECT_EQ(sample[3], 7u);
    EXPECT_LT(sample[0], 3u);
    return 0.0;
  });
}

}  // namespace
}  // namespace parvis::eval
