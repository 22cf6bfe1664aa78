// The books of budgets: what each limit stops, and that no unit is spent twice.

#include "parvis/governance/quota.h"

#include <atomic>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <thread>

#include "gtest/gtest.h"
#include "parvis/governance/schema.h"
#include "parvis/governance/shared_quota.h"
#include "tests/scratch_database.h"

namespace parvis::governance {
namespace {

constexpr int64_t kNoon = 1'764'158'400'000;  // 26 November 2025, 12:00 UTC
constexpr int64_t kHourMs = 3'600'000;

struct ManualClock {
  int64_t wall_ms = kNoon, steady_ms = 1'000'000;
  QuotaClock Clock() {
    return {[this] { return wall_ms; }, [this] { return steady_ms; }};
  }
  void Pass(int64_t ms) {
    wall_ms += ms;
    steady_ms += ms;
  }
};

LimitTable Table(Scope scope, const std::string& subject, Metric metric, int64_t value) {
  LimitTable table;
  table[{scope, subject}][static_cast<size_t>(metric)] = value;
  return table;
}

// The book in memory, or one in a shared database where there is one. What it cannot do is fatal.
class TestBook {
 public:
  explicit TestBook(QuotaClock clock = SystemQuotaClock()) {
    if (!ScratchIsShared()) {
      book_ = std::make_unique<MemoryQuotaBook>(std::move(clock));
      return;
    }
    constexpr store::Sql kSteps[] = {kSharedQuotaTables};
    const std::string where = ScratchDatabase("");
    EXPECT_TRUE((*store::Database::Open(where))->Migrate(kSteps).ok());
    book_ = std::move(SharedQuotaBook::Open(
                          where, [] { return "this"; }, std::move(clock)))
                .value();
  }
  std::variant<Grant, LimitHit> Take(const LimitTable& table, const LimitSet& each_key,
                                     const Spender& spender, Ask ask) {
    ask.request = "req_" + std::to_string(++requests_);
    return std::move(book_->Take(table, each_key, spender, ask)).value();
  }
  void Settle(const Grant& grant, int64_t tokens, int64_t micros) {
    book_->Settle(grant, tokens, micros);
  }

 private:
  std::unique_ptr<QuotaBook> book_;
  std::atomic<int> requests_{0};
};

const Spender kAda{"key_a", "user_a", "group_6", "org_1", "free", "fable"};
const Spender kBob{"key_b", "user_b", "group_6", "org_1", "free", "fable"};

TEST(Quota, ADayCutsAnAnswerAndThenRefusesUntilMidnight) {
  ManualClock clock;
  TestBook book(clock.Clock());
  const LimitTable table = Table(Scope::kUser, "user_a", Metric::kTokensPerDay, 100);
  auto first =
      book.Take(table, {}, kAda, {.input_tokens = 30, .output_tokens = 40, .divisible = true});
  ASSERT_TRUE(std::holds_alternative<Grant>(first));
  EXPECT_FALSE(std::get<Grant>(first).cut_by);
  auto second =
      book.Take(table, {}, kAda, {.input_tokens = 10, .output_tokens = 40, .divisible = true});
  ASSERT_TRUE(std::holds_alternative<Grant>(second));
  EXPECT_EQ(std::get<Grant>(second).output_tokens, 20) << "30 are left, 10 for the input";
  EXPECT_EQ(std::get<Grant>(second).cut_by->metric, Metric::kTokensPerDay);
  auto whole = book.Take(table, {}, kAda, {.input_tokens = 1, .output_tokens = 1});
  ASSERT_TRUE(std::holds_alternative<LimitHit>(whole));
  EXPECT_EQ(std::get<LimitHit>(whole).retry_after_ms, 12 * kHourMs);
  book.Settle(std::get<Grant>(first), 35, 0);  // 35 come back
  EXPECT_TRUE(std::holds_alternative<Grant>(
      book.Take(table, {}, kAda, {.input_tokens = 35, .output_tokens = 0})));
  EXPECT_TRUE(std::holds_alternative<LimitHit>(
      book.Take(table, {}, kAda, {.input_tokens = 1, .output_tokens = 0})));
  clock.Pass(12 * kHourMs);
  EXPECT_TRUE(std::holds_alternative<Grant>(
      book.Take(table, {}, kAda, {.input_tokens = 60, .output_tokens = 40})));
  book.Settle(std::get<Grant>(second), 30, 0);  // of yesterday: gives nothing to today
  EXPECT_TRUE(std::holds_alternative<LimitHit>(
      book.Take(table, {}, kAda, {.input_tokens = 1, .output_tokens = 0})));
}

TEST(Quota, ChoicesAreCutAlike) {
  ManualClock clock;
  TestBook book(clock.Clock());
  const LimitTable table = Table(Scope::kKey, "key_a", Metric::kTokensPerDay, 100);
  const auto taken = book.Take(
      table, {}, kAda, {.input_tokens = 10, .output_tokens = 400, .choices = 4, .divisible = true});
  EXPECT_EQ(std::get<Grant>(taken).output_tokens, 88) << "22 for each";
  EXPECT_TRUE(std::holds_alternative<LimitHit>(book.Take(
      table, {}, kAda, {.input_tokens = 0, .output_tokens = 9, .choices = 3, .divisible = true})))
      << "2 left are not one for each of 3";
}

TEST(Quota, AMonthOfMoney) {
  ManualClock clock;
  TestBook book(clock.Clock());
  const LimitTable table = Table(Scope::kOrganisation, "org_1", Metric::kMoneyPerMonth, 1000);
  const Ask ask{.input_tokens = 10,
                .output_tokens = 100,
                .divisible = true,
                .price = {1'000'000, 0, 10'000'000}};  // 1 and 10 millionths a token
  const auto first = book.Take(table, {}, kAda, ask);
  EXPECT_EQ(std::get<Grant>(first).output_tokens, 99);
  EXPECT_EQ(std::get<Grant>(first).micros, 1000);
  const auto second = book.Take(table, {}, kBob, ask);
  ASSERT_TRUE(std::holds_alternative<LimitHit>(second)) << "both pay from one budget";
  EXPECT_EQ(std::get<LimitHit>(second).scope, Scope::kOrganisation);
  EXPECT_EQ(std::get<LimitHit>(second).retry_after_ms, (4 * 24 + 12) * kHourMs) << "1 December";
  book.Settle(std::get<Grant>(first), 20, 110);
  EXPECT_EQ(std::get<Grant>(book.Take(table, {}, kBob, ask)).output_tokens, 88);
}

TEST(Quota, MinutesSlide) {
  ManualClock clock;
  TestBook book(clock.Clock());
  LimitTable table = Table(Scope::kKey, "key_a", Metric::kTokensPerMinute, 100);
  table[{Scope::kKey, "key_b"}][static_cast<size_t>(Metric::kRequestsPerMinute)] = 2;
  const Ask ask{.input_tokens = 10, .output_tokens = 50};
  const auto first = book.Take(table, {}, kAda, ask);
  EXPECT_EQ(std::get<Grant>(first).left_tokens, 40);
  clock.Pass(20'000);
  const auto no = book.Take(table, {}, kAda, ask);
  EXPECT_EQ(std::get<LimitHit>(no).retry_after_ms, 40'000);
  EXPECT_EQ(std::get<LimitHit>(no).left, 40);
  const auto never = book.Take(table, {}, kAda, {.input_tokens = 101});
  EXPECT_EQ(std::get<LimitHit>(never).retry_after_ms, 0);
  book.Settle(std::get<Grant>(first), 40, 0);
  EXPECT_TRUE(std::holds_alternative<Grant>(book.Take(table, {}, kAda, ask)));
  clock.Pass(40'000);
  EXPECT_EQ(std::get<Grant>(book.Take(table, {}, kAda, {.input_tokens = 40})).left_tokens, 0);

  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(std::holds_alternative<Grant>(book.Take(table, {}, kBob, ask)));
    clock.Pass(1000);
  }
  EXPECT_EQ(std::get<LimitHit>(book.Take(table, {}, kBob, ask)).retry_after_ms, 58'000);
}

TEST(Quota, ParallelRequestsAndLimitsOfEachKeyAndPlan) {
  ManualClock clock;
  TestBook book(clock.Clock());
  LimitTable table = Table(Scope::kPlanUser, "free", Metric::kTokensPerDay, 50);
  LimitSet each_key;
  each_key[static_cast<size_t>(Metric::kParallelRequests)] = 1;
  const auto first = book.Take(table, each_key, kAda, {.input_tokens = 20});
  EXPECT_EQ(std::get<LimitHit>(book.Take(table, each_key, kAda, {})).metric,
            Metric::kParallelRequests);
  EXPECT_TRUE(std::holds_alternative<Grant>(book.Take(table, each_key, kBob, {.input_tokens = 50})))
      << "each user of the plan has their own";
  book.Settle(std::get<Grant>(first), 20, 0);
  Spender other_key = kAda;
  other_key.key = "key_c";
  EXPECT_TRUE(
      std::holds_alternative<LimitHit>(book.Take(table, each_key, other_key, {.input_tokens = 31})))
      << "another key is no other user";
}

// What two requests of one second have leaves the minute with the later one.
TEST(Quota, TheRequestsOfASecondStandTogether) {
  ManualClock clock;
  TestBook book(clock.Clock());
  const LimitTable table = Table(Scope::kKey, "key_a", Metric::kRequestsPerMinute, 2);
  const auto first = book.Take(table, {}, kAda, {.input_tokens = 10});
  clock.Pass(300);
  const auto second = book.Take(table, {}, kAda, {.input_tokens = 20});
  EXPECT_EQ(std::get<LimitHit>(book.Take(table, {}, kAda, {})).retry_after_ms, 60'000);
  book.Settle(std::get<Grant>(first), 1, 0);
  clock.Pass(59'999);
  EXPECT_TRUE(std::holds_alternative<LimitHit>(book.Take(table, {}, kAda, {})));
  clock.Pass(1);
  EXPECT_TRUE(std::holds_alternative<Grant>(book.Take(table, {}, kAda, {})));
  book.Settle(std::get<Grant>(second), 2, 0);
}

TEST(Quota, AllBudgetsOrNone) {
  ManualClock clock;
  TestBook book(clock.Clock());
  LimitTable table = Table(Scope::kUser, "user_a", Metric::kTokensPerDay, 1000);
  table[{Scope::kModel, "fable"}][static_cast<size_t>(Metric::kTokensPerDay)] = 10;
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(
        std::holds_alternative<LimitHit>(book.Take(table, {}, kAda, {.input_tokens = 500})));
  }
  table.erase({Scope::kModel, "fable"});
  EXPECT_TRUE(std::holds_alternative<Grant>(book.Take(table, {}, kAda, {.input_tokens = 1000})))
      << "what was refused took nothing";
}

TEST(Quota, WhatWasUsedBeforeCounts) {
  ManualClock clock;
  MemoryQuotaBook book(clock.Clock());
  const auto take = [&](const LimitTable& table, const Ask& ask) {
    return std::move(book.Take(table, {}, kAda, ask)).value();
  };
  LimitTable table = Table(Scope::kUser, "user_a", Metric::kTokensPerDay, 100);
  table[{Scope::kUser, "user_a"}][static_cast<size_t>(Metric::kMoneyPerMonth)] = 100;
  table[{Scope::kUser, "user_a"}][static_cast<size_t>(Metric::kTokensPerMinute)] = 50;
  book.Add({kAda, kNoon - 13 * kHourMs, 70, 30});  // yesterday
  book.Add({kAda, kNoon - kHourMs, 60, 30});
  book.Add({kAda, kNoon - 30 * 24 * kHourMs, 1000, 1000});  // last month
  book.Add({kAda, kNoon - 50'000, 30, 0, /*in_minute=*/true});
  EXPECT_TRUE(std::holds_alternative<LimitHit>(take(table, {.input_tokens = 41})));
  EXPECT_EQ(std::get<LimitHit>(take(table, {.input_tokens = 40})).metric, Metric::kTokensPerMinute);
  clock.Pass(10'000);
  EXPECT_TRUE(std::holds_alternative<Grant>(take(table, {.input_tokens = 40})));
  EXPECT_EQ(std::get<LimitHit>(
                take(table, {.input_tokens = 0, .output_tokens = 41, .price = {0, 0, 1'000'000}}))
                .metric,
            Metric::kTokensPerDay);
}

// A clock that is set back gives nothing back.
TEST(Quota, TheClockSetBack) {
  ManualClock clock;
  TestBook book(clock.Clock());
  const LimitTable table = Table(Scope::kUser, "user_a", Metric::kTokensPerDay, 100);
  const auto taken = book.Take(table, {}, kAda, {.input_tokens = 100});
  clock.wall_ms -= 24 * kHourMs;
  EXPECT_TRUE(std::holds_alternative<LimitHit>(book.Take(table, {}, kAda, {.input_tokens = 1})));
  book.Settle(std::get<Grant>(taken), 40, 0);
  EXPECT_TRUE(std::holds_alternative<Grant>(book.Take(table, {}, kAda, {.input_tokens = 60})));
}

// Many callers with limits of every kind and scope. Whatever comes of it: what all requests of an
// account used, or still hold, is never more than its limit, in any day, month or minute.
TEST(Quota, NothingIsSpentTwice) {
  const unsigned seed = std::random_device()();
  std::printf("seed %u\n", seed);
  std::mt19937 setup(seed);
  constexpr int kThreads = 16;
  const int rounds = ScratchIsShared() ? 60 : 1500;
  LimitTable table;
  const auto put = [&](Scope scope, const std::string& subject, Metric metric, int64_t value) {
    table[{scope, subject}][static_cast<size_t>(metric)] = value;
  };
  put(Scope::kOrganisation, "org", Metric::kTokensPerDay, 20'000 + setup() % 20'000);
  put(Scope::kModel, "m0", Metric::kMoneyPerMonth, 9'000 + setup() % 9'000);
  put(Scope::kGroup, "g1", Metric::kTokensPerMinute, 5'000 + setup() % 5'000);
  put(Scope::kPlanUser, "plan", Metric::kTokensPerDay, 3'000 + setup() % 3'000);
  put(Scope::kKey, "k3", Metric::kParallelRequests, 2);
  TestBook book;
  std::atomic<int64_t> org_tokens{0}, model_micros{0}, group_tokens{0}, parallel{0}, granted{0};
  std::array<std::atomic<int64_t>, 4> user_tokens{};
  std::atomic<int> too_many{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(seed + 1 + static_cast<unsigned>(t));
      for (int i = 0; i < rounds; ++i) {
        const unsigned user = random() % 4, key = random() % 6, group = random() % 2;
        const Spender spender{"k" + std::to_string(key),
                              "u" + std::to_string(user),
                              "g" + std::to_string(group),
                              "org",
                              "plan",
                              "m" + std::to_string(random() % 2)};
        const Ask ask{.input_tokens = static_cast<int64_t>(random() % 20),
                      .output_tokens = static_cast<int64_t>(1 + random() % 60),
                      .choices = static_cast<int64_t>(1 + random() % 3),
                      .divisible = random() % 2 == 0,
                      .price = {500'000, 0, 2'000'000}};
        const auto taken = book.Take(table, {}, spender, ask);
        const Grant* const grant = std::get_if<Grant>(&taken);
        if (grant == nullptr) continue;
        ++granted;
        EXPECT_LE(grant->output_tokens, ask.output_tokens);
        if (key == 3 && ++parallel > 2) ++too_many;
        const int64_t output =  // a third is cancelled, some come to nothing
            random() % 3 == 0 ? 0 : static_cast<int64_t>(random() % (grant->output_tokens + 1));
        const bool nothing = random() % 10 == 0;
        const int64_t tokens = nothing ? 0 : ask.input_tokens + output;
        const int64_t micros = nothing ? 0 : CostOf(ask.price, ask.input_tokens, 0, output);
        if (random() % 4 == 0) std::this_thread::yield();
        org_tokens += tokens;
        user_tokens[user] += tokens;
        if (spender.model == "m0") model_micros += micros;
        if (group == 1) group_tokens += tokens;
        if (key == 3) --parallel;
        book.Settle(*grant, tokens, micros);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto limit = [&](Scope scope, const std::string& subject, Metric metric) {
    return *table.at({scope, subject})[static_cast<size_t>(metric)];
  };
  EXPECT_LE(org_tokens, limit(Scope::kOrganisation, "org", Metric::kTokensPerDay));
  EXPECT_LE(model_micros, limit(Scope::kModel, "m0", Metric::kMoneyPerMonth));
  EXPECT_LE(group_tokens, limit(Scope::kGroup, "g1", Metric::kTokensPerMinute));
  for (const auto& tokens : user_tokens) {
    EXPECT_LE(tokens, limit(Scope::kPlanUser, "plan", Metric::kTokensPerDay));
    EXPECT_GT(tokens, 0);
  }
  EXPECT_EQ(too_many, 0);
  EXPECT_GT(granted, 50);
}

}  // namespace
}  // namespace parvis::governance
