// What two servers take out of one book, on a PostgreSQL that tests/server/postgres.py starts.

#include "parvis/governance/shared_quota.h"

#include <atomic>
#include <random>
#include <thread>

#include "gtest/gtest.h"
#include "parvis/governance/schema.h"
#include "tests/scratch_database.h"

namespace parvis::governance {
namespace {

class SharedQuotaTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!ScratchIsShared()) GTEST_SKIP() << "there is no PostgreSQL";
    where_ = ScratchDatabase("");
    database_ = std::move(store::Database::Open(where_)).value();
    constexpr store::Sql kSteps[] = {kSharedQuotaTables};
    ASSERT_TRUE(database_->Migrate(kSteps).ok());
    table_[{Scope::kOrganisation, "org"}][static_cast<size_t>(Metric::kTokensPerDay)] = 1000;
    table_[{Scope::kOrganisation, "org"}][static_cast<size_t>(Metric::kParallelRequests)] = 3;
  }
  std::unique_ptr<SharedQuotaBook> Book(const std::string& server) {
    return std::move(SharedQuotaBook::Open(where_, [server] { return server; })).value();
  }
  int64_t Count(store::Sql sql) {
    auto select = std::move(database_->Prepare(sql)).value();
    EXPECT_TRUE(select.Step().value());
    return select.Int(0);
  }

  const Spender spender_{.key = "k\"'\\ é", .organisation = "org", .model = "m"};
  std::string where_;
  std::unique_ptr<store::Database> database_;
  LimitTable table_;
};

TEST_F(SharedQuotaTest, NothingIsSpentTwiceByThreeServers) {
  const unsigned seed = std::random_device()();
  std::printf("seed %u\n", seed);
  std::atomic<int64_t> spent{0}, running{0}, granted{0};
  std::atomic<int> too_many{0};
  std::vector<std::unique_ptr<SharedQuotaBook>> books;
  for (const char* const server : {"a", "b", "c"}) books.push_back(Book(server));
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 12; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(seed + t);
      for (int i = 0; i < 40; ++i) {
        const auto taken =
            books[t % 3]->Take(table_, {}, spender_,
                               {.input_tokens = static_cast<int64_t>(random() % 10),
                                .output_tokens = static_cast<int64_t>(random() % 40),
                                .request = std::to_string(t) + "-" + std::to_string(i)});
        ASSERT_TRUE(taken.ok()) << taken.status().message();
        const Grant* const grant = std::get_if<Grant>(&*taken);
        if (grant == nullptr) continue;
        ++granted;
        if (++running > 3) ++too_many;
        const auto used = static_cast<int64_t>(random() % (grant->tokens + 1));
        spent += used;
        --running;
        books[t % 3]->Settle(*grant, used, 0);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(spent, 1000);
  EXPECT_EQ(too_many, 0);
  EXPECT_GT(granted, 20);
  EXPECT_EQ(Count("SELECT count(*) FROM quota_holds"), 0);
  EXPECT_EQ(Count("SELECT sum(running) FROM quota_accounts"), 0);
  EXPECT_EQ(Count("SELECT day_tokens FROM quota_accounts WHERE name = 'dorg'"), spent);
}

TEST_F(SharedQuotaTest, AHoldIsSettledOnceByWhomever) {
  auto a = Book("a"), b = Book("b");
  const auto taken = a->Take(table_, {}, spender_, {.input_tokens = 100, .request = "req_1"});
  auto select = std::move(database_->Prepare("SELECT request, tokens, micros, places, server "
                                             "FROM quota_holds"))
                    .value();
  ASSERT_TRUE(select.Step().value());
  EXPECT_EQ(select.Text(4), "a");
  const Grant read = GrantOf(select.Text(0), select.Int(1), select.Int(2), select.Text(3)).value();
  EXPECT_EQ(read.places.size(), 3u);
  b->Settle(read, 40, 0);
  a->Settle(std::get<Grant>(*taken), 100, 0);  // too late
  EXPECT_EQ(Count("SELECT max(day_tokens) FROM quota_accounts"), 40);
  EXPECT_EQ(Count("SELECT min(running) FROM quota_accounts"), 0);
}

TEST_F(SharedQuotaTest, WhatCannotBeSettledNowIsLater) {
  auto book = std::move(SharedQuotaBook::Open(
                            where_, [] { return "a"; }, SystemQuotaClock(), 1))
                  .value();
  const auto taken = book->Take(table_, {}, spender_, {.input_tokens = 100, .request = "req_1"});
  ASSERT_TRUE(database_->RunScript("ALTER TABLE quota_accounts RENAME TO away").ok());
  book->Settle(std::get<Grant>(*taken), 40, 0);
  ASSERT_TRUE(database_->RunScript("ALTER TABLE away RENAME TO quota_accounts").ok());
  EXPECT_EQ(Count("SELECT max(day_tokens) FROM quota_accounts"), 100);
  book->SettleAgain();
  EXPECT_EQ(Count("SELECT max(day_tokens) FROM quota_accounts"), 40);
  book->SettleAgain();
  EXPECT_EQ(Count("SELECT max(day_tokens) FROM quota_accounts"), 40);
}

TEST_F(SharedQuotaTest, RefusesRowsThatAreNotOurs) {
  EXPECT_EQ(GrantOf("r", 1, 1, "[[1]]").status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(GrantOf("r", 1, 1, "[[\"a\",1,2,\"3\"]]").status().code(), StatusCode::kDataLoss);
  EXPECT_FALSE(GrantOf("r", 1, 1, "{").ok());
  auto book = Book("a");
  ASSERT_TRUE(book->Take(table_, {}, spender_, {.request = "req_1"}).ok());
  ASSERT_TRUE(database_->RunScript("UPDATE quota_accounts SET minute = '1 2'").ok());
  EXPECT_EQ(book->Take(table_, {}, spender_, {.request = "req_2"}).status().code(),
            StatusCode::kDataLoss);
}

}  // namespace
}  // namespace parvis::governance
