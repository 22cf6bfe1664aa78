#include "parvis/core/file.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "gtest/gtest.h"

namespace parvis {
namespace {

class ReadFileTest : public testing::Test {
 protected:
  ~ReadFileTest() override { std::filesystem::remove(path_); }
  const std::string path_ = testing::TempDir() + "parvis_file_test_" +
                            testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(ReadFileTest, ReadsAllUpToTheLimit) {
  for (const size_t size : {0, 1, 4096, 100'000}) {
    std::string content(size, 'x');
    for (size_t i = 0; i < size; ++i) content[i] = static_cast<char>(i * 7);
    std::ofstream(path_, std::ios::binary) << content;
    const auto read = ReadFile(path_, size);
    ASSERT_TRUE(read.ok()) << read.status().message();
    EXPECT_EQ(*read, content);
    if (size > 0) {
      EXPECT_EQ(ReadFile(path_, size - 1).status().code(), StatusCode::kResourceExhausted);
    }
  }
}

// Such files say that they have 0 bytes.
TEST_F(ReadFileTest, ReadsWhatTheKernelWrites) {
  const auto read = ReadFile("/proc/version");
  ASSERT_TRUE(read.ok()) << read.status().message();
  std::ostringstream expected;
  expected << std::ifstream("/proc/version").rdbuf();
  EXPECT_EQ(*read, expected.str());
  EXPECT_FALSE(read->empty());
  EXPECT_EQ(ReadFile("/proc/version", 10).status().code(), StatusCode::kResourceExhausted);
}

TEST_F(ReadFileTest, RefusesWhatIsNoFile) {
  EXPECT_EQ(ReadFile(path_).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(ReadFile(testing::TempDir()).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace parvis
