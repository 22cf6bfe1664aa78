#include "parvis/ops/contrastive_loss.h"

#include <vector>

#include "gtest/gtest.h"
#include "parvis/ops/grad_check.h"

namespace parvis::ops {
namespace {

// Texts of one to three rows.
const std::vector<Segment> kSegments = {{0, 2}, {2, 1}, {3, 3}, {6, 2}, {8, 1}, {9, 2}};

TEST(ContrastiveLoss, GradientsAreThoseOfDifferences) {
  const kernels::Table& kernels = kernels::TableOf(kernels::BestTarget());
  ThreadPool pool(2);
  Tape tape;
  const Exec eager(pool, kernels), recording(pool, kernels, &tape);
  Random random(5);
  const Tensor hidden = RandomTensor({11, 7}, random, 1.0);
  std::vector<float> each(kSegments.size());
  const Loss loss = ContrastiveLoss(recording, hidden, kSegments, 0.3f, 0.4f, each);
  double sum = 0.0;
  for (const float one : each) sum += one;
  EXPECT_EQ(loss.count, 6);
  EXPECT_NEAR(loss.sum, sum, 1e-5);
  const Tensor grad = tape.TakeGrad(hidden);
  ASSERT_TRUE(grad.defined());
  for (int64_t i = 0; i < hidden.size(); ++i) {
    float& x = hidden.f32()[i];
    const float original = x, step = 1e-3f;
    x = original + step;
    const double above = ContrastiveLoss(eager, hidden, kSegments, 0.3f, 0.0f).sum;
    x = original - step;
    const double below = ContrastiveLoss(eager, hidden, kSegments, 0.3f, 0.0f).sum;
    x = original;
    ASSERT_NEAR(grad.f32()[i], 0.4 * (above - below) / (2.0 * step), 1e-3) << i;
  }
}

TEST(ContrastiveLoss, PairsThatAreAlikeAndNothingElseCostNothing) {
  ThreadPool pool(1);
  const Exec exec(pool, kernels::TableOf(kernels::Target::kScalar));
  const std::vector<Segment> segments = {{0, 1}, {1, 1}, {2, 1}, {3, 1}};
  const Tensor hidden =
      Tensor::Of({4, 2}, std::vector<float>{3.0f, 0.0f, 0.5f, 0.0f, 0.0f, 2.0f, 0.0f, 9.0f});
  EXPECT_NEAR(ContrastiveLoss(exec, hidden, segments, 0.05f, 0.0f).sum, 0.0, 1e-6);
  EXPECT_EQ(ContrastiveCorrect(hidden, segments), 4);
  // The other way round nothing is found, and equally near is not found either.
  const std::vector<Segment> crossed = {{0, 1}, {3, 1}, {2, 1}, {1, 1}};
  EXPECT_EQ(ContrastiveCorrect(hidden, crossed), 0);
  EXPECT_NEAR(ContrastiveLoss(exec, hidden, crossed, 0.05f, 0.0f).sum, 4 * 20.0, 1e-4);
  const std::vector<Segment> same = {{0, 1}, {0, 1}, {0, 1}, {0, 1}};
  EXPECT_EQ(ContrastiveCorrect(hidden, same), 0);
}

}  // namespace
}  // namespace parvis::ops
