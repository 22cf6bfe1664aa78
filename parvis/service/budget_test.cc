#include "parvis/service/budget.h"

#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace parvis::service {
namespace {

using std::chrono::seconds;

Caller CallerOf(std::string key) { return {"org", "owner", std::move(key), Permissions::All()}; }

struct ManualClock {
  MemoryBudget::Clock::time_point now{};
  std::function<MemoryBudget::Clock::time_point()> Function() {
    return [this] { return now; };
  }
};

TEST(MemoryBudget, TokensComeBackWithTimeAndWithWhatWasNotUsed) {
  ManualClock clock;
  MemoryBudget budget({.tokens_per_minute = 600}, clock.Function());
  auto first = budget.Reserve(CallerOf("a"), 500);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ((*first)->view().remaining_tokens, 100);
  const auto second = budget.Reserve(CallerOf("a"), 300);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.refusal().kind, RefusalKind::kRateLimited);
  EXPECT_EQ(second.refusal().retry_after_ms, 20'000);  // 200 tokens at 10 a second
  EXPECT_TRUE(budget.Reserve(CallerOf("b"), 600).ok()) << "another key has its own";

  (*first)->Settle(100);  // 400 come back
  EXPECT_TRUE(budget.Reserve(CallerOf("a"), 500).ok());

  clock.now += seconds(3600);
  EXPECT_FALSE(budget.Reserve(CallerOf("a"), 601).ok()) << "an hour is not saved up";
  EXPECT_EQ(budget.Reserve(CallerOf("a"), 601).refusal().kind, RefusalKind::kQuotaExhausted);
}

TEST(MemoryBudget, WhatIsNeverSettledIsGivenBackWhole) {
  ManualClock clock;
  MemoryBudget budget({.tokens_per_minute = 100, .parallel_requests = 1}, clock.Function());
  { const auto taken = budget.Reserve(CallerOf("a"), 100); }
  const auto again = budget.Reserve(CallerOf("a"), 100);
  ASSERT_TRUE(again.ok());
  EXPECT_FALSE(budget.Reserve(CallerOf("a"), 0).ok()) << "one at a time";
}

TEST(MemoryBudget, WhatIsUsedBeyondTheWorstCaseIsChargedToo) {
  ManualClock clock;
  MemoryBudget budget({.tokens_per_minute = 100}, clock.Function());
  (*budget.Reserve(CallerOf("a"), 10))->Settle(60);
  EXPECT_FALSE(budget.Reserve(CallerOf("a"), 41).ok());
  EXPECT_TRUE(budget.Reserve(CallerOf("a"), 40).ok());
}

TEST(MemoryBudget, RequestsAMinute) {
  ManualClock clock;
  MemoryBudget budget({.requests_per_minute = 2}, clock.Function());
  EXPECT_TRUE(budget.Reserve(CallerOf("a"), 1).ok());
  EXPECT_TRUE(budget.Reserve(CallerOf("a"), 1).ok());
  const auto third = budget.Reserve(CallerOf("a"), 1);
  ASSERT_FALSE(third.ok());
  EXPECT_EQ(third.refusal().retry_after_ms, 30'000);
  clock.now += seconds(30);
  EXPECT_TRUE(budget.Reserve(CallerOf("a"), 1).ok());
}

// Many callers at once: what was given out together and not given back is never more than there
// was.
TEST(MemoryBudget, NothingIsSpentTwice) {
  ManualClock clock;
  MemoryBudget budget({.tokens_per_minute = 1000}, clock.Function());
  std::atomic<int64_t> spent{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&budget, &spent, t] {
      for (int i = 0; i < 500; ++i) {
        auto taken = budget.Reserve(CallerOf("a"), 7 + t);
        if (!taken.ok()) continue;
        const int64_t used = i % (7 + t);
        (*taken)->Settle(used);
        spent += used;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(spent, 1000);
  EXPECT_GT(spent, 900);
}

TEST(MemoryBudget, NewLimitsBeginANewMinute) {
  ManualClock clock;
  MemoryBudget budget({.tokens_per_minute = 100}, clock.Function());
  auto before = budget.Reserve(CallerOf("a"), 100);
  ASSERT_TRUE(before.ok());
  budget.SetLimits({.tokens_per_minute = 200});
  const auto after = budget.Reserve(CallerOf("a"), 150);
  ASSERT_TRUE(after.ok());
  EXPECT_EQ((*after)->view().limit_tokens, 200);
  EXPECT_EQ((*after)->view().remaining_tokens, 50);
  (*before)->Settle(0);
  EXPECT_FALSE(budget.Reserve(CallerOf("a"), 201).ok()) << "never more than the limit";
  budget.SetLimits({});
  EXPECT_TRUE(budget.Reserve(CallerOf("a"), 1'000'000).ok()) << "no limit";
  budget.SetLimits({.tokens_per_minute = 10});
  EXPECT_TRUE(budget.Reserve(CallerOf("a"), 10).ok()) << "a limit again";
}

}  // namespace
}  // namespace parvis::service
