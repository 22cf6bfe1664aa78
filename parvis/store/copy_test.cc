#include "parvis/store/copy.h"

#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "gtest/gtest.h"
#include "parvis/store/database.h"
#include "tests/scratch_test.h"

namespace parvis::store {
namespace {

constexpr Sql kSteps[] = {
    "CREATE TABLE a(id INTEGER PRIMARY KEY, n INTEGER, text TEXT) STRICT;"
    "CREATE TABLE \"b \"\"c\"(a INTEGER NOT NULL REFERENCES a(id)) STRICT;",
    "ALTER TABLE a ADD COLUMN more INTEGER"};

class CopyTest : public ScratchTest {
 protected:
  CopyTest() {
    from_ = folder_ + "/parvis.db";
    to_ = folder_ + "/copy.db";
    database_ = std::move(Database::Open(from_)).value();
    EXPECT_TRUE(database_->Migrate(std::span(kSteps, 1)).ok());
  }

  // Two rows in one transaction: a copy of one moment has both or neither.
  void AddPair(int64_t n) {
    auto transaction = std::move(Transaction::Begin(*database_)).value();
    for (const int64_t value : {n, -n}) {
      auto insert = database_->Prepare("INSERT INTO a(n, text) VALUES(?1, ?2)");
      ASSERT_TRUE(insert->Bind(1, value).Bind(2, std::string(300, 'x')).Run().ok());
    }
    ASSERT_TRUE(transaction.Commit().ok());
  }

  std::string from_, to_;
  std::unique_ptr<Database> database_;
};

TEST_F(CopyTest, IsOfOneMomentWhileOthersWrite) {
  std::atomic<bool> stop{false};
  int64_t written = 0;
  std::thread writer([&] {
    while (!stop) AddPair(++written);
  });
  for (int i = 0; i < 20; ++i) {
    const auto facts = CopyDatabase(from_, to_);
    ASSERT_TRUE(facts.ok()) << facts.status().message();
    EXPECT_EQ(facts->version, 1);
    auto copy = std::move(Database::Open(to_)).value();
    auto sum = copy->Prepare("SELECT count(*), coalesce(sum(n), 0) FROM a");
    ASSERT_TRUE(sum->Step().value());
    EXPECT_EQ(sum->Int(0) % 2, 0);
    EXPECT_EQ(sum->Int(1), 0);
    EXPECT_EQ(facts->rows.at("a"), sum->Int(0));
    EXPECT_EQ(facts->rows.at("b \"c"), 0);
  }
  stop = true;
  writer.join();
}

TEST_F(CopyTest, IsOneFileForItsOwner) {
  AddPair(1);
  ASSERT_TRUE(CopyDatabase(from_, to_).ok());
  struct stat info = {};
  ASSERT_EQ(stat(to_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  for (const char* more : {"-wal", "-shm", "-journal", ".part"}) {
    EXPECT_FALSE(std::filesystem::exists(to_ + more)) << more;
  }
}

TEST_F(CopyTest, WhatIsDamagedIsNoCopy) {
  for (int i = 1; i < 200; ++i) AddPair(i);
  const auto facts = CopyDatabase(from_, to_);
  ASSERT_TRUE(facts.ok());
  EXPECT_EQ(CheckDatabase(to_).value(), *facts);
  const auto size = std::filesystem::file_size(to_);
  std::mt19937 rng(7);
  for (int i = 0; i < 20; ++i) {
    const std::string cut = folder_ + "/cut.db";
    std::filesystem::copy_file(to_, cut, std::filesystem::copy_options::overwrite_existing);
    std::filesystem::resize_file(cut, 1 + rng() % (size - 1));
    const auto checked = CheckDatabase(cut);
    EXPECT_FALSE(checked.ok() && *checked == *facts);
  }
  ASSERT_TRUE(
      database_->RunScript("PRAGMA foreign_keys = OFF; INSERT INTO \"b \"\"c\" VALUES(99999)")
          .ok());
  EXPECT_EQ(CopyDatabase(from_, to_).status().code(), StatusCode::kDataLoss);
}

// What a migration began with is kept beside the database, whole.
TEST_F(CopyTest, AMigrationKeepsWhatWasBefore) {
  AddPair(5);
  EXPECT_FALSE(std::filesystem::exists(from_ + ".v1")) << "there was nothing before the first step";
  ASSERT_TRUE(database_->Migrate(kSteps).ok());
  const auto before = CheckDatabase(from_ + ".v1");
  ASSERT_TRUE(before.ok()) << before.status().message();
  EXPECT_EQ(before->version, 1);
  EXPECT_EQ(before->rows.at("a"), 2);
  std::filesystem::remove(from_ + ".v1");
  ASSERT_TRUE(database_->Migrate(kSteps).ok());
  EXPECT_FALSE(std::filesystem::exists(from_ + ".v1")) << "nothing was migrated";
}

TEST_F(CopyTest, WithoutRoomForItThereIsNoMigration) {
  std::filesystem::create_directories(from_ + ".v1.part/x");  // where the copy would be made
  EXPECT_FALSE(database_->Migrate(kSteps).ok());
  EXPECT_EQ(CopyDatabase(from_, to_).value().version, 1);
}

}  // namespace
}  // namespace parvis::store
