#include "parvis/store/database.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "gtest/gtest.h"
#include "tests/scratch_test.h"

namespace parvis::store {
namespace {

class DatabaseTest : public ScratchTest {
 protected:
  std::unique_ptr<Database> Open() {
    auto database = Database::Open(path_);
    EXPECT_TRUE(database.ok()) << database.status().message();
    return std::move(database).value();
  }

  const std::string path_ = folder_ + "/parvis.db";
};

constexpr Sql kSteps[] = {"CREATE TABLE a(id TEXT PRIMARY KEY, n INTEGER) STRICT",
                          "ALTER TABLE a ADD COLUMN bytes BLOB"};

int64_t Count(Database& database) {
  auto statement = database.Prepare("SELECT count(*) FROM a");
  EXPECT_TRUE(statement->Step().value());
  return statement->Int(0);
}

Status Insert(Database& database, std::string_view id, int64_t n) {
  PARVIS_ASSIGN_OR_RETURN(Statement statement,
                          database.Prepare("INSERT INTO a(id, n) VALUES(?1, ?2)"));
  return statement.Bind(1, id).Bind(2, n).Run();
}

TEST_F(DatabaseTest, KeepsWhatIsBound) {
  auto database = Open();
  ASSERT_TRUE(database->Migrate(kSteps).ok());
  const std::string odd("'; DROP TABLE a; --\0x", 22);
  {
    auto statement = database->Prepare("INSERT INTO a VALUES(?1, ?2, ?3)");
    ASSERT_TRUE(
        statement->Bind(1, odd).Bind(2, std::optional<int64_t>()).BindBytes(3, {}).Run().ok());
  }
  database = Open();
  auto statement = database->Prepare("SELECT id, n, bytes FROM a");
  ASSERT_TRUE(statement->Step().value());
  EXPECT_EQ(statement->Text(0), odd);
  EXPECT_FALSE(statement->IntOrNull(1));
  EXPECT_FALSE(statement->Step().value());
}

TEST_F(DatabaseTest, MigratesOnceAndRefusesWhatIsLater) {
  auto database = Open();
  ASSERT_TRUE(database->Migrate(std::span(kSteps, 1)).ok());
  ASSERT_TRUE(Insert(*database, "x", 1).ok());
  ASSERT_TRUE(database->Migrate(kSteps).ok());
  ASSERT_TRUE(database->Migrate(kSteps).ok());
  EXPECT_EQ(Count(*database), 1);
  const Status later = database->Migrate(std::span(kSteps, 1));
  EXPECT_EQ(later.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(later.message().find("version 2"), std::string::npos);
}

TEST_F(DatabaseTest, AStepThatFailsLeavesTheVersionBefore) {
  auto database = Open();
  constexpr Sql kBad[] = {"CREATE TABLE a(id TEXT PRIMARY KEY, n INTEGER) STRICT",
                          "CREATE TABLE b(x INTEGER) STRICT; CREATE TABLE a(y INTEGER) STRICT"};
  ASSERT_TRUE(database->Migrate(std::span(kBad, 1)).ok());
  EXPECT_NE(database->Migrate(kBad).message().find("version 2"), std::string::npos);
  EXPECT_FALSE(database->Prepare("SELECT * FROM b").ok());
  EXPECT_TRUE(database->Migrate(kSteps).ok());
}

TEST_F(DatabaseTest, WhatIsNotCommittedIsUndone) {
  auto database = Open();
  ASSERT_TRUE(database->Migrate(kSteps).ok());
  {
    auto transaction = Transaction::Begin(*database);
    ASSERT_TRUE(transaction.ok());
    ASSERT_TRUE(Insert(*database, "x", 1).ok());
    EXPECT_EQ(Insert(*database, "x", 2).code(), StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(Count(*database), 0);
}

TEST_F(DatabaseTest, IsForItsOwnerOnly) {
  Open();
  struct stat info = {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_EQ(chmod(path_.c_str(), 0644), 0);
  EXPECT_EQ(Database::Open(path_).status().code(), StatusCode::kPermissionDenied);
}

// Another process that opens and closes the file last of all must not be taken for the last one: it
// would delete the log that we go on writing to.
TEST_F(DatabaseTest, OpeningTwiceKeepsTheLocksOfTheFirst) {
  auto first = Open();
  ASSERT_TRUE(first->Migrate(kSteps).ok());
  auto second = Open();
  const std::string other = "python3 -c \"import sqlite3; c = sqlite3.connect('" + path_ +
                            "'); c.execute('SELECT * FROM a').fetchall(); c.close()\"";
  ASSERT_EQ(std::system(other.c_str()), 0);
  EXPECT_TRUE(std::filesystem::exists(path_ + "-wal"));
  ASSERT_TRUE(Insert(*first, "x", 1).ok());
  EXPECT_EQ(Count(*Open()), 1);
}

TEST_F(DatabaseTest, RefusesWhatIsNoDatabase) {
  { std::ofstream(path_) << std::string(4096, 'x'); }
  ASSERT_EQ(chmod(path_.c_str(), 0600), 0);
  const auto database = Database::Open(path_);
  ASSERT_FALSE(database.ok());
  EXPECT_EQ(database.status().code(), StatusCode::kDataLoss);
  EXPECT_NE(database.status().message().find(path_), std::string::npos);
}

}  // namespace
}  // namespace parvis::store
