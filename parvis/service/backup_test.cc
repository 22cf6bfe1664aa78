#include "parvis/service/backup.h"

#include <filesystem>
#include <functional>

#include "gtest/gtest.h"
#include "parvis/governance/secret.h"
#include "parvis/service/archive.h"
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
        if (name == "parvis-backup.json") content.replace(content.find("backup/1"), 8, "backup/2");
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

}  // namespace
}  // namespace parvis::service
