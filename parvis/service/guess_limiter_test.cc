#include "parvis/service/guess_limiter.h"

#include "gtest/gtest.h"

namespace parvis::service {
namespace {

TEST(GuessLimiter, SlowsOnePlaceAndNoOther) {
  GuessLimiter::Clock::time_point now{};
  GuessLimiter limiter(6, [&now] { return now; });
  for (int i = 0; i < 6; ++i) EXPECT_FALSE(limiter.Note("192.0.2.1"));
  EXPECT_EQ(limiter.Note("192.0.2.1"), 10'000);
  EXPECT_FALSE(limiter.Note("192.0.2.2"));
  now += std::chrono::seconds(10);
  EXPECT_FALSE(limiter.Note("192.0.2.1"));
  EXPECT_TRUE(limiter.Note("192.0.2.1"));
}

TEST(GuessLimiter, TakesANetworkOfIpv6ForOnePlace) {
  GuessLimiter limiter(1);
  EXPECT_FALSE(limiter.Note("2001:db8::1"));
  EXPECT_TRUE(limiter.Note("2001:db8::2"));
  EXPECT_FALSE(limiter.Note("2001:db8:0:1::2"));
  EXPECT_FALSE(limiter.Note("::ffff:192.0.2.1"));
  EXPECT_FALSE(limiter.Note("::ffff:192.0.2.2")) << "addresses of IPv4 are not one network";
}

TEST(GuessLimiter, RemembersABoundedNumber) {
  GuessLimiter limiter(1);
  for (int i = 0; i < 50'000; ++i) {
    (void)limiter.Note("10." + std::to_string(i / 65536) + "." + std::to_string(i / 256 % 256) +
                       "." + std::to_string(i % 256));
  }
  EXPECT_TRUE(limiter.Note("10.0.195.79")) << "the last one is known";
}

TEST(GuessLimiter, ForgetsWhoTriedLeastFirst) {
  GuessLimiter limiter(GuessRate{3, 1});
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(limiter.Note("the one who tries"));
  for (int i = 0; i < 100'000; ++i) (void)limiter.Note("once " + std::to_string(i));
  EXPECT_TRUE(limiter.Note("the one who tries"));
}

TEST(GuessLimiter, ARightOneIsGivenBack) {
  GuessLimiter limiter(GuessRate{2, 1});
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(limiter.Note("a"));
    limiter.GiveBack("a");
  }
  limiter.GiveBack("a");
  EXPECT_FALSE(limiter.Note("a"));
  EXPECT_FALSE(limiter.Note("a"));
  EXPECT_TRUE(limiter.Note("a")) << "not more than there were";
}

TEST(GuessLimiter, NoLimitIsNone) {
  GuessLimiter limiter(0);
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(limiter.Note("192.0.2.1"));
}

}  // namespace
}  // namespace parvis::service
