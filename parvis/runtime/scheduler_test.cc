#include "parvis/runtime/scheduler.h"

#include <memory>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace parvis::runtime {
namespace {

constexpr ops::PageLayout kLayout{.num_layers = 1, .num_kv_heads = 1, .head_dim = 8};
constexpr size_t kPageBytes = 2 * 8 * kPageTokens * sizeof(float);

class SchedulerTest : public testing::Test {
 protected:
  void Make(int64_t pages, int64_t max_batch_tokens, int64_t max_sequences) {
    scheduler_ = std::make_unique<Scheduler>(
        std::move(KvCache::Create(kLayout, static_cast<size_t>(pages) * kPageBytes)).value(),
        max_batch_tokens, max_sequences);
  }

  Sequence* Add(RequestId id, int64_t prompt) {
    auto sequence = std::make_unique<Sequence>(
        id, GenerateRequest{.prompt = std::vector<int32_t>(prompt, 1)}, 1000, nullptr);
    Sequence* added = sequence.get();
    scheduler_->Add(std::move(sequence));
    return added;
  }

  // One step as the engine does it, with a token for each sequence that is computed. Returns the
  // ids and counts of the parts.
  std::vector<std::pair<RequestId, int64_t>> Step() {
    std::vector<std::pair<RequestId, int64_t>> parts;
    for (const auto& [sequence, count] : scheduler_->Plan()) {
      parts.emplace_back(sequence->id, count);
      sequence->computed += count;
      EXPECT_LE(KvCache::PagesFor(sequence->computed), sequence->pages->num_pages());
      if (sequence->to_compute() > 0) continue;
      sequence->tokens.push_back(1);
      sequence->state = SequenceState::kDecoding;
    }
    return parts;
  }

  std::unique_ptr<Scheduler> scheduler_;
};

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST_F(SchedulerTest, PromptsAreCutAndDecodingGoesFirst) {
  Make(/*pages=*/100, /*max_batch_tokens=*/10, /*max_sequences=*/8);
  EXPECT_THAT(Step(), IsEmpty());
  Add(1, 4);
  Add(2, 13);
  EXPECT_THAT(Step(), ElementsAre(Pair(1, 4), Pair(2, 6)));
  Add(3, 20);
  EXPECT_THAT(Step(), ElementsAre(Pair(1, 1), Pair(2, 7), Pair(3, 2)));
  EXPECT_THAT(Step(), ElementsAre(Pair(1, 1), Pair(2, 1), Pair(3, 8)));
  EXPECT_THAT(Step(), ElementsAre(Pair(1, 1), Pair(2, 1), Pair(3, 8)));
  EXPECT_THAT(Step(), ElementsAre(Pair(1, 1), Pair(2, 1), Pair(3, 2)));
  EXPECT_THAT(Step(), ElementsAre(Pair(1, 1), Pair(2, 1), Pair(3, 1)));
}

TEST_F(SchedulerTest, PromptsGetARowEvenWhenTheStepIsFull) {
  Make(100, 2, 8);
  for (RequestId id = 1; id <= 3; ++id) Add(id, 1);
  EXPECT_THAT(Step(), ElementsAre(Pair(1, 1), Pair(2, 1)));
  EXPECT_THAT(Step(), ElementsAre(Pair(1, 1), Pair(2, 1), Pair(3, 1)));
}

TEST_F(SchedulerTest, NobodyOvertakes) {
  Make(/*pages=*/4, 1000, 8);
  Add(1, 64);   // two pages
  Add(2, 100);  // four: must wait for the first
  Add(3, 1);
  EXPECT_THAT(Step(), ElementsAre(Pair(1, 64)));
  EXPECT_THAT(Step(), ElementsAre(Pair(1, 1)));
  EXPECT_NE(scheduler_->Remove(*scheduler_->Find(1)), nullptr);
  EXPECT_THAT(Step(), ElementsAre(Pair(2, 100)));
}

TEST_F(SchedulerTest, AtMostSoManyRun) {
  Make(100, 1000, 2);
  for (RequestId id = 1; id <= 3; ++id) Add(id, 1);
  EXPECT_THAT(Step(), ElementsAre(Pair(1, 1), Pair(2, 1)));
  EXPECT_EQ(scheduler_->Find(3)->state, SequenceState::kWaiting);
  scheduler_->Remove(*scheduler_->Find(2));
  EXPECT_EQ(scheduler_->Find(2), nullptr);
  EXPECT_THAT(Step(), ElementsAre(Pair(1, 1), Pair(3, 1)));
}

TEST_F(SchedulerTest, TheLastOneGivesWayAndStartsAgain) {
  Make(/*pages=*/4, 1000, 8);
  const Sequence* first = Add(1, 31);
  const Sequence* second = Add(2, 31);
  EXPECT_THAT(Step(), ElementsAre(Pair(1, 31), Pair(2, 31)));  // one page each
  EXPECT_THAT(Step(), ElementsAre(Pair(1, 1), Pair(2, 1)));
  for (int i = 0; i < 32; ++i) EXPECT_THAT(Step(), ElementsAre(Pair(1, 1), Pair(2, 1)));
  EXPECT_EQ(scheduler_->cache().num_free(), 0);  // two each
  EXPECT_EQ(first->computed, 64);

  // The first needs its third page: the second, with 65 tokens, gives both of its own back.
  EXPECT_THAT(Step(), ElementsAre(Pair(1, 1)));
  EXPECT_EQ(second->state, SequenceState::kWaiting);
  EXPECT_EQ(second->computed, 0);
  EXPECT_FALSE(second->pages.has_value());
  EXPECT_EQ(second->size(), 65);
  EXPECT_EQ(scheduler_->cache().num_free(), 1);
  Add(3, 1);  // would fit, but the second comes before it
  EXPECT_THAT(Step(), ElementsAre(Pair(1, 1)));

  scheduler_->Remove(*first);
  EXPECT_THAT(Step(), ElementsAre(Pair(2, 65)));  // everything again; 1 + 1 pages for the third
  EXPECT_EQ(second->size(), 66);
}

TEST_F(SchedulerTest, PagesComeBack) {
  Make(4, 1000, 8);
  Add(1, 70);
  Add(2, 10);
  Step();
  scheduler_->Remove(*scheduler_->Find(2));  // waiting
  scheduler_->Remove(*scheduler_->Find(1));
  EXPECT_EQ(scheduler_->cache().num_free(), 4);
  EXPECT_THAT(Step(), IsEmpty());
}

}  // namespace
}  // namespace parvis::runtime
