// Log-probabilities of a prompt's tokens: those that transformers gives, whatever else runs.

#include <cmath>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "parvis/runtime/test_support.h"
#include "tests/golden_file.h"
#include "tests/golden_models.h"

namespace parvis::runtime {
namespace {

using testing::HasSubstr;

struct Scored {
  std::vector<Sample> prompt;
  std::vector<int32_t> tokens;
  int events = 0;
};

// Submits; `scored` must outlive the engine's steps.
void Submit(Engine& engine, std::vector<int32_t> prompt, int64_t max_tokens, Scored& scored) {
  GenerateRequest request;
  request.prompt = std::move(prompt);
  request.max_tokens = max_tokens;
  request.sampling.temperature = 0.0f;
  request.logprobs = 2;
  request.prompt_logprobs = true;
  request.on_token = [&scored](const TokenEvent& event) {
    EXPECT_TRUE(event.status.ok()) << event.status.message();
    if (scored.events++ == 0) {
      scored.prompt = event.prompt;
    } else {
      EXPECT_TRUE(event.prompt.empty());
    }
    if (event.token >= 0) scored.tokens.push_back(event.token);
  };
  const auto id = engine.Submit(std::move(request));
  ASSERT_TRUE(id.ok()) << id.status().message();
}

void ExpectSame(const std::vector<Sample>& a, const std::vector<Sample>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].token, b[i].token) << i;
    EXPECT_EQ(a[i].logprob, b[i].logprob) << i;
    ASSERT_EQ(a[i].top.size(), b[i].top.size());
    for (size_t t = 0; t < a[i].top.size(); ++t) {
      EXPECT_EQ(a[i].top[t].token, b[i].top[t].token);
      EXPECT_EQ(a[i].top[t].logprob, b[i].top[t].logprob);
    }
  }
}

class GoldenScoresTest : public testing::TestWithParam<const char*> {};

TEST_P(GoldenScoresTest, AreThoseOfTransformers) {
  const std::string folder =
      std::string(PARVIS_SOURCE_DIR) + "/tests/golden/models/" + GetParam() + "/";
  const GoldenFile golden(folder + "golden.safetensors");
  const std::vector<int32_t> tokens = golden.Ints("input_ids");
  const std::vector<float> logits = golden.Floats("logits");
  const size_t size = logits.size() / tokens.size();
  ThreadPool pool(2);
  const ops::Exec exec(pool, kernels::TableOf(kernels::BestTarget()));
  auto model = models::LoadModel(exec, folder, {.packing = ops::Packing::kF32});
  ASSERT_TRUE(model.ok()) << model.status().message();
  const auto engine = std::move(Engine::Create(*model, exec, {.max_batch_tokens = 20})).value();
  Scored scored;
  Submit(*engine, tokens, 0, scored);
  while (engine->Step()) {
  }
  EXPECT_EQ(scored.events, 1);
  EXPECT_TRUE(scored.tokens.empty());
  ASSERT_EQ(scored.prompt.size(), tokens.size() - 1);
  for (size_t i = 0; i + 1 < tokens.size(); ++i) {
    const float* row = logits.data() + i * size;
    double sum = 0.0;
    for (size_t t = 0; t < size; ++t) sum += std::exp(double{row[t]});
    const Sample& sample = scored.prompt[i];
    EXPECT_EQ(sample.token, tokens[i + 1]);
    EXPECT_NEAR(sample.logprob, row[tokens[i + 1]] - std::log(sum), 1e-3) << i;
    ASSERT_EQ(sample.top.size(), 2u);
    const auto largest = static_cast<int32_t>(std::max_element(row, row + size) - row);
    EXPECT_EQ(sample.top[0].token, largest) << i;
    EXPECT_NEAR(sample.top[0].logprob, row[largest] - std::log(sum), 1e-3) << i;
    EXPECT_GE(sample.top[0].logprob, sample.top[1].logprob);
  }
}

INSTANTIATE_TEST_SUITE_P(Models, GoldenScoresTest, testing::ValuesIn(kDecoderGoldens));

class PromptScoresTest : public EngineTest {};

TEST_F(PromptScoresTest, AreTheSameAloneInABatchAfterSharingAndAfterGivingWay) {
  const std::vector<int32_t> prompt = RandomPrompt(3, 40);
  Scored alone;
  const auto first = Make({.share_prefixes = false});
  Submit(*first, prompt, 3, alone);
  while (first->Step()) {
  }
  EXPECT_EQ(alone.prompt.size(), 39u);
  EXPECT_EQ(alone.tokens.size(), 3u);

  // Little memory, small steps, others beside, and the same prompt before.
  const auto engine = Make({.kv_budget_bytes = 8 * kPageBytes, .max_batch_tokens = 7});
  ASSERT_TRUE(Generate(*engine, {.prompt = prompt, .max_tokens = 2}).ok());
  std::vector<Scored> several(4);
  Submit(*engine, prompt, 3, several[0]);
  Submit(*engine, RandomPrompt(8, 30), 20, several[1]);
  Submit(*engine, prompt, 3, several[2]);
  Submit(*engine, prompt, 0, several[3]);
  while (engine->Step()) {
  }
  for (const size_t i : {0, 2, 3}) ExpectSame(several[i].prompt, alone.prompt);
  EXPECT_EQ(several[0].tokens, alone.tokens);
  EXPECT_EQ(several[2].tokens, alone.tokens);
  EXPECT_TRUE(several[3].tokens.empty());
}

TEST_F(PromptScoresTest, OneTokenHasNoneAndTheOthersNeedLogprobs) {
  const auto engine = Make();
  Scored scored;
  Submit(*engine, {7}, 0, scored);
  while (engine->Step()) {
  }
  EXPECT_EQ(scored.events, 1);
  EXPECT_TRUE(scored.prompt.empty());
  EXPECT_THAT(engine->Check({.prompt = {7}, .prompt_logprobs = true}).message(),
              HasSubstr("prompt_logprobs: needs logprobs"));
}

TEST_F(PromptScoresTest, ScoreIsTheLogOfTheSoftmax) {
  const std::vector<float> logits = {1.0f, 3.0f, 3.0f, -2.0f};
  const Sample sample = Score(logits, 3, 3).value();
  const double sum = std::log(std::exp(1.0) + 2 * std::exp(3.0) + std::exp(-2.0));
  EXPECT_NEAR(sample.logprob, -2.0 - sum, 1e-6);
  ASSERT_EQ(sample.top.size(), 3u);
  EXPECT_EQ(sample.top[0].token, 1);  // of equal ones the lower id
  EXPECT_EQ(sample.top[1].token, 2);
  EXPECT_NEAR(sample.top[2].logprob, 1.0 - sum, 1e-6);
  EXPECT_FALSE(Score(std::vector<float>{1.0f, NAN}, 0, 1).ok());
}

}  // namespace
}  // namespace parvis::runtime
