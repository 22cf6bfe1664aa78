#include "parvis/train/gradient_sum.h"

#include <cmath>
#include <map>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "parvis/core/random.h"
#include "parvis/models/model.h"
#include "parvis/train/data_loader.h"
#include "parvis/train/trainer.h"
#include "tests/thread_world.h"

namespace parvis::train {
namespace {

using testing::HasSubstr;

const std::unique_ptr<const Objective> kCausal = NewCausalObjective(nullptr);

models::Model ModelOf(const Json& config) {
  Result<nn::Blueprint> blueprint = models::BlueprintFromConfig(config);
  EXPECT_TRUE(blueprint.ok()) << blueprint.status().message();
  return models::NewModel(*blueprint, nullptr, /*seed=*/3);
}

Json LlamaConfig(bool tied) {
  return {{"model_type", "llama"},       {"vocab_size", 40},
          {"hidden_size", 32},           {"num_hidden_layers", 3},
          {"num_attention_heads", 4},    {"num_key_value_heads", 2},
          {"intermediate_size", 48},     {"max_position_embeddings", 64},
          {"tie_word_embeddings", tied}, {"rms_norm_eps", 1e-5}};
}

const Json kBert = {{"model_type", "bert"},
                    {"vocab_size", 40},
                    {"hidden_size", 32},
                    {"num_hidden_layers", 2},
                    {"num_attention_heads", 4},
                    {"intermediate_size", 48},
                    {"max_position_embeddings", 64},
                    {"type_vocab_size", 2},
                    {"architectures", {"BertForMaskedLM"}}};
const Json kT5 = {{"model_type", "t5"},
                  {"vocab_size", 40},
                  {"d_model", 32},
                  {"d_kv", 8},
                  {"d_ff", 48},
                  {"num_layers", 2},
                  {"num_decoder_layers", 2},
                  {"num_heads", 4},
                  {"feed_forward_proj", "gated-gelu"},
                  {"relative_attention_num_buckets", 8},
                  {"relative_attention_max_distance", 32},
                  {"tie_word_embeddings", false}};

std::string BytesOf(const Tensor& tensor) {
  return {reinterpret_cast<const char*>(tensor.data()), tensor.bytes()};
}

// What a mark promises: nothing is added to these gradients any more, and something was. `times`
// forward passes stand on one tape.
void ExpectFinalAtTheirMarks(models::Model model, bool recomputing, int times) {
  ThreadPool pool(1);
  const ops::Exec eager(pool, kernels::TableOf(kernels::BestTarget()));
  nn::Stack& stack = model.stack;
  for (ops::Parameter& parameter : stack.parameters()) {
    parameter.grad = Tensor::Zeros(parameter.shape);
  }
  stack.Pack(eager, /*keep_values=*/true, ops::Packing::kF32);
  const bool has_encoder = stack.blueprint().encoder_layers > 0;
  const std::vector<int32_t> tokens = {3, 1, 4, 1, 5, 9, 2, 6}, targets = {1, 4, 1, 5, 9, 2, 6, 5};
  const std::vector<nn::Segment> segments = {{0, 8}};

  std::map<std::string, std::string> at_mark;
  std::set<std::string> marks;
  ops::Tape tape;
  tape.set_reached([&](const std::string& mark) {
    EXPECT_TRUE(marks.insert(mark).second) << mark << " twice";
    for (const ops::Parameter& parameter : stack.parameters()) {
      if (nn::Stack::MarkOf(parameter) == mark) at_mark[parameter.name] = BytesOf(parameter.grad);
    }
  });
  ops::Exec recording(pool, eager.kernels(), &tape);
  recording.set_recomputing(recomputing);
  for (int i = 0; i < times; ++i) {
    nn::Step step{tokens, segments};
    if (has_encoder) {
      step.memories = segments;
      step.encoded = stack.Encode(recording, {tokens, segments});
    }
    stack.Loss(recording, stack.Forward(recording, step), targets, 1.0f);
  }
  tape.RunBackward();
  size_t promised = 0;
  for (const ops::Parameter& parameter : stack.parameters()) {
    const std::string mark = nn::Stack::MarkOf(parameter);
    const std::string grad = BytesOf(parameter.grad);
    if (mark.empty()) continue;
    ++promised;
    EXPECT_TRUE(marks.count(mark)) << parameter.name << " waits for " << mark;
    EXPECT_TRUE(at_mark[parameter.name] == grad) << parameter.name << " changed after " << mark;
    EXPECT_TRUE(grad != std::string(grad.size(), '\0') || parameter.name.ends_with("k.bias"))
        << parameter.name;
  }
  EXPECT_GE(marks.size(), 3u);
  EXPECT_GT(promised, stack.parameters().size() / 2);
}

TEST(Marks, GradientsAreFinalWhereTheySaySo) {
  for (const bool recomputing : {false, true}) {
    for (const int times : {1, 2}) {
      ExpectFinalAtTheirMarks(ModelOf(LlamaConfig(true)), recomputing, times);
      ExpectFinalAtTheirMarks(ModelOf(LlamaConfig(false)), recomputing, times);
      ExpectFinalAtTheirMarks(ModelOf(kBert), recomputing, times);
      ExpectFinalAtTheirMarks(ModelOf(kT5), recomputing, times);
    }
  }
}

Corpus RandomCorpus() {
  Random random(5);
  Corpus corpus;
  for (int document = 0; document < 40; ++document) {
    std::vector<int32_t> tokens;
    for (uint64_t i = 0; i < 20 + random.Below(60); ++i) {
      tokens.push_back(static_cast<int32_t>(random.Below(40)));
    }
    corpus.Add("doc" + std::to_string(document), 0, 1, tokens);
  }
  return corpus;
}

constexpr int64_t kRows = 12;  // of a step

struct Outcome {
  std::vector<double> losses, norms;
  std::string values;  // of all parameters
  int64_t state_bytes = 0;
};

// Ten steps with average, clipping and micro-batches, on rank `rank` of its world.
Outcome TenSteps(Communicator& rank, int64_t micro_rows, ops::Packing packing) {
  const Corpus corpus = RandomCorpus();
  ThreadPool pool(1);
  const ops::Exec exec(pool, kernels::TableOf(kernels::BestTarget()));
  models::Model model = ModelOf(LlamaConfig(true));
  Trainer trainer(exec, model.stack, *kCausal, {.average = 0.9f}, packing, rank);
  trainer.set_recomputing(micro_rows == 1);
  DataLoader loader(corpus, *kCausal, 32, {1.0}, 1);
  Outcome outcome;
  for (int step = 0; step < 10; ++step) {
    const int64_t begin = kRows * rank.rank() / rank.size();
    const int64_t end = kRows * (rank.rank() + 1) / rank.size();
    std::vector<Batch> batches;
    loader.Skip(begin);
    for (int64_t row = begin; row < end; row += micro_rows) {
      batches.push_back(loader.Next(std::min(micro_rows, end - row)));
    }
    loader.Skip(kRows - end);
    const auto result = trainer.Step(batches, 3e-3, corpus);
    EXPECT_TRUE(result.ok()) << result.status().message();
    outcome.losses.push_back(result->loss);
    outcome.norms.push_back(result->grad_norm);
  }
  for (const ops::Parameter& parameter : model.stack.parameters()) {
    outcome.values += BytesOf(parameter.value);
  }
  outcome.state_bytes = trainer.optimizer().bytes();
  return outcome;
}

std::vector<Outcome> TenSteps(int size, int64_t micro_rows,
                              ops::Packing packing = ops::Packing::kF32) {
  std::vector<Outcome> outcomes(static_cast<size_t>(size));
  ThreadWorld world(size);
  world.Run([&](Communicator& rank) {
    outcomes[static_cast<size_t>(rank.rank())] = TenSteps(rank, micro_rows, packing);
  });
  return outcomes;
}

TEST(Ranks, LearnWhatOneAloneLearns) {
  for (const int64_t micro_rows : {1, 3}) {
    const Outcome alone = TenSteps(Alone(), micro_rows, ops::Packing::kF32);
    for (const int size : {2, 3, 4, 5}) {
      const std::vector<Outcome> ranks = TenSteps(size, micro_rows);
      int64_t state_bytes = 0;
      for (const Outcome& rank : ranks) {
        EXPECT_EQ(rank.losses, ranks[0].losses);
        EXPECT_TRUE(rank.values == ranks[0].values) << size;
        EXPECT_LT(rank.state_bytes, alone.state_bytes / size + alone.state_bytes / 10);
        state_bytes += rank.state_bytes;
      }
      EXPECT_EQ(state_bytes, alone.state_bytes);
      for (size_t step = 0; step < alone.losses.size(); ++step) {
        EXPECT_NEAR(ranks[0].losses[step], alone.losses[step], 2e-6 * alone.losses[step]);
        EXPECT_NEAR(ranks[0].norms[step], alone.norms[step], 2e-5 * alone.norms[step]);
      }
      const auto* ours = reinterpret_cast<const float*>(ranks[0].values.data());
      const auto* theirs = reinterpret_cast<const float*>(alone.values.data());
      for (size_t i = 0; i < alone.values.size() / sizeof(float); ++i) {
        ASSERT_NEAR(ours[i], theirs[i], 2e-4) << size;
      }
    }
  }
}

TEST(Ranks, HaveTheSameBitsEachTime) {
  for (const ops::Packing packing : {ops::Packing::kF32, ops::Packing::kBf16}) {
    const std::vector<Outcome> once = TenSteps(3, 2, packing), again = TenSteps(3, 2, packing);
    EXPECT_EQ(once[0].losses, again[0].losses);
    EXPECT_TRUE(once[1].values == again[2].values);
  }
}

// A rank's batch cannot go through: its weight is not a number, and nobody else's is.
TEST(Ranks, StopTogetherAtANumberOfOneThatIsNotFinite) {
  const Corpus corpus = RandomCorpus();
  for (const bool in_gradient : {false, true}) {
    ThreadWorld world(3);
    world.Run([&](Communicator& rank) {
      ThreadPool pool(1);
      const ops::Exec exec(pool, kernels::TableOf(kernels::BestTarget()));
      models::Model model = ModelOf(LlamaConfig(true));
      Trainer trainer(exec, model.stack, *kCausal, {}, ops::Packing::kF32, rank);
      DataLoader loader(corpus, *kCausal, 32, {1.0}, 1);
      loader.Skip(2 * rank.rank());
      std::vector<Batch> batches = {loader.Next(1), loader.Next(1)};
      ops::Parameter& weight = *model.stack.Find("1.feed_forward.up.weight");
      if (rank.rank() == 1) {
        // Packed for the forward pass, read as it is by backward.
        weight.value.f32()[5] = std::nanf("");
        if (!in_gradient) trainer.Repack();
      }
      const auto result = trainer.Step(batches, 1e-3, corpus);
      ASSERT_FALSE(result.ok());
      EXPECT_THAT(result.status().message(),
                  HasSubstr("rank 1 on here: numbers that are not finite at step 1: first in "
                            "weight 1.feed_forward.up.weight; documents: doc"));
      EXPECT_EQ(trainer.optimizer().steps, 0);
      EXPECT_EQ(trainer.optimizer().m[0].f32()[0], 0.0f);
    });
  }
}

// Of what travels in a step each rank sends (N - 1) / N twice: gradients, then values.
TEST(Ranks, SendNoMoreThanTheyMust) {
  for (const int size : {2, 4}) {
    ThreadWorld world(size);
    int64_t parameters = 0;
    world.Run([&](Communicator& rank) {
      models::Model model = ModelOf(LlamaConfig(true));
      const std::vector<ops::Parameter*> learned = model.stack.Learned();
      for (ops::Parameter* parameter : learned) parameter->grad = Tensor::Zeros(parameter->shape);
      const Sharding sharding(learned, rank.rank(), rank.size());
      GradientSum sum(rank, sharding, learned);
      sum.Begin();
      sum.Finish();
      GatherValues(rank, sharding, learned);
      if (rank.rank() > 0) return;
      for (const ops::Parameter* parameter : learned) parameters += parameter->value.size();
    });
    EXPECT_EQ(world.bytes_sent(), 2 * 4 * parameters * (size - 1));
  }
}

}  // namespace
}  // namespace parvis::train
