#include "parvis/train/schedule.h"

#include "gtest/gtest.h"

namespace parvis::train {
namespace {

Schedule Of(Schedule::Kind kind) {
  return {.kind = kind, .learning_rate = 1.0, .min_learning_rate = 0.1, .warmup_steps = 10};
}

TEST(Schedule, RisesInALine) {
  for (const auto kind : {Schedule::Kind::kConstant, Schedule::Kind::kLinear,
                          Schedule::Kind::kCosine, Schedule::Kind::kWsd}) {
    EXPECT_DOUBLE_EQ(LearningRateAt(Of(kind), 1, 110), 0.1);
    EXPECT_DOUBLE_EQ(LearningRateAt(Of(kind), 5, 110), 0.5);
    EXPECT_DOUBLE_EQ(LearningRateAt(Of(kind), 10, 110), 1.0);
  }
}

TEST(Schedule, FallsAsItsKindSays) {
  EXPECT_DOUBLE_EQ(LearningRateAt(Of(Schedule::Kind::kConstant), 110, 110), 1.0);
  EXPECT_NEAR(LearningRateAt(Of(Schedule::Kind::kLinear), 60, 110), 0.55, 1e-12);
  EXPECT_NEAR(LearningRateAt(Of(Schedule::Kind::kLinear), 110, 110), 0.1, 1e-12);
  EXPECT_NEAR(LearningRateAt(Of(Schedule::Kind::kCosine), 60, 110), 0.55, 1e-12);
  EXPECT_NEAR(LearningRateAt(Of(Schedule::Kind::kCosine), 35, 110), 0.1 + 0.9 * 0.853553390593,
              1e-9);
  EXPECT_NEAR(LearningRateAt(Of(Schedule::Kind::kCosine), 110, 110), 0.1, 1e-12);
  EXPECT_DOUBLE_EQ(LearningRateAt(Of(Schedule::Kind::kWsd), 88, 110), 1.0);
  EXPECT_NEAR(LearningRateAt(Of(Schedule::Kind::kWsd), 99, 110), 0.55, 1e-12);
  EXPECT_NEAR(LearningRateAt(Of(Schedule::Kind::kWsd), 110, 110), 0.1, 1e-12);
}

TEST(Schedule, HoldsWhenTheRunIsShorterThanItsWarmup) {
  EXPECT_DOUBLE_EQ(LearningRateAt(Of(Schedule::Kind::kCosine), 3, 5), 0.3);
}

}  // namespace
}  // namespace parvis::train
