#include "parvis/core/file_lock.h"

#include <unistd.h>

#include <filesystem>

#include "gtest/gtest.h"

namespace parvis {
namespace {

TEST(FileLock, IsHeldOnce) {
  const std::string path = testing::TempDir() + "/parvis-lock-" + std::to_string(getpid());
  {
    const auto lock = FileLock::Take(path);
    ASSERT_TRUE(lock.ok()) << lock.status().message();
    const auto second = FileLock::Take(path);
    EXPECT_EQ(second.status().code(), StatusCode::kUnavailable);
    const std::string told = "process " + std::to_string(getpid()) + " has it";
    EXPECT_NE(second.status().message().find(told), std::string::npos) << second.status().message();
  }
  EXPECT_TRUE(FileLock::Take(path).ok());
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace parvis
