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

  Sequence* Add(RequestId id, int64_t prompt, int priority = kUsualPriority) {
    GenerateRequest request{.prompt = std::vector<int32_t>(prompt, 1)};
    request.priority = priority;
    auto sequence = std::make_unique<Sequence>(id, std::move(request), 1000, nullptr);
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

TEST_F(SchedulerTest, HigherPrioritiesStartFirst) {
  Make(100, 1000, /*max_sequences=*/1);
  Add(1, 1, 5);
  EXPECT_THAT(Step(), ElementsAre(Pair(1, 1)));
  Add(2, 1, 3);
  Add(3, 1, 5);
  Add(4, 1, 9);
  Add(5, 1, 5);
  EXPECT_THAT(Step(), ElementsAre(Pair(1, 1)));  // nobody loses a place to a plan
  std::vector<RequestId> order;
  for (RequestId now = 1; order.size() < 4; now = order.back()) {
    scheduler_->Remove(*scheduler_->Find(now));
    order.push_back(Step()[0].first);
  }
  EXPECT_THAT(order, ElementsAre(4, 3, 5, 2));
}

TEST_F(SchedulerTest, HigherPrioritiesReadTheirPromptsFirst) {
  Make(100, /*max_batch_tokens=*/10, 8);
  Add(1, 12, 5);
  Add(2, 12, 5);
  EXPECT_THAT(Step(), ElementsAre(Pair(1, 10)));
  Add(3, 12, 9);
  Add(4, 12, kBatchPriority);
  Add(5, 12, 6);
  EXPECT_THAT(Step(), ElementsAre(Pair(3, 10)));
  EXPECT_THAT(Step(), ElementsAre(Pair(3, 2), Pair(5, 8)));
  EXPECT_THAT(Step(), ElementsAre(Pair(3, 1), Pair(5, 4), Pair(1, 2), Pair(2, 3)));
}

// Somebody of the highest priority comes each time that there is a place, for ever.
TEST_F(SchedulerTest, NobodyStarves) {
  for (int priority = kBatchPriority; priority <= kMostPriority; ++priority) {
    Make(100, 1000, 1);
    RequestId newest = 1;
    Add(newest, 1, kMostPriority);
    Step();
    const Sequence* const waits = Add(1000, 1, priority);
    int passed = 0;
    while (true) {
      const RequestId now = newest;
      Add(++newest, 1, kMostPriority);
      if (waits->state == SequenceState::kWaiting) scheduler_->Remove(*scheduler_->Find(now));
      if (Step()[0].first == 1000) break;
      ++passed;
      ASSERT_LE(passed, 1000);
    }
    EXPECT_EQ(passed, (kMostPriority - priority) * (priority == kBatchPriority ? 64 : 8))
        << priority;
    // Nor does it lose its place any more.
    Add(++newest, 1, kMostPriority);
    EXPECT_THAT(Step(), ElementsAre(Pair(1000, 1))) << priority;
  }
}

TEST_F(SchedulerTest, BatchesGiveTheirPlaceUpAtOnce) {
  Make(100, 1000, /*max_sequences=*/2);
  const Sequence* const batch = Add(1, 40, kBatchPriority);
  Add(2, 40, kBatchPriority);
  EXPECT_THAT(Step(), ElementsAre(Pair(1, 40), Pair(2, 40)));
  Add(3, 10, kLeastPriority);
  EXPECT_THAT(Step(), ElementsAre(Pair(1, 1), Pair(3, 10)));  // the one that came last
  Add(4, 10, kMostPriority);
  EXPECT_THAT(Step(), ElementsAre(Pair(3, 1), Pair(4, 10)));
  EXPECT_EQ(batch->state, SequenceState::kWaiting);
  EXPECT_EQ(batch->size(), 42);  // what it has chosen stays
  Add(5, 10, kBatchPriority);    // takes no place of anybody
  EXPECT_THAT(Step(), ElementsAre(Pair(4, 1), Pair(3, 1)));
  scheduler_->Remove(*scheduler_->Find(4));
  scheduler_->Remove(*scheduler_->Find(3));
  EXPECT_THAT(Step(), ElementsAre(Pair(1, 42), Pair(2, 41)));
}

// Whoever takes a place counts, so a batch loses its own so often and no more.
TEST_F(SchedulerTest, BatchesComeToTheirEnd) {
  Make(100, 1000, 1);
  const Sequence* const batch = Add(1, 4, kBatchPriority);
  Step();
  int64_t lost = 0;
  for (RequestId id = 2; batch->yields(); ++id) {
    ASSERT_LE(lost, 1000);
    Add(id, 1, kMostPriority);
    ASSERT_THAT(Step(), ElementsAre(Pair(id, 1)));
    ++lost;
    scheduler_->Remove(*scheduler_->Find(id));
    const int64_t all = batch->size();
    ASSERT_THAT(Step(), ElementsAre(Pair(1, all)));  // again, and one more
  }
  EXPECT_EQ(lost, kMostPriority * 64);
  Add(1000, 1, kMostPriority);
  EXPECT_THAT(Step(), ElementsAre(Pair(1, 1)));
}

TEST_F(SchedulerTest, BatchesGiveTheirPagesUp) {
  Make(/*pages=*/4, 1000, 8);
  Add(1, 64, kBatchPriority);  // two pages
  EXPECT_THAT(Step(), ElementsAre(Pair(1, 64)));
  Add(2, 90, 5);  // three
  EXPECT_THAT(Step(), ElementsAre(Pair(2, 90)));
  EXPECT_EQ(scheduler_->Find(1)->state, SequenceState::kWaiting);
}

// Who stands last when pages run out: the lowest, though it started first.
TEST_F(SchedulerTest, TheLowestGivesWay) {
  Make(/*pages=*/4, 1000, 8);
  Add(1, 31, 3);
  Step();
  Add(2, 31, 7);
  for (int i = 0; i < 33; ++i) Step();
  EXPECT_EQ(scheduler_->cache().num_free(), 0);
  while (scheduler_->num_running() == 2) Step();
  EXPECT_EQ(scheduler_->Find(1)->state, SequenceState::kWaiting);
  EXPECT_EQ(scheduler_->Find(2)->state, SequenceState::kDecoding);
  Add(3, 1, kMostPriority);
  scheduler_->Remove(*scheduler_->Find(2));
  EXPECT_EQ(Step()[0].first, 1);  // who has begun goes on first
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
