#include "parvis/cli/progress.h"

#include "gtest/gtest.h"

namespace parvis::cli {
namespace {

using std::chrono::seconds;

TEST(Progress, TextsOfNumbers) {
  EXPECT_EQ(DurationText(41.2), "41s");
  EXPECT_EQ(DurationText(192), "3m12s");
  EXPECT_EQ(DurationText(7500), "2h05m");
  EXPECT_EQ(DurationText(99.0 * 3600), "99h+");
  EXPECT_EQ(DurationText(1.0 / 0.0), "99h+");
  EXPECT_EQ(CountText(812), "812");
  EXPECT_EQ(CountText(12345), "12.3k");
  EXPECT_EQ(CountText(4560000), "4.56M");
  EXPECT_EQ(BytesText(1536), "1.50 KiB");
  EXPECT_EQ(BytesText(34.0 * 1024 * 1024), "34.0 MiB");
}

TEST(Progress, RateComesFromTheLastTenSeconds) {
  Progress progress("train", 1000, "tokens", /*shown=*/false);
  const auto start = Progress::Clock::now();
  std::string line;
  for (int s = 1; s <= 20; ++s) line = progress.Line(s, "", start + seconds(s), 100);  // 1/s
  for (int s = 1; s <= 11; ++s) line = progress.Line(20 + 10 * s, "", start + seconds(20 + s), 100);
  // 130 done; the slow beginning is forgotten: 10 a second, 87 s left.
  EXPECT_NE(line.find(" 13% ["), std::string::npos) << line;
  EXPECT_NE(line.find(" 130/1.00k tokens 10/s 1m27s left"), std::string::npos) << line;
}

TEST(Progress, FitsTheWidth) {
  Progress progress("convert", 100, "MiB", /*shown=*/false);
  const auto start = Progress::Clock::now();
  EXPECT_EQ(progress.Line(50, "", start + seconds(1), 20).find('['), std::string::npos);
  EXPECT_LT(progress.Line(50, "", start + seconds(1), 70).size(), 70u);
  EXPECT_LT(progress.Line(50, "", start + seconds(1), 300).size(), 100u);
}

}  // namespace
}  // namespace parvis::cli
