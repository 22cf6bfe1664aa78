#include "parvis/governance/sealing.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "gtest/gtest.h"
#include "parvis/core/file.h"

namespace parvis::governance {
namespace {

namespace fs = std::filesystem;

class SealingTest : public testing::Test {
 protected:
  SealingTest() {
    folder_ = fs::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    path_ = folder_ / "parvis.master";
    EXPECT_TRUE(MasterKeys::AddNew(path_).ok());
  }
  ~SealingTest() override { fs::remove_all(folder_); }
  MasterKeys Keys() const { return MasterKeys::Read(path_).value(); }

  fs::path folder_;
  std::string path_;
};

TEST_F(SealingTest, OpensWhereItBelongs) {
  const std::string secret = "sk-0123456789 \xff\n";
  const std::string sealed = Keys().Seal("upstream.a:7b", secret).value();
  EXPECT_TRUE(IsSealed(sealed));
  EXPECT_EQ(sealed.find("sk-"), std::string::npos);
  EXPECT_EQ(Keys().Open("upstream.a:7b", sealed).value(), secret);
  EXPECT_NE(Keys().Seal("upstream.a:7b", secret).value(), sealed) << "a nonce is never used again";
  EXPECT_EQ(Keys().Open("upstream.b", sealed).status().code(), StatusCode::kInvalidArgument);
  EXPECT_FALSE(Keys().Seal("", secret).ok());
  EXPECT_FALSE(Keys().Seal("a b", secret).ok());
  EXPECT_FALSE(Keys().Seal("a", "").ok());
}

// Whatever of it is changed, its name and its key among it.
TEST_F(SealingTest, DoesNotOpenIfAnythingIsChanged) {
  const std::string sealed = Keys().Seal("upstream.a", "secret").value();
  for (size_t i = 0; i < sealed.size(); ++i) {
    for (const char c : {'A', 'b', '0', ':'}) {
      if (sealed[i] == c) continue;
      std::string changed = sealed;
      changed[i] = c;
      const auto name = changed.substr(10, changed.find(':', 10) - 10);
      for (const std::string& asked : {std::string("upstream.a"), name}) {
        EXPECT_FALSE(Keys().Open(asked, changed).ok()) << changed;
      }
    }
    EXPECT_FALSE(Keys().Open("upstream.a", sealed.substr(0, i)).ok());
  }
  // Moved to another place, with the name made to fit.
  std::string moved = sealed;
  moved.replace(moved.find("upstream.a"), 10, "upstream.b");
  EXPECT_EQ(Keys().Open("upstream.b", moved).status().code(), StatusCode::kDataLoss);
}

TEST_F(SealingTest, AnotherKeyDoesNotOpenIt) {
  const std::string sealed = Keys().Seal("a", "secret").value();
  fs::remove(path_);
  ASSERT_TRUE(MasterKeys::AddNew(path_).ok());
  const Status status = Keys().Open("a", sealed).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("master key"), std::string::npos);
  EXPECT_EQ(status.message().find("secret'"), std::string::npos);
}

TEST_F(SealingTest, ANewKeySealsAndTheOldOneStillOpens) {
  const std::string old = Keys().Seal("a", "secret").value();
  ASSERT_TRUE(MasterKeys::AddNew(path_).ok());
  EXPECT_EQ(Keys().Open("a", old).value(), "secret");
  int count = 0;
  const std::string text =
      Keys().Reseal("key = \"" + old + "\"\nother = \"" + old + "\"\n", &count).value();
  EXPECT_EQ(count, 2);
  EXPECT_EQ(text.find(old), std::string::npos);
  // Without the old one, what was sealed anew opens.
  const std::string keys = ReadFile(path_).value();
  { std::ofstream(path_) << keys.substr(0, 65); }
  const std::string sealed = text.substr(7, text.find('"', 7) - 7);
  EXPECT_EQ(Keys().Open("a", sealed).value(), "secret");
  EXPECT_FALSE(Keys().Open("a", old).ok());
  EXPECT_FALSE(Keys().Reseal("x " + old, &count).ok());
  EXPECT_EQ(Keys().Reseal("nothing here", &count).value(), "nothing here");
  EXPECT_EQ(count, 0);
}

TEST_F(SealingTest, TheFileIsForItsOwner) {
  struct stat info = {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_EQ(chmod(path_.c_str(), 0640), 0);
  EXPECT_EQ(MasterKeys::Read(path_).status().code(), StatusCode::kPermissionDenied);
  // systemd's credentials have an access list, which shows as a right of the group.
  ASSERT_EQ(setenv("CREDENTIALS_DIRECTORY", folder_.c_str(), 1), 0);
  EXPECT_EQ(MasterKeys::CredentialPath(), path_);
  EXPECT_TRUE(MasterKeys::Read(path_).ok());
  ASSERT_EQ(chmod(path_.c_str(), 0644), 0);
  EXPECT_FALSE(MasterKeys::Read(path_).ok());
  ASSERT_EQ(unsetenv("CREDENTIALS_DIRECTORY"), 0);
  EXPECT_EQ(MasterKeys::CredentialPath(), "");
  ASSERT_EQ(chmod(path_.c_str(), 0600), 0);
  for (const char* wrong : {"", "abc\n", "\n"}) {
    { std::ofstream(path_) << wrong; }
    EXPECT_FALSE(MasterKeys::Read(path_).ok()) << wrong;
  }
}

}  // namespace
}  // namespace parvis::governance
