// Files of Parvis 0.1, taken into the database.

#include "parvis/service/file_import.h"

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>
#include <thread>

#include "gtest/gtest.h"
#include "parvis/core/sha256.h"
#include "parvis/service/file_pieces.h"
#include "parvis/service/file_store.h"
#include "parvis/service/records.h"
#include "tests/scratch_database.h"

namespace parvis::service {
namespace {

namespace fs = std::filesystem;

constexpr size_t kVersionBefore = 13;  // of the schema
const Caller kAnn = {"org", "ann", "key_1", {}};

class FileImportTest : public ScratchDatabaseTest {
 protected:
  std::string Folder() const { return folder_ + "/files"; }
  std::string PathOf(const std::string& id) const {
    return Folder() + "/" + Sha256Hex(std::string("org") + '\0' + "ann").substr(0, 32) + "/" + id;
  }

  // An installation as it was, of these files.
  void MakeOld(const std::map<std::string, std::string>& files) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    path_ = ScratchDatabase(folder_);
    const auto database = std::move(store::Database::Open(path_)).value();
    ASSERT_TRUE(MigrateServiceTables(*database, kVersionBefore).ok());
    for (const auto& [id, content] : files) {
      fs::create_directories(fs::path(PathOf(id)).parent_path());
      ASSERT_TRUE(WriteFileAtomically(PathOf(id), content).ok());
      auto insert =
          std::move(
              database->Prepare("INSERT INTO files(id, organisation, owner, name, purpose, "
                                "bytes, created_ms) VALUES(?1, 'org', 'ann', 'n', 'batch', ?2, 1)"))
              .value();
      ASSERT_TRUE(insert.Bind(1, id).Bind(2, static_cast<int64_t>(content.size())).Run().ok());
    }
  }
  Status Import() const {
    {
      PARVIS_ASSIGN_OR_RETURN(const auto database, store::Database::Open(path_));
      PARVIS_RETURN_IF_ERROR(MigrateServiceTables(*database));
    }
    return TakeInFiles(path_, Folder());
  }
  int64_t Count(store::Sql sql) const {
    const auto database = std::move(store::Database::Open(path_)).value();
    auto select = database->Prepare(sql);  // of a column that may not be there yet
    const auto row = select.ok() ? select->Step() : Result<bool>(false);
    return row.ok() && *row ? select->Int(0) : 0;
  }
};

std::map<std::string, std::string> SomeFiles(unsigned seed) {
  std::mt19937 random(seed);
  std::map<std::string, std::string> files;
  for (int i = 0; i < 6; ++i) {
    std::string content(1 + random() % (6 * static_cast<size_t>(kPieceBytes)), '\0');
    for (char& byte : content) byte = static_cast<char>(random());
    files["file-" + std::to_string(i)] = std::move(content);
  }
  return files;
}

// PARVIS_TEST_KILLS: how often. Killed at any moment, all files are as they were, or all are in the
// database.
TEST_F(FileImportTest, IsWholeOrNot) {
  const unsigned seed = std::random_device()();
  std::printf("seed %u\n", seed);
  std::mt19937 random(seed);
  const auto files = SomeFiles(seed);
  std::chrono::microseconds whole{};  // what the first one takes, which is not killed
  const char* const told = std::getenv("PARVIS_TEST_KILLS");
  const int kills = told != nullptr ? std::atoi(told) : 15;
  ASSERT_GT(kills, 0);
  int old_ones = 0, new_ones = 0, halves = 0;
  for (int round = 0; round <= kills; ++round) {
    MakeOld(files);
    const auto begun = std::chrono::steady_clock::now();
    const pid_t child = fork();
    if (child == 0) _exit(Import().ok() ? 0 : 1);
    if (round > 0) {
      std::this_thread::sleep_for(whole * (random() % 1000) / 900);
      kill(child, SIGKILL);
    }
    waitpid(child, nullptr, 0);
    if (round == 0) {
      whole = std::chrono::duration_cast<std::chrono::microseconds>(
          std::chrono::steady_clock::now() - begun);
    }
    const int64_t moved = Count("SELECT count(*) FROM files WHERE state = 'whole'");
    if (moved == 0) {
      ++old_ones;
      halves += Count("SELECT count(*) FROM file_pieces") > 0 ? 1 : 0;
      for (const auto& [id, content] : files) EXPECT_TRUE(ReadFile(PathOf(id)).value() == content);
    } else {
      ++new_ones;
      EXPECT_EQ(moved, static_cast<int64_t>(files.size()));
    }
    ASSERT_TRUE(Import().ok());
    EXPECT_FALSE(fs::exists(Folder()));
    const auto store = std::move(FileStore::Open(path_, {})).value();
    for (const auto& [id, content] : files) {
      const auto read = store->Read(kAnn, id);
      ASSERT_TRUE(read.ok());
      EXPECT_TRUE(*read == content) << id;
    }
  }
  std::printf("%d were old (%d of them begun), %d new\n", old_ones, halves, new_ones);
}

TEST_F(FileImportTest, WhatWasLostBeforeGoes) {
  MakeOld({{"file-a", "whole"}, {"file-b", "lost"}, {"file-c", "longer before"}});
  fs::remove(PathOf("file-b"));
  ASSERT_TRUE(WriteFileAtomically(PathOf("file-c"), "short").ok());
  ASSERT_TRUE(Import().ok());
  ASSERT_TRUE(Import().ok()) << "twice";
  const auto store = std::move(FileStore::Open(path_, {})).value();
  EXPECT_EQ(*store->Read(kAnn, "file-a"), "whole");
  EXPECT_FALSE(store->Find(kAnn, "file-b").ok());
  EXPECT_FALSE(store->Find(kAnn, "file-c").ok());
  EXPECT_EQ(Count("SELECT count(*) FROM files"), 1);
}

}  // namespace
}  // namespace parvis::service
