// Models with an encoder against Hugging Face transformers: beam search (their greedy answers: see
// golden_test.cc); and what the engine promises for every model.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "parvis/models/model.h"
#include "parvis/runtime/beam_search.h"
#include "parvis/runtime/engine.h"
#include "parvis/runtime/kv_cache.h"
#include "tests/golden_file.h"
#include "tests/golden_models.h"

namespace parvis::runtime {
namespace {

std::string FolderOf(const std::string& name) {
  return std::string(PARVIS_SOURCE_DIR) + "/tests/golden/models/" + name + "/";
}

// Computed in f32 whatever is stored, as the reference does.
models::Model Load(const ops::Exec& exec, const std::string& name) {
  auto model = models::LoadModel(exec, FolderOf(name), {.packing = ops::Packing::kF32});
  EXPECT_TRUE(model.ok()) << model.status().message();
  return *std::move(model);
}

std::unique_ptr<Engine> EngineOf(models::Model& model, const ops::Exec& exec,
                                 const EngineOptions& options) {
  auto engine = Engine::Create(model, exec, options);
  EXPECT_TRUE(engine.ok()) << engine.status().message();
  return *std::move(engine);
}

GenerateRequest RequestOf(std::vector<int32_t> prompt) {
  GenerateRequest request;
  request.prompt = std::move(prompt);
  request.max_tokens = 32;
  request.sampling.temperature = 0.0f;
  return request;
}

class T5GoldenTest : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Models, T5GoldenTest, testing::ValuesIn(kEncoderDecoderGoldens));

TEST_P(T5GoldenTest, BeamSearch) {
  const GoldenFile golden(FolderOf(GetParam()) + "golden.safetensors");
  ThreadPool pool(2);
  const ops::Exec exec(pool, kernels::TableOf(kernels::BestTarget()));
  models::Model model = Load(exec, GetParam());
  for (int k = 0; k < 5; ++k) {
    const std::string name = "beams." + std::to_string(k) + ".";
    const std::vector<int32_t> settings = golden.Ints(name + "settings");
    const BeamSearchParams params{.num_beams = settings[0],
                                  .length_penalty = golden.Floats(name + "length_penalty")[0],
                                  .early_stopping = settings[1] != 0,
                                  .num_return_sequences = settings[2],
                                  .max_tokens = settings[3],
                                  .min_tokens = settings[5],
                                  .no_repeat_ngram_size = settings[6],
                                  .end_tokens = {settings[4]},
                                  .kv_budget_bytes = size_t{1} << 20,
                                  .cancelled = {}};
    const auto found = BeamSearch(model, exec, golden.Ints(name + "prompt"), params);
    ASSERT_TRUE(found.ok()) << found.status().message();
    const std::vector<int32_t> tokens = golden.Ints(name + "tokens");
    const std::vector<int32_t> lengths = golden.Ints(name + "lengths");
    const std::vector<float> scores = golden.Floats(name + "scores");
    ASSERT_EQ(found->size(), lengths.size()) << name;
    const size_t width = tokens.size() / lengths.size();
    for (size_t i = 0; i < found->size(); ++i) {
      const auto begin = tokens.begin() + static_cast<std::ptrdiff_t>(i * width);
      EXPECT_EQ((*found)[i].tokens, std::vector<int32_t>(begin, begin + lengths[i])) << name << i;
      EXPECT_NEAR((*found)[i].score, scores[i], 1e-4) << name << i;
    }
  }
}

TEST(BeamSearch, ABeamIsAGreedyAnswerAndPagesAreCounted) {
  const GoldenFile golden(FolderOf("t5_v1_0") + "golden.safetensors");
  ThreadPool pool(1);
  const ops::Exec exec(pool, kernels::TableOf(kernels::BestTarget()));
  models::Model model = Load(exec, "t5_v1_0");
  BeamSearchParams params{.num_beams = 1, .max_tokens = 32, .end_tokens = {}, .cancelled = {}};
  const std::vector<int32_t> prompt = golden.Ints("greedy.2.prompt");
  const auto found = BeamSearch(model, exec, prompt, params);
  ASSERT_TRUE(found.ok()) << found.status().message();
  EXPECT_EQ((*found)[0].tokens, golden.Ints("greedy.2.tokens"));

  // Three pages for the prompt, then one for each beam and a second one for each.
  const size_t page = 2 * 3 * 2 * kPageTokens * 5 * sizeof(float);
  params.num_beams = 2;
  params.max_tokens = 40;
  params.kv_budget_bytes = 7 * page;
  EXPECT_TRUE(BeamSearch(model, exec, prompt, params).ok());
  params.kv_budget_bytes = 5 * page;
  EXPECT_EQ(BeamSearch(model, exec, prompt, params).status().code(),
            StatusCode::kResourceExhausted);
  params.kv_budget_bytes = size_t{1} << 20;
  int asked = 0;
  params.cancelled = [&asked] { return ++asked == 3; };
  EXPECT_EQ(BeamSearch(model, exec, prompt, params).status().code(), StatusCode::kCancelled);
}

TEST(BeamSearch, RefusesWhatMakesNoSense) {
  ThreadPool pool(1);
  const ops::Exec exec(pool, kernels::TableOf(kernels::BestTarget()));
  models::Model model = Load(exec, "t5_v1_0");
  const std::vector<int32_t> prompt = {5, 6};
  const auto refused = [&](const BeamSearchParams& params, std::span<const int32_t> tokens) {
    return BeamSearch(model, exec, tokens, params).status().code() == StatusCode::kInvalidArgument;
  };
  EXPECT_TRUE(refused({.num_beams = 0}, prompt));
  EXPECT_TRUE(refused({.num_beams = 34}, prompt));
  EXPECT_TRUE(refused({.num_beams = 2, .num_return_sequences = 3}, prompt));
  EXPECT_TRUE(refused({.max_tokens = 0}, prompt));
  EXPECT_TRUE(refused({.no_repeat_ngram_size = -1}, prompt));
  EXPECT_TRUE(refused({.end_tokens = {67}}, prompt));
  EXPECT_TRUE(refused({}, {}));
  const std::vector<int32_t> outside = {67};
  EXPECT_TRUE(refused({}, outside));
  models::Model decoder = Load(exec, "llama_tiny");
  EXPECT_FALSE(BeamSearch(decoder, exec, prompt, {}).ok());
}

struct Outcome {
  std::vector<std::vector<int32_t>> tokens;
  std::vector<std::vector<float>> logprobs;
};

Outcome AnswersOf(models::Model& model, int threads, const EngineOptions& options) {
  ThreadPool pool(threads);
  const ops::Exec exec(pool, kernels::TableOf(kernels::BestTarget()));
  const auto engine = EngineOf(model, exec, options);
  Outcome outcome;
  outcome.tokens.resize(8);
  outcome.logprobs.resize(8);
  for (int k = 0; k < 8; ++k) {
    std::vector<int32_t> prompt;
    for (int i = 0; i < 3 + 11 * k; ++i) prompt.push_back(3 + (i * 7 + k * 5) % 60);
    GenerateRequest request = RequestOf(std::move(prompt));
    request.max_tokens = 70;
    request.sampling = {.temperature = 0.9f, .seed = static_cast<uint64_t>(k)};
    request.logprobs = 0;
    request.on_token = [&outcome, k](const TokenEvent& e) {
      outcome.tokens[k].push_back(e.token);
      outcome.logprobs[k].push_back(e.logprob);
    };
    EXPECT_TRUE(engine->Submit(std::move(request)).ok());
  }
  while (engine->Step()) {
  }
  return outcome;
}

TEST(EncoderDecoderEngine, SameNumbersAloneInABatchAtAnyThreadCountAndWhenGivingWay) {
  ThreadPool pool(2);
  const ops::Exec exec(pool, kernels::TableOf(kernels::BestTarget()));
  models::Model model = Load(exec, "t5_v1_0");
  const Outcome alone = AnswersOf(model, 1, {.max_batch_tokens = 500, .max_sequences = 1});
  for (const auto& tokens : alone.tokens) EXPECT_EQ(tokens.size(), 70u);
  const size_t page = 2 * 3 * 2 * kPageTokens * 5 * sizeof(float);
  const EngineOptions settings[] = {
      {.max_batch_tokens = 500, .max_sequences = 8},
      {.max_batch_tokens = 1, .max_sequences = 3},
      // The longest needs 6 pages: some that run must give theirs back.
      {.kv_budget_bytes = 12 * page, .max_batch_tokens = 64, .max_sequences = 8}};
  for (const EngineOptions& options : settings) {
    for (const int threads : {1, 2}) {
      const Outcome together = AnswersOf(model, threads, options);
      EXPECT_EQ(together.tokens, alone.tokens) << options.max_batch_tokens << " " << threads;
      EXPECT_EQ(together.logprobs, alone.logprobs) << options.max_batch_tokens << " " << threads;
    }
  }
}

TEST(EncoderDecoderEngine, LimitsUsageAndCancelling) {
  ThreadPool pool(2);
  const ops::Exec exec(pool, kernels::TableOf(kernels::BestTarget()));
  models::Model model = Load(exec, "t5_v1_0");
  const size_t page = 2 * 3 * 2 * kPageTokens * 5 * sizeof(float);
  const auto engine = EngineOf(model, exec, {.kv_budget_bytes = 9 * page});
  EXPECT_EQ(engine->context_length(), 128);  // four pages for each side
  EXPECT_FALSE(engine->Submit(RequestOf(std::vector<int32_t>(129, 5))).ok());

  GenerateRequest whole = RequestOf(std::vector<int32_t>(128, 5));
  whole.max_tokens = std::nullopt;
  const auto completion = Generate(*engine, whole);
  ASSERT_TRUE(completion.ok()) << completion.status().message();
  EXPECT_EQ(completion->finish, FinishReason::kLength);
  EXPECT_EQ(completion->usage.prompt_tokens, 128);
  EXPECT_EQ(completion->tokens.size(), 127u);

  // Cancelled at any moment, a request leaves all pages: the next one needs most of them.
  for (int steps = 0; steps < 5; ++steps) {
    std::optional<FinishReason> finish;
    GenerateRequest request = whole;
    request.on_token = [&finish](const TokenEvent& event) { finish = event.finish; };
    const auto id = engine->Submit(std::move(request));
    ASSERT_TRUE(id.ok());
    for (int i = 0; i < steps; ++i) engine->Step();
    engine->Cancel(*id);
    engine->Step();
    EXPECT_EQ(finish, FinishReason::kCancelled);
    const auto again = Generate(*engine, whole);
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(again->tokens, completion->tokens);
  }
}

}  // namespace
}  // namespace parvis::runtime
