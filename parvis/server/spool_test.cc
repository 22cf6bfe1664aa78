#include "parvis/server/spool.h"

#include <filesystem>
#include <string>

#include "gtest/gtest.h"

namespace parvis::server {
namespace {

namespace fs = std::filesystem;

TEST(Spool, ReadsWhatWasWrittenAndLeavesNothing) {
  std::string name = fs::temp_directory_path() / "parvis_spool_XXXXXX";
  const fs::path folder = mkdtemp(name.data());
  {
    const auto spool = std::move(Spool::In(folder)).value();
    const std::string piece(100'000, 'a');
    ASSERT_TRUE(spool->Append(piece).ok());
    ASSERT_TRUE(spool->Append("").ok());
    ASSERT_TRUE(spool->Append("the end").ok());
    EXPECT_EQ(spool->Read().value(), piece + "the end");
    EXPECT_EQ(spool->Read().value().size(), piece.size() + 7);
    EXPECT_TRUE(fs::is_empty(folder));  // it has no name
  }
  EXPECT_EQ(std::move(Spool::In(folder)).value()->Read().value(), "");
  EXPECT_FALSE(Spool::In(folder / "nowhere").ok());
  fs::remove_all(folder);
}

}  // namespace
}  // namespace parvis::server
