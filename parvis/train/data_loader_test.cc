#include "parvis/train/data_loader.h"

#include <map>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace parvis::train {
namespace {

using testing::ElementsAre;

const std::unique_ptr<const Objective> kCausal = NewCausalObjective(nullptr);

// Document d has tokens 1000 d, 1000 d + 1, …
Corpus CorpusOf(const std::vector<int>& sizes) {
  Corpus corpus;
  for (size_t d = 0; d < sizes.size(); ++d) {
    std::vector<int32_t> tokens;
    for (int i = 0; i < sizes[d]; ++i) tokens.push_back(static_cast<int32_t>(1000 * d + i));
    corpus.Add("doc" + std::to_string(d), d % 2, sizes[d], tokens);
  }
  return corpus;
}

// Every piece continues its document, and each target is the token after its row's.
void CheckBatch(const Corpus& corpus, const Batch& batch, int64_t most) {
  ASSERT_EQ(batch.tokens.size(), batch.targets.size());
  ASSERT_LE(static_cast<int64_t>(batch.tokens.size()), most);
  int64_t row = 0;
  for (size_t i = 0; i < batch.segments.size(); ++i) {
    const nn::Segment& segment = batch.segments[i];
    EXPECT_EQ(segment.begin, row);
    EXPECT_EQ(segment.position, 0);
    EXPECT_EQ(segment.kv, nullptr);
    const auto tokens = corpus.Tokens(batch.documents[i]);
    const int64_t first = batch.tokens[row] - tokens[0];
    for (int64_t j = 0; j < segment.count; ++j, ++row) {
      EXPECT_EQ(batch.tokens[row], tokens[first + j]);
      EXPECT_EQ(batch.targets[row], tokens[first + j + 1]);
    }
  }
  EXPECT_EQ(row, static_cast<int64_t>(batch.tokens.size()));
}

TEST(DataLoader, PredictsEveryTokenButTheFirstOnceAnEpoch) {
  const Corpus corpus = CorpusOf({5, 40, 1, 2, 17, 33, 9});
  DataLoader loader(corpus, *kCausal, 16, {1.0, 1.0}, 7);
  ASSERT_EQ(loader.epoch_tokens(), 4 + 39 + 0 + 1 + 16 + 32 + 8);
  for (uint64_t epoch = 0; epoch < 3; ++epoch) {
    std::map<int32_t, int> predicted;
    int64_t short_rows = 0;
    for (int64_t total = 0; total < loader.epoch_tokens();) {
      ASSERT_EQ(loader.state().epoch, total == 0 && epoch > 0 ? epoch - 1 : epoch);
      const Batch batch = loader.Next(1);
      CheckBatch(corpus, batch, 16);
      total += batch.num_targets();
      short_rows += batch.num_targets() < 16;
      for (const int32_t target : batch.targets) predicted[target] += 1;
    }
    EXPECT_LE(short_rows, 1);
    EXPECT_EQ(static_cast<int64_t>(predicted.size()), loader.epoch_tokens());
    for (const auto& [target, times] : predicted) EXPECT_EQ(times, 1) << target;
  }
}

TEST(DataLoader, RestoresItsPlaceExactly) {
  const Corpus corpus = CorpusOf({50, 40, 30, 20, 10, 60});
  DataLoader whole(corpus, *kCausal, 8, {1.0, 1.0}, 3);
  for (int i = 0; i < 37; ++i) {
    const DataLoader::State state = whole.state();
    const Batch expected = whole.Next(3);
    DataLoader resumed(corpus, *kCausal, 8, {1.0, 1.0}, 3);
    ASSERT_TRUE(resumed.Restore(state));
    const Batch batch = resumed.Next(3);
    ASSERT_EQ(batch.tokens, expected.tokens);
    ASSERT_EQ(batch.targets, expected.targets);
    ASSERT_EQ(resumed.state().epoch, whole.state().epoch);
    ASSERT_EQ(resumed.state().row, whole.state().row);
  }
  EXPECT_FALSE(whole.Restore({0, 1000000}));
  EXPECT_FALSE(whole.Restore({0, -1}));
}

TEST(DataLoader, ShufflesBySeedAndEpoch) {
  const Corpus corpus = CorpusOf({50, 40, 30, 20, 10, 60});
  DataLoader one(corpus, *kCausal, 8, {1.0, 1.0}, 1), same(corpus, *kCausal, 8, {1.0, 1.0}, 1);
  DataLoader other(corpus, *kCausal, 8, {1.0, 1.0}, 2);
  const Batch a = one.Next(5), b = same.Next(5), c = other.Next(5);
  EXPECT_EQ(a.tokens, b.tokens);
  EXPECT_NE(a.tokens, c.tokens);
}

TEST(DataLoader, RepeatsSourcesAsTold) {
  Corpus corpus;
  for (int d = 0; d < 1000; ++d) {
    const std::vector<int32_t> tokens = {d, d};
    corpus.Add("", d % 2, 1, tokens);
  }
  const EpochPlan plan = PlanShuffled(corpus, kCausal->DivisionOf(corpus, 16), {2.0, 0.25}, 1, 0);
  std::map<int64_t, int> times;
  for (const Piece& piece : plan.pieces) times[piece.document] += 1;
  int twice = 0, once = 0;
  for (const auto& [document, count] : times) {
    (document % 2 == 0 ? twice : once) += count;
    EXPECT_EQ(count, document % 2 == 0 ? 2 : 1);
  }
  EXPECT_EQ(twice, 1000);
  EXPECT_NEAR(once, 125, 35);  // 3.6 standard deviations
}

TEST(DataLoader, KeepsTheOrderForEvaluation) {
  const Corpus corpus = CorpusOf({4, 7});
  const EpochPlan plan = PlanInOrder(corpus, kCausal->DivisionOf(corpus, 4));
  Batch batch;
  for (const int64_t row : plan.order) AppendRow(corpus, *kCausal, plan, row, 0, 0, batch);
  EXPECT_THAT(batch.tokens, ElementsAre(1000, 1001, 1002, 1003, 0, 1, 2, 1004, 1005));
  EXPECT_THAT(batch.targets, ElementsAre(1001, 1002, 1003, 1004, 1, 2, 3, 1005, 1006));
  EXPECT_THAT(batch.documents, ElementsAre(1, 0, 1, 1));  // 1004 | 1005: split at the row's end
}

TEST(DataLoader, HasNothingToPredictInSingleTokens) {
  const Corpus corpus = CorpusOf({1, 1});
  EXPECT_EQ(DataLoader(corpus, *kCausal, 4, {1.0, 1.0}, 1).epoch_tokens(), 0);
}

}  // namespace
}  // namespace parvis::train
