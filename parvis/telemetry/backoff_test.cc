#include "parvis/telemetry/backoff.h"

#include <gtest/gtest.h>

#include <set>

namespace parvis::telemetry {
namespace {

using std::chrono::milliseconds;

TEST(Backoff, GrowsToItsMostAndIsSpread) {
  std::set<int64_t> second;
  for (int run = 0; run < 200; ++run) {
    Backoff backoff(milliseconds(1000), milliseconds(5000));
    for (const int64_t most : {1000, 2000, 4000, 5000, 5000}) {
      const int64_t wait = backoff.Next(std::nullopt).count();
      EXPECT_GE(wait, most / 2);
      EXPECT_LE(wait, most);
      if (most == 2000) second.insert(wait);
    }
    backoff.Reset();
    EXPECT_LE(backoff.Next(std::nullopt).count(), 1000);
  }
  EXPECT_GT(second.size(), 100u);
}

TEST(Backoff, WaitsAsLongAsItIsAsked) {
  Backoff backoff(milliseconds(10), milliseconds(20));
  EXPECT_EQ(backoff.Next(milliseconds(7000)).count(), 7000);
  EXPECT_LE(backoff.Next(milliseconds(0)).count(), 20);
  EXPECT_EQ(backoff.Next(std::chrono::hours(9)), Backoff::kMostAsked);
}

}  // namespace
}  // namespace parvis::telemetry
