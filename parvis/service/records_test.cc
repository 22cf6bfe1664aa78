#include "parvis/service/records.h"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "parvis/core/clock.h"
#include "parvis/governance/key_ring.h"
#include "parvis/store/copy.h"
#include "tests/scratch_database.h"

namespace parvis::service {
namespace {

class RecordsTest : public ScratchDatabaseTest {
 protected:
  static RequestRecord Request(std::string id) {
    return {std::move(id), {"org", "me", "key", {}}, "POST /x", "m", "d", WallClockMs(), 3, 5};
  }
  std::vector<std::string> Finishes() const {
    auto database = std::move(store::Database::Open(path_)).value();
    auto select =
        std::move(
            database->Prepare(
                "SELECT finish || ' ' || organisation || ' ' || owner || ' ' || "
                "coalesce(CAST(output_tokens AS TEXT), 'unknown') FROM answers ORDER BY request"))
            .value();
    std::vector<std::string> all;
    while (select.Step().value()) all.push_back(select.Text(0));
    return all;
  }
};

TEST_F(RecordsTest, AnswersBelongToTheirRequestsOwner) {
  {
    auto records = std::move(Records::Open(path_)).value();
    ASSERT_TRUE(records->Write(Request("a")).ok());
    ASSERT_TRUE(records->Write(AnswerRecord{"a", "stop", 1, 3, 0, 5}).ok());
    EXPECT_FALSE(records->Write(Request("a")).ok()) << "a request is on record once";
  }
  EXPECT_EQ(Finishes(), std::vector<std::string>{"stop org me 5"});
}

TEST_F(RecordsTest, WhatAnEarlierProcessLeftIsMarked) {
  {
    auto records = std::move(Records::Open(path_)).value();
    ASSERT_TRUE(records->Write(Request("a")).ok());
    ASSERT_TRUE(records->Write(Request("b")).ok());
    ASSERT_TRUE(records->Write(AnswerRecord{"b", "length", 1, 3, 0, 5}).ok());
  }
  { ASSERT_TRUE(Records::Open(path_).ok()); }
  EXPECT_EQ(Finishes(),
            (std::vector<std::string>{"interrupted org me unknown", "length org me 5"}));
}

TEST_F(RecordsTest, ManyWaitForOneSync) {
  auto records = std::move(Records::Open(path_)).value();
  std::vector<std::thread> threads;
  std::atomic<int> written{0};
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        const std::string id = std::to_string(t) + "-" + std::to_string(i % 19);  // one comes twice
        if (records->Write(Request(id)).ok()) ++written;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(written, 8 * 19) << "one that is refused takes no other with it";
}

// What Parvis 0.1 left: one key, kept as its SHA-256.
constexpr char kOldKey[] = "pv-0123456789012345678901234567890123456789012";

void MakeOldFile(const std::string& path) {
  auto database = std::move(store::Database::Open(path)).value();
  ASSERT_TRUE(MigrateServiceTables(*database, 4).ok());
  auto insert =
      std::move(database->Prepare(
                    "INSERT INTO api_keys(id, organisation, owner, role, digest, created_ms) "
                    "VALUES('key_old', 'local', 'operator', 'operator', ?1, 7)"))
          .value();
  const Sha256Digest digest = Sha256(std::string_view(kOldKey));
  ASSERT_TRUE(insert.BindBytes(1, {reinterpret_cast<const char*>(digest.data()), digest.size()})
                  .Run()
                  .ok());
}

void ExpectTheOldKeyGoesOn(const std::string& path) {
  const auto pepper = governance::Pepper::ForTest("pepper");
  auto directory = std::move(governance::Directory::Open(path, pepper)).value();
  EXPECT_FALSE(directory->EnsureOperatorKey().value()) << "there is one";
  auto ring = std::move(governance::KeyRing::Open(path, pepper)).value();
  ASSERT_TRUE(ring->Find(kOldKey).ok());
  EXPECT_EQ(ring->Find(kOldKey).value()->key, "key_old");
  EXPECT_EQ(ring->Find(kOldKey).value()->permissions, Permissions::All());
  EXPECT_FALSE(ring->Find(std::string(kOldKey) + "x").ok());
}

TEST_F(RecordsTest, TheKeyThatThereWasGoesOn) {
  MakeOldFile(path_);
  { ASSERT_TRUE(Records::Open(path_).ok()); }
  ExpectTheOldKeyGoesOn(path_);
}

bool Answers(store::Database& database, store::Sql sql) {
  auto statement = database.Prepare(sql);
  return statement.ok() && statement->Step().ok();
}

// A migration that is killed at any moment leaves the old tables or the new ones.
// PARVIS_TEST_KILLS: how often that is tried.
TEST_F(RecordsTest, AMigrationIsWholeOrNot) {
  const unsigned seed = std::random_device()();
  std::printf("seed %u\n", seed);
  std::mt19937 random(seed);
  const char* const told = std::getenv("PARVIS_TEST_KILLS");
  const int kills = told != nullptr ? std::atoi(told) : 15;
  ASSERT_GT(kills, 0);
  int old_files = 0, new_files = 0;
  std::chrono::microseconds whole{};  // what the first one takes, which is not killed
  for (int round = 0; round <= kills; ++round) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    path_ = ScratchDatabase(folder_);
    MakeOldFile(path_);
    const auto begun = std::chrono::steady_clock::now();
    const pid_t child = fork();
    if (child == 0) {
      auto database = std::move(store::Database::Open(path_)).value();
      _exit(MigrateServiceTables(*database).ok() ? 0 : 1);
    }
    if (round > 0) {
      std::this_thread::sleep_for(whole * (random() % 1000) / 800);
      kill(child, SIGKILL);
    }
    waitpid(child, nullptr, 0);
    if (round == 0) {
      whole = std::chrono::duration_cast<std::chrono::microseconds>(
          std::chrono::steady_clock::now() - begun);
    }
    {
      auto database = std::move(store::Database::Open(path_)).value();
      const bool is_old = Answers(*database, "SELECT digest FROM api_keys");
      EXPECT_EQ(Answers(*database, "SELECT digest FROM user_keys"), !is_old);
      EXPECT_EQ(Answers(*database, "SELECT adapter_digest FROM requests"), !is_old);
      ++(is_old ? old_files : new_files);
      if (!is_old && !ScratchIsShared()) {  // then there is a whole copy of what was
        EXPECT_EQ(store::CheckDatabase(path_ + ".v4").value().version, 4);
      }
    }
    { ASSERT_TRUE(Records::Open(path_).ok()); }
    ExpectTheOldKeyGoesOn(path_);
  }
  std::printf("%d were old, %d new\n", old_files, new_files);
}

}  // namespace
}  // namespace parvis::service
