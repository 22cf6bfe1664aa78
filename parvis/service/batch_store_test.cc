#include "parvis/service/batch_store.h"

#include <atomic>
#include <thread>

#include "gtest/gtest.h"
#include "parvis/core/clock.h"
#include "parvis/governance/quota_rules.h"
#include "parvis/service/quota_budget.h"
#include "parvis/service/records.h"
#include "tests/scratch_database.h"

namespace parvis::service {
namespace {

const Caller kAnn = {"org", "ann", "key_1", {}};

// Servers are rows here, so that a test can bury them.
class BatchStoreTest : public ScratchDatabaseTest {
 protected:
  BatchStoreTest() {
    records_ = std::move(Records::Open(path_)).value();
    database_ = std::move(store::Database::Open(path_)).value();
    EXPECT_TRUE(database_
                    ->Run("INSERT INTO servers(id, lock, started_ms) VALUES('a', 1, 1), "
                          "('b', 2, 1)")
                    .ok());
    a_ = Server("a");
    b_ = Server("b");
  }
  std::unique_ptr<BatchStore> Server(std::string name) const {
    return std::move(BatchStore::Open(path_, [name] { return name; })).value();
  }
  void Add(const std::string& id, int64_t created_ms = 1) const {
    EXPECT_FALSE(a_->Add({.id = id,
                          .caller = kAnn,
                          .endpoint = "/v1/completions",
                          .status = "validating",
                          .created_ms = created_ms},
                         100));
  }
  int64_t Count(store::Sql sql) const {
    auto select = std::move(database_->Prepare(sql)).value();
    EXPECT_TRUE(select.Step().value());
    return select.Int(0);
  }
  // A request that was answered and is paid for.
  void Answer(const std::string& request) const {
    RequestRecord asked{request, kAnn, "POST /x", "m", "d", WallClockMs(), 3, 5};
    asked.whole = true;
    ASSERT_TRUE(records_->Write(asked).ok());
    AnswerRecord answer{request, "stop", WallClockMs(), 3, 0, 5};
    answer.charge = {8, 80, 80};
    ASSERT_TRUE(records_->Write(answer).ok());
  }

  std::unique_ptr<Records> records_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<BatchStore> a_, b_;
};

TEST_F(BatchStoreTest, OneServerRunsABatch) {
  Add("batch_2", 2);
  Add("batch_1", 1);
  EXPECT_EQ(a_->Claim().value()->id, "batch_1");
  EXPECT_EQ(a_->Claim().value()->id, "batch_1") << "it is its own still";
  EXPECT_EQ(b_->Claim().value()->id, "batch_2");
  EXPECT_FALSE(Server("c")->Claim().value());
}

TEST_F(BatchStoreTest, ManyClaimAndEachBatchHasOne) {
  constexpr int kBatches = 12;
  for (int i = 0; i < kBatches; ++i) Add("batch_" + std::to_string(i), i);
  std::atomic<int> claimed{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    const std::string name = "s" + std::to_string(t);
    auto insert = std::move(database_->Prepare("INSERT INTO servers(id, lock, started_ms) "
                                               "VALUES(?1, ?2, 1)"))
                      .value();
    ASSERT_TRUE(insert.Bind(1, name).Bind(2, int64_t{10} + t).Run().ok());
    threads.emplace_back([&, name] {
      const auto mine = Server(name);
      while (true) {
        auto batch = mine->Claim();
        ASSERT_TRUE(batch.ok()) << batch.status().message();
        if (!*batch) return;
        ++claimed;
        (*batch)->status = "completed";
        ASSERT_TRUE(mine->Finish(**batch).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(claimed, kBatches);
}

TEST_F(BatchStoreTest, WhoIsGoneCanWriteNothingMore) {
  Add("batch_1");
  Batch old = *a_->Claim().value();
  ASSERT_TRUE(a_->Ask(old, 0, "req_0").ok());
  ASSERT_TRUE(a_->AddResult(old, {0, false, "{\"first\":0}"}).ok());
  ASSERT_TRUE(a_->Ask(old, 1, "req_1").ok());
  EXPECT_FALSE(b_->Claim().value());
  ASSERT_TRUE(database_->Run("DELETE FROM servers WHERE id = 'a'").ok());
  EXPECT_FALSE(a_->Ask(old, 2, "req_2").ok()) << "it is taken for gone";
  Batch mine = *b_->Claim().value();
  EXPECT_EQ(mine.completed, 1);
  EXPECT_EQ(b_->LinesDone("batch_1").value(), std::set<int64_t>{0});
  ASSERT_TRUE(b_->Ask(mine, 1, "req_3").ok());
  ASSERT_TRUE(b_->AddResult(mine, {1, true, "{\"of\":\"b\"}"}).ok());
  // What the other one still has.
  EXPECT_FALSE(a_->AddResult(old, {1, false, "{\"of\":\"a\"}"}).ok());
  EXPECT_FALSE(a_->AddResult(old, {2, false, "{\"of\":\"a\"}"}).ok());
  old.status = "completed";
  EXPECT_FALSE(a_->StatusOf(old).ok());
  EXPECT_FALSE(a_->Update(old).ok());
  EXPECT_FALSE(a_->Finish(old).ok());
  EXPECT_EQ(b_->StatusOf(mine).value(), "validating");
  const auto results = b_->Results("batch_1", 0, 10).value();
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[1].text, "{\"of\":\"b\"}");
  const Batch now = *b_->Find(kAnn, "batch_1");
  EXPECT_EQ(now.completed, 1);
  EXPECT_EQ(now.failed, 1);
}

TEST_F(BatchStoreTest, ALineHasOneResultAndIsCountedOnce) {
  Add("batch_1");
  const Batch batch = *a_->Claim().value();
  ASSERT_TRUE(a_->AddResult(batch, {4, false, "{\"n\":1}"}).ok());
  ASSERT_TRUE(a_->AddResult(batch, {4, true, "{\"n\":2}"}).ok());
  ASSERT_TRUE(a_->Ask(batch, 4, "req_9").ok());
  ASSERT_TRUE(a_->AddResult(batch, {2, true, "{\"n\":3}"}).ok());
  const auto results = a_->Results("batch_1", 0, 10).value();
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0].line, 2);
  EXPECT_EQ(results[1].text, "{\"n\":1}");
  EXPECT_EQ(a_->Results("batch_1", 3, 10).value().size(), 1u);
  EXPECT_EQ(a_->Results("batch_1", 0, 1).value().size(), 1u);
  const Batch now = *a_->Find(kAnn, "batch_1");
  EXPECT_EQ(now.completed, 1);
  EXPECT_EQ(now.failed, 1);
}

// Killed between an answer, which is paid for, and its line: the answer is nobody's, and costs
// nothing. What the line has as its result stays paid.
TEST_F(BatchStoreTest, AnAnswerThatNoLineHasCostsNothing) {
  static constexpr char kCharged[] =
      "SELECT coalesce(sum(charged_micros), 0) + coalesce(sum(counted_tokens), 0) FROM answers";
  auto insert =
      std::move(database_->Prepare(
                    "INSERT INTO quota_accounts(name, minute, first_entry, day, day_tokens, "
                    "month, month_micros, running) VALUES(?1, '', 0, ?2, 50, 0, 0, 0)"))
          .value();
  const std::string owner = governance::SubjectsOf(SpenderOf(kAnn, "m"))[1].account;
  ASSERT_TRUE(insert.Bind(1, owner).Bind(2, governance::DayOf(WallClockMs())).Run().ok());
  // One was settled, the other is held still with its worst case of 20.
  ASSERT_TRUE(database_
                  ->Run("INSERT INTO quota_holds(request, server, tokens, micros, places) SELECT "
                        "'req_3', 'a', 20, 0, '[[\"' || name || '\",0,' || day || ',0]]' FROM "
                        "quota_accounts")
                  .ok());
  Add("batch_1");
  const Batch batch = *a_->Claim().value();
  ASSERT_TRUE(a_->Ask(batch, 3, "req_3").ok());
  Answer("req_3");
  ASSERT_TRUE(a_->Ask(batch, 0, "req_0").ok());
  Answer("req_0");
  ASSERT_TRUE(a_->AddResult(batch, {0, false, "{}"}).ok());
  ASSERT_TRUE(a_->Ask(batch, 1, "req_1").ok());
  Answer("req_1");
  ASSERT_TRUE(a_->Ask(batch, 2, "req_2").ok());  // never on record
  EXPECT_EQ(Count(kCharged), 3 * 88);
  ASSERT_TRUE(database_->Run("DELETE FROM servers WHERE id = 'a'").ok());
  ASSERT_TRUE(b_->Claim().value());
  EXPECT_EQ(Count(kCharged), 88);
  EXPECT_EQ(Count("SELECT count(*) FROM answers WHERE request = 'req_1' AND finish = 'interrupted' "
                  "AND output_tokens IS NULL"),
            1);
  EXPECT_EQ(Count("SELECT max(day_tokens) FROM quota_accounts"), 50 - 8 - 20);
  EXPECT_EQ(Count("SELECT count(*) FROM quota_holds"), 0);
  ASSERT_TRUE(b_->Claim().value());
  EXPECT_EQ(Count("SELECT max(day_tokens) FROM quota_accounts"), 50 - 8 - 20) << "once";
}

// Where nobody shares the database the next start does it, before budgets are read.
TEST_F(BatchStoreTest, AStartForgetsWhatTheOneBeforeAsked) {
  ASSERT_TRUE(database_->Run("DELETE FROM servers").ok());
  auto alone = std::move(BatchStore::Open(path_)).value();
  Add("batch_1");
  const Batch batch = *alone->Claim().value();
  ASSERT_TRUE(alone->Ask(batch, 0, "req_0").ok());
  Answer("req_0");
  alone = std::move(BatchStore::Open(path_)).value();
  EXPECT_EQ(Count("SELECT sum(charged_micros) FROM answers"), 0);
  EXPECT_EQ(alone->Claim().value()->id, "batch_1");
}

TEST_F(BatchStoreTest, AnyServerCancels) {
  Add("batch_1");
  Batch batch = *a_->Claim().value();
  batch.status = "in_progress";
  ASSERT_TRUE(a_->Update(batch).ok());
  EXPECT_EQ(b_->Cancel(kAnn, "batch_1", 5)->status, "cancelling");
  EXPECT_EQ(a_->StatusOf(batch).value(), "cancelling");
  ASSERT_TRUE(a_->Update(batch).ok());
  EXPECT_EQ(a_->StatusOf(batch).value(), "cancelling") << "it does not go on";
  EXPECT_FALSE(b_->Cancel({"org", "bob", "key", {}}, "batch_1", 5).ok());
}

TEST_F(BatchStoreTest, ManyServersTakeNoMoreThanAnOwnerMayHave) {
  std::atomic<int> added{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      const auto mine = Server("a");
      for (int i = 0; i < 5; ++i) {
        const auto refusal = mine->Add({.id = std::to_string(t) + "-" + std::to_string(i),
                                        .caller = kAnn,
                                        .status = "validating"},
                                       7);
        if (!refusal) ++added;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(added, 7);
}

}  // namespace
}  // namespace parvis::service
