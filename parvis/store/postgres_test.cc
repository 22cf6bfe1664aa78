// On a PostgreSQL that tests/server/postgres.py starts; without one these are skipped.

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "gtest/gtest.h"
#include "parvis/store/database.h"
#include "tests/scratch_database.h"

namespace parvis::store {
namespace {

constexpr Sql kSteps[] = {"CREATE TABLE a(id TEXT PRIMARY KEY, n INTEGER, bytes BLOB) STRICT"};

class PostgresTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!ScratchIsShared()) GTEST_SKIP() << "there is no PostgreSQL";
    where_ = ScratchDatabase("");
    database_ = Open();
    ASSERT_TRUE(database_->Migrate(kSteps).ok());
  }
  std::unique_ptr<Database> Open() { return std::move(Database::Open(where_)).value(); }

  static Status Insert(Database& database, std::string_view id, int64_t n) {
    PARVIS_ASSIGN_OR_RETURN(Statement statement,
                            database.Prepare("INSERT INTO a(id, n) VALUES(?1, ?2)"));
    return statement.Bind(1, id).Bind(2, n).Run();
  }
  static int64_t Count(Database& database) {
    auto statement = std::move(database.Prepare("SELECT count(*) FROM a")).value();
    EXPECT_TRUE(statement.Step().value());
    return statement.Int(0);
  }

  std::string where_;
  std::unique_ptr<Database> database_;
};

TEST_F(PostgresTest, KeepsWhatIsBound) {
  const std::string text = "'; DROP TABLE a; -- é";
  const std::string bytes("\0\xff\\x41'", 7);
  {
    auto insert = std::move(database_->Prepare("INSERT INTO a VALUES(?1, ?2, ?3)")).value();
    ASSERT_TRUE(insert.Bind(1, text).Bind(2, INT64_MIN).BindBytes(3, bytes).Run().ok());
  }
  {
    auto insert = std::move(database_->Prepare("INSERT INTO a VALUES(?1, ?2, ?3)")).value();
    ASSERT_TRUE(insert.Bind(1, "b").Bind(2, std::optional<int64_t>()).BindBytes(3, "").Run().ok());
  }
  auto select = std::move(database_->Prepare("SELECT id, n, bytes, n IS NULL, sum(n) OVER () "
                                             "FROM a ORDER BY id"))
                    .value();
  ASSERT_TRUE(select.Step().value());
  EXPECT_EQ(select.Text(0), text);
  EXPECT_EQ(select.Int(1), INT64_MIN);
  EXPECT_EQ(select.Text(2), bytes);
  EXPECT_EQ(select.Int(3), 0);
  EXPECT_EQ(select.Int(4), INT64_MIN);
  ASSERT_TRUE(select.Step().value());
  EXPECT_FALSE(select.IntOrNull(1));
  EXPECT_EQ(select.Int(3), 1);
  EXPECT_FALSE(select.Step().value());
}

TEST_F(PostgresTest, SaysWhatIsWrong) {
  ASSERT_TRUE(Insert(*database_, "x", 1).ok());
  EXPECT_EQ(Insert(*database_, "x", 2).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Insert(*database_, std::string_view("a\0b", 3), 2).code(),
            StatusCode::kInvalidArgument);
  auto wrong = std::move(database_->Prepare("SELECT nothing FROM a")).value();
  EXPECT_EQ(wrong.Step().status().code(), StatusCode::kInternal);
  EXPECT_EQ(Count(*database_), 1) << "an error leaves the connection whole";
}

TEST_F(PostgresTest, WhatIsNotCommittedIsUndone) {
  {
    auto transaction = Transaction::Begin(*database_);
    ASSERT_TRUE(transaction.ok());
    ASSERT_TRUE(Insert(*database_, "x", 1).ok());
  }
  EXPECT_EQ(Count(*database_), 0);
  auto transaction = Transaction::Begin(*database_);
  ASSERT_TRUE(Insert(*database_, "x", 1).ok());
  EXPECT_FALSE(Insert(*database_, "x", 1).ok());
  EXPECT_FALSE(transaction->Commit().ok()) << "half of it is lost";
}

TEST_F(PostgresTest, WhoWritesAloneIsAlone) {
  auto other = Open();
  auto transaction = Transaction::Begin(*database_);
  ASSERT_TRUE(transaction.ok());
  std::thread second([&] {
    auto waits = Transaction::Begin(*other);
    EXPECT_TRUE(waits.ok());
    EXPECT_EQ(Count(*other), 1) << "it sees what the first one wrote";
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  ASSERT_TRUE(Insert(*database_, "x", 1).ok());
  ASSERT_TRUE(transaction->Commit().ok());
  second.join();
}

TEST_F(PostgresTest, ReadsOfOneMoment) {
  auto other = Open();
  auto transaction = Transaction::Begin(*database_, Access::kRead);
  EXPECT_EQ(Count(*database_), 0);
  ASSERT_TRUE(Insert(*other, "x", 1).ok());
  EXPECT_EQ(Count(*database_), 0);
  EXPECT_FALSE(Insert(*database_, "y", 1).ok()) << "it only reads";
}

TEST_F(PostgresTest, ALockEndsWithItsConnection) {
  auto other = Open();
  EXPECT_TRUE(database_->TryLock(7).value());
  EXPECT_FALSE(other->TryLock(7).value());
  EXPECT_TRUE(other->TryLock(8).value());
  database_.reset();
  bool taken = false;
  for (int i = 0; i < 100 && !taken; ++i) {
    taken = other->TryLock(7).value();
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_TRUE(taken);
  EXPECT_TRUE(other->Unlock(7).ok());
}

TEST_F(PostgresTest, AConnectionThatBrokeIsMadeAnew) {
  auto other = Open();
  const auto cut = [&] {
    auto end = std::move(other->Prepare("SELECT count(pg_terminate_backend(pid)) FROM "
                                        "pg_stat_activity WHERE application_name = 'parvis' AND "
                                        "pid <> pg_backend_pid()"))
                   .value();
    EXPECT_TRUE(end.Step().value());
    std::this_thread::sleep_for(std::chrono::milliseconds(200));  // until it has heard of it
  };
  ASSERT_TRUE(Insert(*database_, "x", 1).ok());
  cut();
  EXPECT_TRUE(Insert(*database_, "y", 1).ok()) << "who asks first does not find out";
  // But who had a lock is told that it is lost.
  EXPECT_TRUE(database_->TryLock(7).value());
  cut();
  EXPECT_EQ(Insert(*database_, "z", 1).code(), StatusCode::kUnavailable);
  EXPECT_EQ(Count(*database_), 2);
  auto transaction = Transaction::Begin(*database_);
  ASSERT_TRUE(transaction.ok());
  cut();
  EXPECT_EQ(Insert(*database_, "z", 1).code(), StatusCode::kUnavailable);
  EXPECT_EQ(Insert(*database_, "z", 1).code(), StatusCode::kUnavailable) << "not outside of it";
  EXPECT_FALSE(transaction->Commit().ok());
  { const auto over = std::move(transaction); }
  EXPECT_EQ(Count(*database_), 2);
}

TEST(PostgresAddressTest, HasNoPassword) {
  if (Database::Open("postgresql://").status().code() == StatusCode::kUnimplemented) GTEST_SKIP();
  for (const char* const url :
       {"postgresql://me:secret@host/db", "postgresql://host/db?password=secret"}) {
    const Status status = Database::Open(url).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message().find("secret"), std::string::npos) << status.message();
  }
  EXPECT_EQ(Database::Open("postgresql://host/db?nonsense=1").status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(Database::Open("postgresql:///db?host=/nowhere").status().code(),
            StatusCode::kUnavailable);
}

}  // namespace
}  // namespace parvis::store
