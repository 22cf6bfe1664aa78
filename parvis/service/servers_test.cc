// Servers that share a PostgreSQL, which tests/server/postgres.py starts; each is a process where
// it dies.

#include "parvis/service/servers.h"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>

#include "gtest/gtest.h"
#include "parvis/core/clock.h"
#include "parvis/service/quota_budget.h"
#include "parvis/service/records.h"
#include "tests/scratch_database.h"

namespace parvis::service {
namespace {

using std::chrono::milliseconds;
constexpr ServersSettings kQuick{.beat = milliseconds(20), .patience = milliseconds(200)};

class ServersTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!ScratchIsShared()) GTEST_SKIP() << "there is no PostgreSQL";
    where_ = ScratchDatabase("");
    database_ = std::move(store::Database::Open(where_)).value();
    ASSERT_TRUE(MigrateServiceTables(*database_).ok());
  }

  // What a server has of all this.
  struct Server {
    Server(const std::string& where, ServersSettings settings)
        : servers(std::move(Servers::Join(where, settings)).value()),
          book(std::move(governance::SharedQuotaBook::Open(where, [this] { return servers->id(); }))
                   .value()),
          records(std::move(Records::Open(where, [this] { return servers->id(); })).value()),
          budget({.parallel_requests = 100}, *book) {
      servers->Settle(*book);
    }
    ~Server() {
      records.reset();
      servers.reset();
    }

    std::unique_ptr<Reservation> Reserve(const std::string& id) {
      auto taken = budget.Reserve(
          kCaller, {.request = id, .model = "m", .input_tokens = 10, .output_tokens = 30});
      EXPECT_TRUE(taken.ok());
      return std::move(*taken);
    }
    Status Record(const std::string& id, const Reservation& reservation, bool whole = false) {
      RequestRecord record{id, kCaller, "POST /x", "m", "d", WallClockMs(), 10, 30};
      record.reserved = reservation.reserved();
      record.whole = whole;
      return records->Write(record);
    }
    Status Answer(const std::string& id, Reservation& reservation) {
      AnswerRecord answer{id, "stop", WallClockMs(), 10, 0, 5};
      answer.charge = reservation.Settle(10, 0, 5);
      return records->Write(answer);
    }

    std::unique_ptr<Servers> servers;
    std::unique_ptr<governance::SharedQuotaBook> book;
    std::unique_ptr<Records> records;
    QuotaBudget budget;
  };

  // Runs `work` as a server that is killed when it has done it.
  void ServeAndDie(const std::function<void(Server&)>& work) const {
    int done[2];
    ASSERT_EQ(pipe(done), 0);
    const pid_t child = fork();
    if (child == 0) {
      auto* const server = new Server(where_, kQuick);  // nothing of it ends in order
      work(*server);
      (void)!write(done[1], "x", 1);
      pause();
    }
    char byte = 0;
    EXPECT_EQ(read(done[0], &byte, 1), 1);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    close(done[0]);
    close(done[1]);
  }

  int64_t Count(store::Sql sql) {
    auto select = std::move(database_->Prepare(sql)).value();
    EXPECT_TRUE(select.Step().value());
    return select.Int(0);
  }
  bool Becomes(store::Sql sql, int64_t count) {
    for (int i = 0; i < 500; ++i) {
      if (Count(sql) == count) return true;
      std::this_thread::sleep_for(milliseconds(20));
    }
    return false;
  }

  static constexpr char kTokens[] = "SELECT coalesce(max(day_tokens), 0) FROM quota_accounts";
  static const Caller kCaller;
  std::string where_;
  std::unique_ptr<store::Database> database_;
};
const Caller ServersTest::kCaller = {"org", "me", "key", {}};

TEST_F(ServersTest, WhoLeavesLeavesNothing) {
  {
    Server a(where_, kQuick);
    Server b(where_, kQuick);
    EXPECT_EQ(Count("SELECT count(*) FROM servers"), 2);
    EXPECT_NE(a.servers->id(), b.servers->id());
  }
  EXPECT_EQ(Count("SELECT count(*) FROM servers"), 0);
}

TEST_F(ServersTest, WhatADeadServerLeftIsEndedByAnother) {
  ServeAndDie([](Server& server) {
    auto streamed = server.Reserve("streamed");
    EXPECT_TRUE(server.Record("streamed", *streamed).ok());
    auto whole = server.Reserve("whole");
    EXPECT_TRUE(server.Record("whole", *whole, true).ok());
    auto answered = server.Reserve("answered");
    EXPECT_TRUE(server.Record("answered", *answered).ok());
    EXPECT_TRUE(server.Answer("answered", *answered).ok());
    (void)server.Reserve("nothing").release();  // no record
    (void)streamed.release();
    (void)whole.release();
    (void)answered.release();
  });
  EXPECT_EQ(Count(kTokens), 160) << "four times the worst case is held";
  const Server other(where_, kQuick);
  EXPECT_TRUE(Becomes("SELECT count(*) FROM quota_holds", 0));
  EXPECT_EQ(Count(kTokens), 40 + 15) << "the stream's worst case, and what was answered";
  EXPECT_EQ(Count("SELECT sum(running) FROM quota_accounts"), 0);
  EXPECT_EQ(Count("SELECT count(*) FROM answers WHERE finish = 'interrupted'"), 2);
  EXPECT_EQ(Count("SELECT count(*) FROM servers"), 1);
}

TEST_F(ServersTest, WhoIsThereIsNotTakenForGone) {
  Server a(where_, kQuick);
  const std::string id = a.servers->id();
  auto running = a.Reserve("running");
  ASSERT_TRUE(a.Record("running", *running).ok());
  {
    const Server b(where_, kQuick);
    std::this_thread::sleep_for(milliseconds(600));
  }
  EXPECT_EQ(a.servers->id(), id);
  EXPECT_TRUE(a.Answer("running", *running).ok());
  running.reset();
  EXPECT_EQ(Count(kTokens), 15);
}

// As if it had been away from the database for long.
TEST_F(ServersTest, WhoWasTakenForGoneGoesOnUnderAnotherName) {
  Server a(where_, {.beat = milliseconds(300), .patience = milliseconds(100)});
  const std::string id = a.servers->id();
  auto recorded = a.Reserve("recorded"), reserved = a.Reserve("reserved");
  ASSERT_TRUE(a.Record("recorded", *recorded).ok());
  // The others bury it.
  ASSERT_TRUE(database_->RunScript("DELETE FROM servers").ok());
  ASSERT_TRUE(MarkInterrupted(*database_).ok());
  for (int i = 0; i < 100 && a.servers->id() == id; ++i) {
    std::this_thread::sleep_for(milliseconds(20));
  }
  EXPECT_NE(a.servers->id(), id);
  EXPECT_TRUE(Becomes("SELECT count(*) FROM quota_holds", 0));
  EXPECT_EQ(Count(kTokens), 40) << "what may have been delivered; the other was given back";
  EXPECT_FALSE(a.Answer("recorded", *recorded).ok());
  EXPECT_FALSE(a.Record("reserved", *reserved).ok()) << "nothing holds it any more";
  recorded.reset();
  reserved.reset();
  EXPECT_EQ(Count(kTokens), 40);
  auto next = a.Reserve("next");
  EXPECT_TRUE(a.Record("next", *next).ok());
  EXPECT_TRUE(a.Answer("next", *next).ok());
  next.reset();
  EXPECT_EQ(Count(kTokens), 55);
}

}  // namespace
}  // namespace parvis::service
