// Every op's backward pass against differences of its forward pass.

#include <gtest/gtest.h>

#include <vector>

#include "parvis/ops/activation.h"
#include "parvis/ops/attention.h"
#include "parvis/ops/embedding.h"
#include "parvis/ops/grad_check.h"
#include "parvis/ops/loss.h"
#include "parvis/ops/matmul.h"
#include "parvis/ops/norm.h"
#include "parvis/ops/relative_bias.h"
#include "parvis/ops/rope.h"

namespace parvis::ops {
namespace {

TEST(Gradients, LinearsWithAndWithoutBias) {
  Random random(1);
  const Tensor x = RandomTensor({5, 19}, random);
  Parameter a = RandomParameter("a", {23, 19}, random);
  Parameter b = RandomParameter("b", {16, 19}, random);
  Parameter bias = RandomParameter("bias", {23}, random);
  Parameter widen;  // brings the narrow result to the shape of the wide one
  widen.shape = {23, 16};
  widen.value = Tensor::Zeros({23, 16});
  for (int i = 0; i < 16; ++i) widen.value.f32()[i * 17] = 1.0f;
  const auto forward = [&](const Exec& exec) {
    for (Parameter* matrix : {&a, &b, &widen}) Pack(exec, *matrix, Packing::kF32);
    const LinearSpec specs[] = {{&a, &bias}, {&b, nullptr}};
    const std::vector<Tensor> y = Linears(exec, x, specs);
    return Add(exec, y[0], Linear(exec, y[1], {&widen}));
  };
  CheckGradients(forward, {{"x", x, {}},
                           {"a", a.value, a.grad},
                           {"b", b.value, b.grad},
                           {"bias", bias.value, bias.grad}});
}

TEST(Gradients, RmsNorm) {
  Random random(2);
  const Tensor x = RandomTensor({3, 21}, random);
  Parameter weight = RandomParameter("weight", {21}, random);
  CheckGradients([&](const Exec& exec) { return RmsNorm(exec, x, weight, 1e-5f); },
                 {{"x", x, {}}, {"weight", weight.value, weight.grad}});
}

TEST(Gradients, LayerNorm) {
  Random random(3);
  const Tensor x = RandomTensor({3, 35}, random);
  Parameter weight = RandomParameter("weight", {35}, random);
  Parameter bias = RandomParameter("bias", {35}, random);
  CheckGradients(
      [&](const Exec& exec) { return LayerNorm(exec, x, weight, &bias, 1e-5f); },
      {{"x", x, {}}, {"weight", weight.value, weight.grad}, {"bias", bias.value, bias.grad}});
}

TEST(Gradients, Activations) {
  Random random(4);
  const Tensor x = RandomTensor({4, 33}, random, 2.0);
  const Tensor up = RandomTensor({4, 33}, random);
  for (const Activation a :
       {Activation::kSilu, Activation::kGeluTanh, Activation::kGeluErf, Activation::kTanh}) {
    CheckGradients([&](const Exec& exec) { return Activate(exec, a, x); }, {{"x", x, {}}});
    CheckGradients([&](const Exec& exec) { return Gated(exec, a, x, up); },
                   {{"gate", x, {}}, {"up", up, {}}});
  }
}

TEST(Gradients, EmbeddingSumsRepeatedTokens) {
  Random random(5);
  Parameter table = RandomParameter("table", {6, 18}, random);
  const std::vector<int32_t> ids = {3, 0, 3, 5, 3};
  CheckGradients([&](const Exec& exec) { return Embed(exec, ids, table); },
                 {{"table", table.value, table.grad}});
}

TEST(Gradients, SelectRowsSumsRepeatedRows) {
  Random random(9);
  const Tensor x = RandomTensor({5, 18}, random);
  const std::vector<int64_t> rows = {4, 0, 4};
  CheckGradients([&](const Exec& exec) { return SelectRows(exec, x, rows); }, {{"x", x, {}}});
}

TEST(Gradients, AttentionToBothSides) {
  Random random(10);
  const Tensor q = RandomTensor({20, 4 * 8}, random);
  const Tensor k = RandomTensor({20, 4 * 8}, random);
  const Tensor v = RandomTensor({20, 4 * 8}, random);
  const std::vector<Segment> segments = {{0, 2}, {2, 17}, {19, 1}};
  const AttentionSpec spec{
      .num_heads = 4, .num_kv_heads = 4, .head_dim = 8, .scale = 0.35f, .causal = false};
  CheckGradients([&](const Exec& exec) { return Attention(exec, q, k, v, spec, segments); },
                 {{"q", q, {}}, {"k", k, {}}, {"v", v, {}}}, 4e-3);
}

TEST(Gradients, Rope) {
  Random random(6);
  const Tensor x = RandomTensor({3, 2 * 8}, random);
  const Rotation rotation{RandomTensor({3, 4}, random), RandomTensor({3, 4}, random)};
  Parameter one;
  one.shape = {16, 16};
  one.value = Tensor::Zeros({16, 16});
  for (int i = 0; i < 16; ++i) one.value.f32()[i * 17] = 1.0f;
  // Rope works in place on an op's result, here an identity product's.
  CheckGradients(
      [&](const Exec& exec) {
        Pack(exec, one, Packing::kF32);
        Tensor y = Linear(exec, x, {&one});
        Rope(exec, y, 8, rotation);
        return y;
      },
      {{"x", x, {}}});
}

TEST(Gradients, AttentionOfSeveralSequencesWithSharedKeys) {
  Random random(7);
  const Tensor q = RandomTensor({20, 4 * 8}, random);
  const Tensor k = RandomTensor({20, 2 * 8}, random);
  const Tensor v = RandomTensor({20, 2 * 8}, random);
  const std::vector<Segment> segments = {{0, 2}, {2, 17}, {19, 1}};
  const AttentionSpec spec{.num_heads = 4, .num_kv_heads = 2, .head_dim = 8, .scale = 0.35f};
  CheckGradients([&](const Exec& exec) { return Attention(exec, q, k, v, spec, segments); },
                 {{"q", q, {}}, {"k", k, {}}, {"v", v, {}}}, 4e-3);
}

TEST(Gradients, AttentionWithRelativeBiasInBothDirectionsAndOne) {
  Random random(9);
  const Tensor q = RandomTensor({21, 4 * 6}, random, 0.6);
  const Tensor k = RandomTensor({21, 2 * 6}, random, 0.6);
  const Tensor v = RandomTensor({21, 2 * 6}, random);
  Parameter table = RandomParameter("table", {8, 4}, random);
  const std::vector<Segment> segments = {{0, 3}, {3, 17}, {20, 1}};
  for (const bool causal : {false, true}) {
    table.grad = Tensor::Zeros(table.shape);
    const RelativeBuckets buckets{.count = 8, .max_distance = 12, .bidirectional = !causal};
    const auto forward = [&](const Exec& exec) {
      const AttentionSpec spec{.num_heads = 4,
                               .num_kv_heads = 2,
                               .head_dim = 6,
                               .scale = 1.0f,
                               .causal = causal,
                               .bias = RelativeBias(exec, table, buckets, 17)};
      return Attention(exec, q, k, v, spec, segments);
    };
    CheckGradients(forward,
                   {{"q", q, {}}, {"k", k, {}}, {"v", v, {}}, {"table", table.value, table.grad}},
                   4e-3);
  }
}

TEST(Gradients, CrossAttention) {
  Random random(10);
  const Tensor q = RandomTensor({9, 4 * 8}, random);
  const Tensor k = RandomTensor({40, 2 * 8}, random);
  const Tensor v = RandomTensor({40, 2 * 8}, random);
  const std::vector<Segment> segments = {{0, 2}, {2, 6}, {8, 1}};
  const std::vector<Segment> memories = {{0, 34}, {34, 1}, {35, 5}};
  const AttentionSpec spec{
      .num_heads = 4, .num_kv_heads = 2, .head_dim = 8, .scale = 0.35f, .causal = false};
  CheckGradients(
      [&](const Exec& exec) { return CrossAttention(exec, q, k, v, spec, segments, memories); },
      {{"q", q, {}}, {"k", k, {}}, {"v", v, {}}}, 4e-3);
}

TEST(CrossAttention, KeysKeptInPagesAreTheSameAsKeysGivenAnew) {
  Random random(11);
  ThreadPool pool(2);
  const Exec exec(pool, kernels::TableOf(kernels::BestTarget()));
  const Tensor q = RandomTensor({5, 4 * 8}, random);
  const Tensor k = RandomTensor({70, 4 * 8}, random);
  const Tensor v = RandomTensor({70, 4 * 8}, random);
  const AttentionSpec spec{.num_heads = 4,
                           .num_kv_heads = 4,
                           .head_dim = 8,
                           .scale = 0.35f,
                           .causal = false,
                           .layer = 1};
  const Segment segment{0, 5}, given{0, 70};
  const Tensor expected = CrossAttention(exec, q, k, v, spec, {&segment, 1}, {&given, 1});

  const PageLayout layout{2, 4, 8};
  const Tensor memory = Tensor::Zeros({3, static_cast<int64_t>(layout.page_floats())});
  float* const pages[] = {memory.f32(), memory.f32() + layout.page_floats(),
                          memory.f32() + 2 * layout.page_floats()};
  const KvView view{pages, layout};
  const Segment stored{0, 70, 0, &view}, kept{0, 0, 70, &view};
  StoreKeyValues(exec, k, v, spec, {&stored, 1});
  const Tensor got = CrossAttention(exec, q, {}, {}, spec, {&segment, 1}, {&kept, 1});
  for (int64_t i = 0; i < got.size(); ++i) ASSERT_EQ(got.f32()[i], expected.f32()[i]) << i;
}

TEST(Gradients, Scale) {
  Random random(12);
  const Tensor x = RandomTensor({3, 21}, random);
  CheckGradients([&](const Exec& exec) { return Scale(exec, x, -0.3f); }, {{"x", x, {}}});
}

TEST(Gradients, LinearCrossEntropy) {
  Random random(8);
  const Tensor hidden = RandomTensor({7, 20}, random);
  Parameter weight = RandomParameter("weight", {50, 20}, random);
  Parameter bias = RandomParameter("bias", {50}, random);
  const std::vector<int32_t> targets = {3, -1, 49, 0, 3, 17, -1};
  const kernels::Table& kernels = kernels::TableOf(kernels::BestTarget());
  ThreadPool pool(2);
  Tape tape;
  const float scale = 0.2f;
  const auto loss = [&](const Exec& exec) {
    Pack(exec, weight, Packing::kF32);
    return LinearCrossEntropy(exec, hidden, {&weight, &bias}, targets, scale);
  };
  const Exec eager(pool, kernels), recording(pool, kernels, &tape);
  const Loss recorded = loss(recording);
  EXPECT_EQ(recorded.count, 5);
  EXPECT_EQ(recorded.sum, loss(eager).sum);
  const Tensor grad_hidden = tape.TakeGrad(hidden);
  const auto check = [&](const Tensor& value, const Tensor& grad, const char* name) {
    for (int64_t i = 0; i < value.size(); ++i) {
      float& x = value.f32()[i];
      const float original = x, step = 1e-2f;
      x = original + step;
      const double above = loss(eager).sum;
      x = original - step;
      const double below = loss(eager).sum;
      x = original;
      ASSERT_NEAR(grad.f32()[i], scale * (above - below) / (2.0 * step), 1e-3) << name << " " << i;
    }
  };
  check(hidden, grad_hidden, "hidden");
  check(weight.value, weight.grad, "weight");
  check(bias.value, bias.grad, "bias");
}

}  // namespace
}  // namespace parvis::ops
