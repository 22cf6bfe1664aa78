// Log-likelihoods against Hugging Face transformers, computed in float64 one passage at a time
// (tools/goldens/make_eval.py): parvis-fable, a masked model, a model with an encoder.

#include "parvis/eval/scorer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "parvis/core/file.h"
#include "parvis/core/json.h"

namespace parvis::eval {
namespace {

const std::string kSource = PARVIS_SOURCE_DIR;

struct Loaded {
  ThreadPool pool{2};
  ops::Exec exec{pool, kernels::TableOf(kernels::BestTarget())};
  std::optional<models::Model> model;

  explicit Loaded(const std::string& path) {
    auto loaded = models::LoadModel(exec, kSource + path, {.packing = ops::Packing::kF32});
    if (loaded.ok()) model = std::move(*loaded);
  }
};

std::string PathOf(const std::string& name) {
  if (name == "fable") return "/models/parvis-fable.gguf";
  return name == "bert" ? "/tests/golden/encoders/bert_masked_lm" : "/tests/golden/models/t5_text";
}

Json Golden() { return *ParseJson(*ReadFile(kSource + "/tests/golden/eval/likelihoods.json")); }

class ScorerTest : public testing::TestWithParam<const char*> {};

TEST_P(ScorerTest, LikelihoodsAreTransformers) {
  Loaded loaded(PathOf(GetParam()));
  ASSERT_TRUE(loaded.model);
  const Json golden = Golden()[GetParam()];
  std::vector<Passage> passages;
  for (const Json& entry : golden) {
    passages.push_back({entry["context"], entry["continuation"]});
  }
  ASSERT_GE(passages.size(), 12u);
  std::vector<PassageScore> one_by_one;
  for (const int64_t max_rows : {1, 64, 4096}) {
    auto scorer = Scorer::Create(*loaded.model, loaded.exec, max_rows);
    ASSERT_TRUE(scorer.ok()) << scorer.status().message();
    const auto scores = scorer->Score(passages, /*likeliest=*/true);
    ASSERT_TRUE(scores.ok()) << scores.status().message();
    if (one_by_one.empty()) one_by_one = *scores;
    for (size_t i = 0; i < passages.size(); ++i) {
      SCOPED_TRACE(passages[i].context + "|" + passages[i].continuation);
      const double expected = golden[i]["log_likelihood"];
      EXPECT_NEAR((*scores)[i].log_likelihood, expected, 2e-5 * std::abs(expected));
      EXPECT_EQ((*scores)[i].tokens, golden[i]["tokens"].get<int64_t>());
      EXPECT_EQ((*scores)[i].likeliest, golden[i]["likeliest"].get<bool>());
      EXPECT_FALSE((*scores)[i].cut);
      // To the bit, whatever stands beside it.
      EXPECT_EQ((*scores)[i].log_likelihood, one_by_one[i].log_likelihood);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, ScorerTest, testing::Values("fable", "bert", "t5"));

TEST_P(ScorerTest, LongContextsLoseTheirBeginning) {
  Loaded loaded(PathOf(GetParam()));
  ASSERT_TRUE(loaded.model);
  auto scorer = std::move(Scorer::Create(*loaded.model, loaded.exec)).value();
  std::string context = "It was late.";
  for (int i = 0; i < 3000; ++i) context += " It was late.";
  const std::vector<Passage> passages = {{context, " The cat slept."},
                                         {context + " It was late.", " The cat slept."}};
  const auto scores = scorer.Score(passages, false);
  ASSERT_TRUE(scores.ok()) << scores.status().message();
  EXPECT_TRUE((*scores)[0].cut);
  // What is left of both is the same.
  EXPECT_EQ((*scores)[0].log_likelihood, (*scores)[1].log_likelihood);
  const std::vector<Passage> too_long = {{"", context, "rows.jsonl:7"}};
  const auto refused = scorer.Score(too_long, false);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.status().message(), testing::HasSubstr("rows.jsonl:7: "));
  EXPECT_THAT(refused.status().message(), testing::HasSubstr("more than the"));
}

TEST(Scorer, Refusals) {
  Loaded labels("/tests/golden/encoders/bert_sequence");
  ASSERT_TRUE(labels.model);
  const auto scorer = Scorer::Create(*labels.model, labels.exec);
  ASSERT_FALSE(scorer.ok());
  EXPECT_THAT(scorer.status().message(), testing::HasSubstr("no language head"));
  EXPECT_THAT(scorer.status().message(), testing::HasSubstr("classify"));
  Loaded bare("/tests/golden/models/llama_tiny");  // without a tokeniser
  ASSERT_TRUE(bare.model);
  EXPECT_FALSE(Scorer::Create(*bare.model, bare.exec).ok());
}

TEST(Scorer, NothingToScoreAndCancel) {
  Loaded loaded(PathOf("t5"));
  auto scorer = std::move(Scorer::Create(*loaded.model, loaded.exec, 1)).value();
  EXPECT_FALSE(scorer.Score(std::vector<Passage>{{"a", ""}}, false).ok());
  const std::vector<Passage> two = {{"", "a"}, {"", "b"}};
  size_t calls = 0;
  const auto stopped = scorer.Score(two, false, [&](size_t done) {
    ++calls;
    return done < 1;
  });
  EXPECT_EQ(stopped.status().code(), StatusCode::kCancelled);
  EXPECT_EQ(calls, 1u);
}

}  // namespace
}  // namespace parvis::eval
