#include "parvis/train/trainer.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "parvis/core/random.h"
#include "parvis/models/model.h"
#include "parvis/train/data_loader.h"

namespace parvis::train {
namespace {

using testing::HasSubstr;

const std::unique_ptr<const Objective> kCausal = NewCausalObjective(nullptr);

models::Model TinyModel() {
  const Json config = {{"model_type", "llama"},       {"vocab_size", 40},
                       {"hidden_size", 32},           {"num_hidden_layers", 2},
                       {"num_attention_heads", 4},    {"num_key_value_heads", 2},
                       {"intermediate_size", 48},     {"max_position_embeddings", 64},
                       {"tie_word_embeddings", true}, {"rms_norm_eps", 1e-5}};
  Result<nn::Blueprint> blueprint = models::BlueprintFromConfig(config);
  EXPECT_TRUE(blueprint.ok()) << blueprint.status().message();
  return models::NewModel(*blueprint, nullptr, /*seed=*/3);
}

Corpus RandomCorpus(const std::vector<int>& sizes) {
  Random random(5);
  Corpus corpus;
  for (size_t d = 0; d < sizes.size(); ++d) {
    std::vector<int32_t> tokens;
    for (int i = 0; i < sizes[d]; ++i) tokens.push_back(static_cast<int32_t>(random.Below(40)));
    corpus.Add("doc" + std::to_string(d), 0, sizes[d], tokens);
  }
  return corpus;
}

// Everything that a training run needs, on `threads` threads.
struct Bench {
  explicit Bench(int threads, OptimizerSettings settings = {},
                 ops::Packing packing = ops::Packing::kF32)
      : pool(threads),
        exec(pool, kernels::TableOf(kernels::BestTarget())),
        model(TinyModel()),
        trainer(exec, model.stack, *kCausal, settings, packing) {}

  std::string Values() const {
    std::string bytes;
    for (const ops::Parameter& p : model.stack.parameters()) {
      bytes.append(reinterpret_cast<const char*>(p.value.data()), p.value.bytes());
    }
    return bytes;
  }

  ThreadPool pool;
  ops::Exec exec;
  models::Model model;
  Trainer trainer;
};

TEST(Trainer, RecomputingNeedsLessMemory) {
  const Corpus corpus = RandomCorpus({400, 400});
  size_t most[2];
  for (const bool recomputing : {false, true}) {
    Bench bench(1);
    bench.trainer.set_recomputing(recomputing);
    DataLoader loader(corpus, *kCausal, 64, {1.0}, 1);
    const Batch batch = loader.Next(8);
    const size_t before = Storage::BytesInUse();
    Storage::ForgetPeak();
    ASSERT_TRUE(bench.trainer.Accumulate({&batch, 1}, corpus).ok());
    most[recomputing] = Storage::PeakBytesInUse() - before;
  }
  EXPECT_LT(most[1], most[0] * 3 / 4);  // of two blocks, one at a time
}

TEST(Trainer, LearnsATinyTextByHeart) {
  const Corpus corpus = RandomCorpus({30, 21});
  for (const ops::Packing packing : {ops::Packing::kF32, ops::Packing::kBf16}) {
    Bench bench(1, {.weight_decay = 0.0f}, packing);
    DataLoader loader(corpus, *kCausal, 64, {1.0}, 1);
    double first = 0.0, last = 0.0;
    for (int step = 0; step < 150; ++step) {
      const Batch batch = loader.Next(1);
      const auto result = bench.trainer.Step({&batch, 1}, 5e-3, corpus);
      ASSERT_TRUE(result.ok()) << result.status().message();
      if (step == 0) first = result->loss;
      last = result->loss;
    }
    EXPECT_NEAR(first, std::log(40.0), 0.3);
    EXPECT_LT(last, 0.02);
  }
}

TEST(Trainer, HasTheSameBitsAtAnyNumberOfThreads) {
  const Corpus corpus = RandomCorpus({30, 210, 64, 3});
  for (const ops::Packing packing : {ops::Packing::kF32, ops::Packing::kBf16}) {
    Bench one(1, {.average = 0.9f}, packing), two(2, {.average = 0.9f}, packing);
    for (Bench* bench : {&one, &two}) {
      DataLoader loader(corpus, *kCausal, 32, {1.0}, 1);
      for (int step = 0; step < 5; ++step) {
        const std::vector<Batch> batches = {loader.Next(3), loader.Next(2)};
        ASSERT_TRUE(bench->trainer.Step(batches, 1e-3, corpus).ok());
      }
    }
    EXPECT_TRUE(one.Values() == two.Values());
  }
}

// Documents side by side in one row give each token the loss that it has alone, to the bit, and the
// gradients that they have alone, added up in another order.
TEST(Trainer, PackedDocumentsDoNotSeeEachOther) {
  const Corpus corpus = RandomCorpus({23, 41, 7});
  Batch packed;
  std::vector<Batch> alone;
  for (int64_t document = 0; document < 3; ++document) {
    const auto count = static_cast<int64_t>(corpus.Tokens(document).size()) - 1;
    EpochPlan single;
    single.pieces = {Piece{document, 0, count}};
    single.row_begin = {0, 1};
    single.order = {0};
    AppendRow(corpus, *kCausal, single, 0, 0, 0, packed);
    AppendRow(corpus, *kCausal, single, 0, 0, 0, alone.emplace_back());
  }
  Bench bench(2);
  nn::Stack& stack = bench.model.stack;
  std::vector<float> together(packed.targets.size()), apart;
  stack.Loss(bench.exec, stack.Forward(bench.exec, packed.step()), packed.targets, 0.0f, together);
  for (const Batch& batch : alone) {
    std::vector<float> each(batch.targets.size());
    stack.Loss(bench.exec, stack.Forward(bench.exec, batch.step()), batch.targets, 0.0f, each);
    apart.insert(apart.end(), each.begin(), each.end());
  }
  EXPECT_EQ(together, apart);

  ASSERT_TRUE(bench.trainer.Accumulate({&packed, 1}, corpus).ok());
  std::vector<Tensor> gradients;
  for (const ops::Parameter& p : stack.parameters()) gradients.push_back(p.grad.Clone());
  ASSERT_TRUE(bench.trainer.Accumulate(alone, corpus).ok());
  for (size_t i = 0; i < gradients.size(); ++i) {
    const ops::Parameter& parameter = stack.parameters()[i];
    for (int64_t j = 0; j < gradients[i].size(); ++j) {
      ASSERT_NEAR(gradients[i].f32()[j], parameter.grad.f32()[j], 2e-6) << parameter.name;
    }
  }
}

TEST(Trainer, StopsAtNumbersThatAreNotFinite) {
  const Corpus corpus = RandomCorpus({30});
  DataLoader loader(corpus, *kCausal, 32, {1.0}, 1);
  const Batch batch = loader.Next(1);
  Bench bench(1);
  ops::Parameter* weight = bench.model.stack.Find("1.feed_forward.up.weight");
  ASSERT_NE(weight, nullptr);
  weight->value.f32()[5] = std::numeric_limits<float>::quiet_NaN();
  bench.trainer.Repack();
  const std::string before = bench.Values();
  const auto result = bench.trainer.Step({&batch, 1}, 1e-3, corpus);
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.status().message(),
              HasSubstr("at step 1: first in weight 1.feed_forward.up.weight; documents: doc0"));
  EXPECT_TRUE(bench.Values() == before);
}

TEST(Trainer, NamesTheFirstHiddenStateThatOverflows) {
  const Corpus corpus = RandomCorpus({30});
  DataLoader loader(corpus, *kCausal, 32, {1.0}, 1);
  const Batch batch = loader.Next(1);
  Bench bench(1);
  for (const char* name : {"0.feed_forward.up.weight", "0.feed_forward.down.weight"}) {
    ops::Parameter* weight = bench.model.stack.Find(name);
    ASSERT_NE(weight, nullptr);
    for (int64_t i = 0; i < weight->value.size(); ++i) weight->value.f32()[i] *= 1e30f;
  }
  bench.trainer.Repack();
  const auto result = bench.trainer.Step({&batch, 1}, 1e-3, corpus);
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.status().message(), HasSubstr("first in hidden.1; documents: doc0"));
}

TEST(Trainer, AveragesTheWeights) {
  const Corpus corpus = RandomCorpus({30});
  DataLoader loader(corpus, *kCausal, 32, {1.0}, 1);
  Bench bench(1, {.average = 0.5f});
  Tensor expected = bench.model.stack.parameters()[0].value.Clone();
  for (int step = 1; step <= 3; ++step) {
    const Batch batch = loader.Next(1);
    ASSERT_TRUE(bench.trainer.Step({&batch, 1}, 1e-2, corpus).ok());
    const float decay = std::min(0.5f, static_cast<float>((1.0 + step) / (10.0 + step)));
    const Tensor& value = bench.model.stack.parameters()[0].value;
    for (int64_t i = 0; i < expected.size(); ++i) {
      expected.f32()[i] = decay * expected.f32()[i] + (1.0f - decay) * value.f32()[i];
    }
  }
  const Tensor& average = bench.trainer.optimizer().average[0];
  for (int64_t i = 0; i < expected.size(); ++i) {
    ASSERT_FLOAT_EQ(average.f32()[i], expected.f32()[i]);
  }
}

// With relative steps a tensor moves by its own first size as often as without.
TEST(Trainer, TakesStepsRelativeToATensorsSize) {
  const Corpus corpus = RandomCorpus({30});
  DataLoader loader(corpus, *kCausal, 32, {1.0}, 1);
  const Batch batch = loader.Next(1);
  const models::Model first = TinyModel();
  Bench plain(1, {.weight_decay = 0.0f});
  Bench relative(1, {.weight_decay = 0.0f, .relative = true});
  ASSERT_TRUE(plain.trainer.Step({&batch, 1}, 1e-3, corpus).ok());
  ASSERT_TRUE(relative.trainer.Step({&batch, 1}, 1e-3, corpus).ok());
  for (size_t p = 0; p < first.stack.parameters().size(); ++p) {
    const Tensor& before = first.stack.parameters()[p].value;
    double squares = 0.0, moved = 0.0, expected = 0.0;
    for (int64_t i = 0; i < before.size(); ++i) {
      squares += std::pow(double{before.f32()[i]}, 2);
      moved += std::abs(relative.model.stack.parameters()[p].value.f32()[i] - before.f32()[i]);
      expected += std::abs(plain.model.stack.parameters()[p].value.f32()[i] - before.f32()[i]);
    }
    const double size = std::sqrt(squares / static_cast<double>(before.size()));
    EXPECT_NEAR(moved / expected, size, 0.01 * size) << first.stack.parameters()[p].name;
  }
}

}  // namespace
}  // namespace parvis::train
