#include "parvis/governance/money.h"

#include <limits>
#include <random>

#include "gtest/gtest.h"

namespace parvis::governance {
namespace {

TEST(Money, ReadsAndWritesDecimals) {
  for (const auto& [text, micros, shown] : {std::tuple{"0", int64_t{0}, "0.00"},
                                            {"12", 12'000'000, "12.00"},
                                            {"0.15", 150'000, "0.15"},
                                            {"0.000001", 1, "0.000001"},
                                            {"1.5", 1'500'000, "1.50"},
                                            {"3.1250", 3'125'000, "3.125"}}) {
    EXPECT_EQ(ParseMoney(text).value(), micros);
    EXPECT_EQ(MoneyText(micros), shown);
  }
  EXPECT_EQ(MoneyText(-1'230'000), "-1.23");
  for (const char* bad : {"", ".", "1.", ".5", "-1", "+1", "1e3", "1,5", "0.0000001", "nan",
                          "99999999999", " 1", "1 "}) {
    EXPECT_FALSE(ParseMoney(bad).ok()) << bad;
  }
}

TEST(Money, CostsAreRoundedUpAndNeverFall) {
  const Price price{150'000, 75'000, 600'000};
  EXPECT_EQ(CostOf(price, 1'000'000, 0, 0), 150'000);
  EXPECT_EQ(CostOf(price, 1, 0, 0), 1) << "0.15 millionths are one";
  EXPECT_EQ(CostOf(price, 1000, 1000, 1000), 75 + 600);
  EXPECT_EQ(CostOf({}, 1'000'000, 0, 1'000'000), 0);
  EXPECT_EQ(CostOf({kMaxMicros, 0, kMaxMicros}, int64_t{1} << 62, 0, 0),
            std::numeric_limits<int64_t>::max());
}

// What is within the money is, and one token more is not.
TEST(Money, OutputWithinIsTheMost) {
  const unsigned seed = std::random_device()();
  std::printf("seed %u\n", seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 20'000; ++i) {
    const Price price{static_cast<int64_t>(random() % 3'000'000), 0,
                      static_cast<int64_t>(1 + random() % 3'000'000)};
    const auto input = static_cast<int64_t>(random() % 100'000);
    const auto micros = static_cast<int64_t>(random() % 1'000'000);
    const int64_t most = OutputWithin(price, input, micros);
    if (most < 0) {
      ASSERT_GT(CostOf(price, input, 0, 0), micros);
      continue;
    }
    ASSERT_LE(CostOf(price, input, 0, most), micros);
    ASSERT_GT(CostOf(price, input, 0, most + 1), micros);
  }
}

}  // namespace
}  // namespace parvis::governance
