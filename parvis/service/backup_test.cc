#include "parvis/service/backup.h"

#include <filesystem>
#include <functional>

#include "gtest/gtest.h"
#include "parvis/core/sha256.h"
#include "parvis/governance/secret.h"
#include "parvis/service/archive.h"
#include "parvis/service/file_store.h"
#include "parvis/service/records.h"
#include "parvis/store/database.h"

namespace parvis::service {
namespace {

namespace fs = std::filesystem;

class BackupTest : public testing::Test {
 protected:
  BackupTest() {
    root_ = fs::path(testing::TempDir()) /
            testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(root_);
    fs::create_directories(root_ / "from");
    from_ = root_ / "from";
    to_ = root_ / "to";
    file_ = root_ / "backup";
    EXPECT_TRUE(Records::Open(from_ + "/parvis.db").ok());
    EXPECT_TRUE(governance::Pepper::Open(from_ + "/parvis.pepper").ok());
  }
  ~BackupTest() override { fs::remove_all(root_); }

  // The same archive with other members.
  void Rewrite(const std::function<void(std::string& name, std::string& content)>& change) {
    auto reader = std::move(ArchiveReader::Open(file_)).value();
    auto writer = std::move(ArchiveWriter::Create(file_ + ".new")).value();
    while (auto member = reader->Next().value()) {
      std::string content = reader->ReadAll(*member, int64_t{1} << 30).value();
      change(member->name, content);
      if (member->name.empty()) continue;  // left out
      ASSERT_TRUE(writer->Add(member->name, content).ok());
    }
    ASSERT_TRUE(writer->Finish().ok());
    fs::rename(file_ + ".new", file_);
  }
  bool NothingIsThere() const {
    for (const auto& entry : fs::directory_iterator(to_)) {
      if (entry.path().filename() != "parvis.lock") return false;
    }
    return true;
  }

  fs::path root_;
  std::string from_, to_, file_;
};

TEST_F(BackupTest, OfALaterParvisIsRefused) {
  {
    auto database = std::move(store::Database::Open(from_ + "/parvis.db")).value();
    ASSERT_TRUE(database->RunScript("PRAGMA user_version = 999").ok());
  }
  ASSERT_TRUE(MakeBackup(from_, file_, "9", false).ok());
  const Status status = RestoreBackup(file_, to_, false).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("later Parvis"), std::string::npos) << status.message();
  EXPECT_TRUE(NothingIsThere());
}

// An archive that is whole may still be no backup.
TEST_F(BackupTest, WhatIsNotABackupIsRefused) {
  const std::function<void(std::string&, std::string&)> kChanges[] = {
      [](std::string& name, std::string&) { name = name == "parvis.pepper" ? "" : name; },
      [](std::string& name, std::string&) { name = name == "parvis.db" ? "" : name; },
      [](std::string& name, std::string&) { name = name == "parvis-backup.json" ? "" : name; },
      [](std::string& name, std::string&) {
        name = name == "parvis.pepper" ? "authorized_keys" : name;
      },
      [](std::string& name, std::string&) { name = name == "parvis.pepper" ? "files/x/y" : name; },
      [](std::string& name, std::string& content) {
        if (name == "parvis-backup.json")
          content.replace(content.find("\"plans\": 0"), 10, "\"plans\": 1");
      },
      [](std::string& name, std::string& content) {
        if (name == "parvis-backup.json")
          content.replace(content.find("\"files\": 0"), 10, "\"files\": 1");
      },
      [](std::string& name, std::string& content) {
        if (name == "parvis-backup.json") content.replace(content.find("backup/2"), 8, "backup/3");
      },
      [](std::string& name, std::string& content) {
        if (name == "parvis.db") content.resize(content.size() / 2);
      },
      [](std::string& name, std::string& content) {
        if (name == "parvis.pepper") content = "short";
      },
  };
  for (const auto& change : kChanges) {
    ASSERT_TRUE(MakeBackup(from_, file_, "1", true).ok());
    Rewrite(change);
    EXPECT_FALSE(RestoreBackup(file_, to_, false).ok());
    EXPECT_TRUE(NothingIsThere());
  }
  ASSERT_TRUE(MakeBackup(from_, file_, "1", true).ok());
  Rewrite([](std::string&, std::string&) {});
  EXPECT_TRUE(RestoreBackup(file_, to_, false).ok()) << "unchanged it is one";
}

TEST_F(BackupTest, OfAnOlderSchemaComesToTodays) {
  fs::remove_all(from_);
  fs::create_directories(from_);
  {
    auto database = std::move(store::Database::Open(from_ + "/parvis.db")).value();
    ASSERT_TRUE(MigrateServiceTables(*database, 4).ok());
  }
  ASSERT_TRUE(governance::Pepper::Open(from_ + "/parvis.pepper").ok());
  const auto made = MakeBackup(from_, file_, "0.1", false);
  ASSERT_TRUE(made.ok()) << made.status().message();
  EXPECT_EQ(made->database.version, 4);
  ASSERT_TRUE(RestoreBackup(file_, to_, false).ok());
  EXPECT_GT(store::CheckDatabase(to_ + "/parvis.db").value().version, 4);
}

// Parvis 0.1 had files of owners beside the database, in its backups, too.
TEST_F(BackupTest, OfFilesInAFolderComesToTheDatabase) {
  fs::remove(from_ + "/parvis.db");
  const std::string owner = Sha256Hex(std::string("org") + '\0' + "ann").substr(0, 32);
  {
    auto database = std::move(store::Database::Open(from_ + "/parvis.db")).value();
    ASSERT_TRUE(MigrateServiceTables(*database, 13).ok());
    ASSERT_TRUE(database
                    ->Run("INSERT INTO files(id, organisation, owner, name, purpose, bytes, "
                          "created_ms) VALUES('file-1', 'org', 'ann', 'n', 'batch', 7, 1)")
                    .ok());
  }
  BackupFacts facts{.made_by = "0.1", .files = 1};
  facts.database = store::CheckDatabase(from_ + "/parvis.db").value();
  OrderedJson manifest = JsonOf(facts);
  manifest["schema"] = "parvis.backup/1";
  const auto make = [&](bool with_file) {
    fs::remove(file_);
    auto archive = std::move(ArchiveWriter::Create(file_)).value();
    if (with_file) {
      ASSERT_TRUE(archive->Add("files/" + owner + "/file-1", "content").ok());
    }
    ASSERT_TRUE(archive->AddFile("parvis.pepper", from_ + "/parvis.pepper").ok());
    ASSERT_TRUE(archive->AddFile("parvis.db", from_ + "/parvis.db").ok());
    ASSERT_TRUE(archive->Add("parvis-backup.json", manifest.dump()).ok());
    ASSERT_TRUE(archive->Finish().ok());
  };
  make(false);
  EXPECT_EQ(RestoreBackup(file_, to_, false).status().code(), StatusCode::kDataLoss);
  make(true);
  const auto restored = RestoreBackup(file_, to_, false);
  ASSERT_TRUE(restored.ok()) << restored.status().message();
  // A backup before the next start has it, too.
  ASSERT_TRUE(MakeBackup(to_, file_, "1", true).ok());
  EXPECT_FALSE(fs::exists(to_ + "/files"));
  fs::remove_all(to_);
  ASSERT_TRUE(RestoreBackup(file_, to_, false).ok());
  const auto files = std::move(FileStore::Open(to_ + "/parvis.db", {})).value();
  EXPECT_EQ(*files->Read({"org", "ann", "key", {}}, "file-1"), "content");
}

}  // namespace
}  // namespace parvis::service
