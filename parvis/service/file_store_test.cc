#include "parvis/service/file_store.h"

#include <algorithm>
#include <atomic>
#include <random>
#include <thread>

#include "gtest/gtest.h"
#include "parvis/core/clock.h"
#include "parvis/service/batch_store.h"
#include "parvis/service/file_pieces.h"
#include "parvis/service/records.h"
#include "tests/scratch_database.h"

namespace parvis::service {
namespace {

const Caller kAnn = {"org", "ann", "key_1", {}};
const Caller kBob = {"org", "bob", "key_2", {}};
const Caller kAnnElsewhere = {"other", "ann", "key_3", {}};

class FileStoreTest : public ScratchDatabaseTest {
 protected:
  FileStoreTest() {
    database_ = std::move(store::Database::Open(path_)).value();
    EXPECT_TRUE(MigrateServiceTables(*database_).ok());
    files_ = Open();
  }
  std::unique_ptr<FileStore> Open(const FileLimits& limits = {},
                                  ServerName server = nullptr) const {
    return std::move(FileStore::Open(path_, limits, std::move(server))).value();
  }
  int64_t Count(store::Sql sql) const {
    auto select = std::move(database_->Prepare(sql)).value();
    EXPECT_TRUE(select.Step().value());
    return select.Int(0);
  }
  int64_t Pieces() const { return Count("SELECT count(*) FROM file_pieces"); }
  std::string Added(const Caller& caller, std::string_view content) const {
    const auto file = files_->Add(caller, "a.jsonl", "batch", content, {});
    EXPECT_TRUE(file.ok());
    return file->id;
  }
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<FileStore> files_;
};

std::string Bytes(size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

TEST_F(FileStoreTest, TheBytesComeBackFromAnyPlace) {
  constexpr size_t kPiece = kPieceBytes;
  const unsigned seed = std::random_device()();
  std::printf("seed %u\n", seed);
  std::mt19937 random(seed);
  for (const size_t size :
       {size_t{1}, kPiece - 1, kPiece, kPiece + 1, 3 * kPiece, 3 * kPiece + 7}) {
    const std::string content = Bytes(size, seed);
    const std::string id = Added(kAnn, content);
    EXPECT_EQ(files_->Find(kAnn, id)->bytes, static_cast<int64_t>(size));
    EXPECT_TRUE(*files_->Read(kAnn, id) == content);
    EXPECT_EQ(*files_->ReadAt(kAnn, id, static_cast<int64_t>(size), 100), "");
    for (int i = 0; i < 50; ++i) {
      const size_t offset = random() % size, most = 1 + random() % (2 * kPiece);
      const auto piece =
          files_->ReadAt(kAnn, id, static_cast<int64_t>(offset), static_cast<int64_t>(most));
      ASSERT_TRUE(piece.ok());
      ASSERT_FALSE(piece->empty());
      ASSERT_LE(piece->size(), std::min(most, kPiece));
      ASSERT_TRUE(*piece == content.substr(offset, piece->size())) << size << " " << offset;
    }
    for (size_t at = 0; at < size;) {
      const auto piece = files_->ReadAt(kAnn, id, static_cast<int64_t>(at), 100'000);
      ASSERT_TRUE(piece.ok() && !piece->empty());
      at += piece->size();
    }
    for (const Caller& other : {kBob, kAnnElsewhere}) {
      EXPECT_FALSE(files_->Find(other, id).ok());
      EXPECT_EQ(files_->ReadAt(other, id, 0, 10).refusal().kind, RefusalKind::kNotFound);
      EXPECT_EQ(files_->Remove(other, id)->kind, RefusalKind::kNotFound);
    }
  }
}

TEST_F(FileStoreTest, WhatIsRemovedIsGone) {
  const std::string secret = "the secret of the tall tower";
  const std::string id = Added(kAnn, secret + std::string(3'000'000, 'x') + secret);
  EXPECT_TRUE(ScratchIsShared() || OnDisk(secret)) << "the test looks for what is nowhere";
  EXPECT_FALSE(files_->Remove(kAnn, id));
  EXPECT_EQ(Pieces(), 0);
  EXPECT_FALSE(!ScratchIsShared() && OnDisk(secret));
  EXPECT_FALSE(files_->Find(kAnn, id).ok());
  EXPECT_EQ(files_->Remove(kAnn, id)->kind, RefusalKind::kNotFound);
}

TEST_F(FileStoreTest, WhatWeWriteIsThereWhenItIsSaidToBe) {
  const std::string content = Bytes(700'000, 1);
  const auto write = [&] {
    auto writer =
        std::move(files_->Begin({NewId("file-"), "org", "ann", "o", "batch_output"})).value();
    for (size_t at = 0; at < content.size(); at += 777) {
      EXPECT_TRUE(writer->Append(std::string_view(content).substr(at, 777)).ok());
    }
    EXPECT_TRUE(writer->Finish().ok());
    return writer;
  };
  {
    const auto dropped = write();
    EXPECT_FALSE(files_->Find(kAnn, dropped->id()).ok());
    EXPECT_TRUE(files_->List(kAnn, "", {})->items.empty());
    EXPECT_GT(Pieces(), 0);
  }
  EXPECT_EQ(Pieces(), 0) << "nobody said so";
  EXPECT_EQ(Count("SELECT count(*) FROM files"), 0);

  const auto batches = std::move(BatchStore::Open(path_)).value();
  EXPECT_FALSE(batches->Add({.id = "batch_1", .caller = kAnn, .status = "validating"}, 9));
  Batch batch = *std::move(batches->Claim()).value();
  const auto kept = write();
  batch.status = "completed";
  batch.output_file = "file-of-nobody";
  EXPECT_FALSE(batches->Finish(batch).ok());
  EXPECT_EQ(batches->Find(kAnn, "batch_1")->status, "validating") << "both or nothing";
  batch.output_file = kept->id();
  ASSERT_TRUE(batches->Finish(batch).ok());
  kept->Keep();
  EXPECT_TRUE(*files_->Read(kAnn, kept->id()) == content);
  EXPECT_EQ(batches->Find(kAnn, "batch_1")->status, "completed");
}

// What is being written has its room already; so nobody has more than the quota, however many write
// at a time and at however many servers.
TEST_F(FileStoreTest, TheQuotaHoldsForManyWriters) {
  ASSERT_TRUE(database_->Run("INSERT INTO servers(id, lock, started_ms) VALUES('s', 1, 1)").ok());
  const FileLimits limits{.owner_bytes = 10'000, .owner_files = 100};
  const auto of_all = Open(limits);
  std::atomic<int> added{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      const auto of_one =
          ScratchIsShared() ? Open(limits, [] { return std::string("s"); }) : nullptr;
      FileStore* const mine = of_one != nullptr ? of_one.get() : of_all.get();
      for (int i = 0; i < 10; ++i) {
        const auto file = mine->Add(kAnn, "a", "batch", std::string(999, 'x'), {});
        if (file.ok()) ++added;
        if (!file.ok()) {
          EXPECT_EQ(file.refusal().kind, RefusalKind::kQuotaExhausted);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(added, 10);
  EXPECT_TRUE(Open(limits)->Add(kBob, "a", "batch", "x", {}).ok()) << "another's quota is his";
}

// A database of one writer is left to others between two pieces.
TEST_F(FileStoreTest, RecordsAreWrittenWhileAFileIs) {
  const auto records = std::move(Records::Open(path_)).value();
  std::atomic<bool> done{false};
  std::thread upload([&] {
    EXPECT_TRUE(files_->Add(kAnn, "a", "batch", std::string(100 * kPieceBytes, 'x'), {}).ok());
    done = true;
  });
  int written = 0;
  for (; !done; ++written) {
    const RequestRecord record{"r" + std::to_string(written), kBob, "POST /x", "m", "d", 1, 3, 5};
    ASSERT_TRUE(records->Write(record).ok());
  }
  upload.join();
  EXPECT_GE(written, 10);
}

TEST_F(FileStoreTest, WhatAKillLeftGoes) {
  ASSERT_TRUE(WritePiece(*database_, {"file-gone", "org", "ann"}, 0, "of no entry").ok());
  ASSERT_TRUE(
      database_
          ->Run("INSERT INTO files(id, organisation, owner, name, purpose, bytes, created_ms, "
                "state, server) VALUES('file-half', 'org', 'ann', 'a', 'batch', 9, 1, "
                "'writing', '')")
          .ok());
  ASSERT_TRUE(WritePiece(*database_, {"file-half", "org", "ann"}, 0, "half of").ok());
  const std::string whole = Added(kAnn, "whole");
  files_ = Open();
  EXPECT_EQ(Pieces(), 1);
  EXPECT_EQ(Count("SELECT count(*) FROM files"), 1);
  EXPECT_EQ(*files_->Read(kAnn, whole), "whole");
}

// Of servers that share the database those that are there may still write.
TEST_F(FileStoreTest, WhatAServerWritesStaysWhileItIsThere) {
  ASSERT_TRUE(database_
                  ->Run("INSERT INTO servers(id, lock, started_ms) VALUES('a', 1, 1), "
                        "('b', 2, 1)")
                  .ok());
  const auto of_a = Open({}, [] { return std::string("a"); });
  const auto of_b = Open({}, [] { return std::string("b"); });
  const auto writer = std::move(of_a->Begin({"file-1", "org", "ann", "o", "batch_output"})).value();
  ASSERT_TRUE(writer->Append(std::string(300'000, 'x')).ok());
  ASSERT_TRUE(of_b->Expire(WallClockMs()).ok());
  EXPECT_EQ(Count("SELECT count(*) FROM files"), 1);
  EXPECT_EQ(Pieces(), 1);
  ASSERT_TRUE(database_->Run("DELETE FROM servers WHERE id = 'a'").ok());
  ASSERT_TRUE(of_b->Expire(WallClockMs()).ok());
  EXPECT_EQ(Count("SELECT count(*) FROM files"), 0);
  EXPECT_EQ(Pieces(), 0);
}

TEST_F(FileStoreTest, FilesHaveAnEnd) {
  const int64_t now = WallClockMs();
  const auto over = files_->Add(kAnn, "a", "batch", "x", now - 1);
  const auto later = files_->Add(kAnn, "b", "batch", "y", now + 3'600'000);
  EXPECT_FALSE(files_->Find(kAnn, over->id).ok());
  ASSERT_TRUE(files_->Expire(now).ok());
  EXPECT_EQ(Pieces(), 1);
  EXPECT_EQ(*files_->Read(kAnn, later->id), "y");
  const auto kept = Open({.keep_ms = 5'000})->Add(kAnn, "c", "batch", "z", now + 3'600'000);
  EXPECT_EQ(*kept->expires_ms, kept->created_ms + 5'000) << "sooner than was asked";
}

TEST_F(FileStoreTest, PagesHaveEachFileOnce) {
  std::vector<std::string> ids;
  for (int i = 0; i < 7; ++i) ids.push_back(Added(kAnn, "x"));
  Added(kBob, "x");
  for (const bool newest_first : {true, false}) {
    std::vector<std::string> found;
    Page page{.limit = 2, .newest_first = newest_first};
    while (true) {
      const auto some = files_->List(kAnn, "batch", page);
      ASSERT_TRUE(some.ok());
      for (const StoredFile& file : some->items) found.push_back(file.id);
      if (!some->more) break;
      page.after = found.back();
    }
    if (newest_first) std::reverse(found.begin(), found.end());
    EXPECT_EQ(found, ids);
  }
}

}  // namespace
}  // namespace parvis::service
