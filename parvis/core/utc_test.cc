#include "parvis/core/utc.h"

#include <gtest/gtest.h>

namespace parvis {
namespace {

// As Python's datetime.fromtimestamp(…, UTC) has them.
TEST(Utc, DatesAndTimes) {
  EXPECT_EQ(UtcDate(0), "1970-01-01");
  EXPECT_EQ(UtcMilliseconds(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(UtcDate(1'709'251'199'999), "2024-02-29");
  EXPECT_EQ(UtcSeconds(1'709'251'199'999), "2024-02-29T23:59:59Z");
  EXPECT_EQ(UtcSeconds(1'709'251'200'000), "2024-03-01T00:00:00Z");
  EXPECT_EQ(UtcMilliseconds(1'795'704'629'007), "2026-11-26T14:50:29.007Z");
  EXPECT_EQ(UtcMilliseconds(253'402'300'799'999), "9999-12-31T23:59:59.999Z");
}

}  // namespace
}  // namespace parvis
