#include "parvis/ops/label_losses.h"

#include <functional>

#include "gtest/gtest.h"
#include "parvis/ops/grad_check.h"

namespace parvis::ops {
namespace {

// The recorded gradient against central differences, and the losses of each target against their
// sum.
void Check(Tensor scores, size_t num_targets,
           const std::function<Loss(const Exec&, std::span<float>)>& compute) {
  const kernels::Table& kernels = kernels::TableOf(kernels::BestTarget());
  ThreadPool pool(1);
  Tape tape;
  const Exec eager(pool, kernels), recording(pool, kernels, &tape);
  std::vector<float> each(num_targets, 7.0f);
  const Loss recorded = compute(recording, each);
  double sum = 0;
  for (const float one : each) sum += one;
  EXPECT_NEAR(recorded.sum, sum, 1e-5);
  const Tensor grad = tape.TakeGrad(scores);
  ASSERT_TRUE(grad.defined());
  for (int64_t i = 0; i < scores.size(); ++i) {
    float& x = scores.f32()[i];
    const float original = x, step = 1e-2f;
    x = original + step;
    const double above = compute(eager, {}).sum;
    x = original - step;
    const double below = compute(eager, {}).sum;
    x = original;
    ASSERT_NEAR(grad.f32()[i], 0.3 * (above - below) / (2.0 * step), 1e-4) << i;
  }
}

TEST(LabelLosses, BinaryCrossEntropy) {
  Random random(3);
  const Tensor scores = RandomTensor({3, 4}, random, 2.0);
  const std::vector<int32_t> targets = {1, 0, 0, 1, -1, 1, 1, 0, 0, -1, 0, 1};
  Check(scores, targets.size(), [&](const Exec& exec, std::span<float> each) {
    const Loss loss = BinaryCrossEntropy(exec, scores, targets, 0.3f, each);
    EXPECT_EQ(loss.count, 10);
    return loss;
  });
}

TEST(LabelLosses, BinaryCrossEntropyOfLargeScores) {
  ThreadPool pool(1);
  const Exec exec(pool, kernels::TableOf(kernels::Target::kScalar));
  const std::vector<int32_t> targets = {1, 0, 0};
  const Tensor scores = Tensor::Of({1, 3}, std::vector<float>{200.0f, -300.0f, 500.0f});
  EXPECT_DOUBLE_EQ(BinaryCrossEntropy(exec, scores, targets, 1.0f).sum, 500.0);
}

TEST(LabelLosses, SpanCrossEntropy) {
  Random random(4);
  const Tensor scores = RandomTensor({9, 2}, random, 2.0);
  const std::vector<Segment> segments = {{0, 4}, {4, 3}, {7, 2}};
  const std::vector<int32_t> targets = {1, 3, 0, -1, 1, 1};
  Check(scores, targets.size(), [&](const Exec& exec, std::span<float> each) {
    const Loss loss = SpanCrossEntropy(exec, scores, segments, targets, 0.3f, each);
    EXPECT_EQ(loss.count, 5);
    return loss;
  });
}

}  // namespace
}  // namespace parvis::ops
