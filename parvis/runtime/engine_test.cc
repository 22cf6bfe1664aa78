// The engine on small random models: what a request gets, whatever runs beside it.

#include "parvis/runtime/engine.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "parvis/runtime/test_support.h"

namespace parvis::runtime {
namespace {

// The next tokens by definition: each from a forward pass over everything before it, without pages.
std::vector<int32_t> GreedyWithoutCache(const ops::Exec& exec, nn::Stack& stack,
                                        std::vector<int32_t> tokens, int count) {
  const size_t prompt = tokens.size();
  for (int i = 0; i < count; ++i) {
    const std::vector<nn::Segment> segments = {{0, static_cast<int64_t>(tokens.size())}};
    const Tensor logits = stack.Logits(exec, stack.Forward(exec, {tokens, segments}));
    const float* last = logits.f32() + (logits.dim(0) - 1) * logits.dim(1);
    tokens.push_back(static_cast<int32_t>(std::max_element(last, last + logits.dim(1)) - last));
  }
  return {tokens.begin() + static_cast<int64_t>(prompt), tokens.end()};
}

TEST_F(EngineTest, GreedyIsWhatTheWholeForwardPassSays) {
  for (const bool rotary : {true, false}) {
    models::Model model = SmallModel(exec_, ops::Packing::kF32, rotary);
    const auto engine = std::move(Engine::Create(model, exec_, {.max_batch_tokens = 5})).value();
    for (const int64_t size : {1, 2, 31, 32, 33, 100}) {
      const auto completion = Generate(*engine, {.prompt = RandomPrompt(size, size),
                                                 .max_tokens = 40,
                                                 .sampling = {.temperature = 0.0f},
                                                 .ignore_end = true});
      ASSERT_TRUE(completion.ok());
      EXPECT_EQ(completion->tokens,
                GreedyWithoutCache(exec_, model.stack, RandomPrompt(size, size), 40))
          << size;
    }
  }
}

// Eight requests with all kinds of parameters.
std::vector<GenerateRequest> Eight() {
  std::vector<GenerateRequest> requests;
  for (int i = 0; i < 8; ++i) {
    GenerateRequest r;
    r.prompt = RandomPrompt(100 + i, 1 + i * 13);
    r.max_tokens = 12 + 2 * i;
    r.ignore_end = true;
    r.logprobs = i % 3 - 1;
    r.sampling.seed = i;
    if (i % 2 == 0) r.sampling.temperature = 0.0f;
    if (i == 1) r.sampling.top_k = 20;
    if (i == 3) r.sampling.top_p = 0.9f;
    if (i == 4) r.sampling.repetition_penalty = 1.2f;
    if (i == 5) r.sampling.min_p = 0.05f;
    if (i == 7) r.sampling.frequency_penalty = 0.3f;
    requests.push_back(std::move(r));
  }
  return requests;
}

std::vector<Completion> RunTogether(Engine& engine, std::vector<GenerateRequest> requests) {
  std::vector<Completion> completions(requests.size());
  for (size_t i = 0; i < requests.size(); ++i) {
    Completion& completion = completions[i];
    requests[i].on_token = [&completion](const TokenEvent& event) {
      completion.tokens.push_back(event.token);
      completion.text += event.text;
      completion.logprobs.push_back(event.logprob);
      completion.top.push_back(event.top);
      completion.usage = event.usage;
    };
    EXPECT_TRUE(engine.Submit(std::move(requests[i])).ok());
  }
  while (engine.Step()) {
  }
  return completions;
}

void ExpectSame(const Completion& a, const Completion& b, const std::string& where) {
  EXPECT_EQ(a.tokens, b.tokens) << where;
  EXPECT_EQ(a.text, b.text) << where;
  EXPECT_EQ(a.logprobs, b.logprobs) << where;  // to the bit
  ASSERT_EQ(a.top.size(), b.top.size()) << where;
  for (size_t i = 0; i < a.top.size(); ++i) {
    ASSERT_EQ(a.top[i].size(), b.top[i].size()) << where;
    for (size_t j = 0; j < a.top[i].size(); ++j) {
      EXPECT_EQ(a.top[i][j].token, b.top[i][j].token) << where;
      EXPECT_EQ(a.top[i][j].logprob, b.top[i][j].logprob) << where;
    }
  }
}

TEST(EngineModels, EncodersAreRefusedWithTheirCommand) {
  ThreadPool pool(1);
  const ops::Exec exec(pool, kernels::TableOf(kernels::BestTarget()));
  models::Model model = SmallModel(exec);
  nn::Blueprint encoder = model.stack.blueprint();
  encoder.attention.causal = false;
  model.stack = nn::Stack(encoder);
  const auto engine = Engine::Create(model, exec, {});
  ASSERT_FALSE(engine.ok());
  EXPECT_NE(engine.status().message().find("'parvis fill'"), std::string::npos);
}

TEST(EngineSameNumbers, AloneInABatchAtAnyThreadCountAndChunk) {
  struct Setting {
    int threads;
    int64_t chunk, together;
  };
  constexpr Setting kSettings[] = {{1, 1, 8}, {1, 33, 3}, {1, 1000, 8}, {2, 50, 8}, {2, 1000, 3}};
  for (const ops::Packing packing :
       {ops::Packing::kF32, ops::Packing::kBf16, ops::Packing::kQ8_0}) {
    std::vector<Completion> alone;
    for (const auto& [threads, chunk, together] : kSettings) {
      ThreadPool pool(threads);
      const ops::Exec exec(pool, kernels::TableOf(kernels::BestTarget()));
      models::Model model = SmallModel(exec, packing);
      if (alone.empty()) {
        for (GenerateRequest& request : Eight()) {
          const auto engine = std::move(Engine::Create(model, exec, {})).value();
          alone.push_back(RunTogether(*engine, {request})[0]);
        }
      }
      const EngineOptions options{.max_batch_tokens = chunk, .max_sequences = together};
      const auto engine = std::move(Engine::Create(model, exec, options)).value();
      const std::vector<Completion> batch = RunTogether(*engine, Eight());
      for (size_t i = 0; i < 8; ++i) {
        ExpectSame(batch[i], alone[i],
                   "request " + std::to_string(i) + " packing " +
                       std::to_string(static_cast<int>(packing)) + " threads " +
                       std::to_string(threads) + " chunk " + std::to_string(chunk));
      }
    }
  }
}

TEST_F(EngineTest, TokensAreTheSameWhenPagesRunOut) {
  std::vector<GenerateRequest> requests = Eight();
  for (GenerateRequest& request : requests) {  // short prompts start; long answers do not fit
    request.prompt.resize(std::min<size_t>(request.prompt.size(), 20));
    request.max_tokens = 90;
  }
  const std::vector<Completion> plenty = RunTogether(*Make(), requests);
  // Each wants 4 pages at its end.
  for (const size_t pages : {4, 7, 15}) {
    const auto engine = Make({.kv_budget_bytes = pages * kPageBytes});
    const std::vector<Completion> few = RunTogether(*engine, requests);
    for (size_t i = 0; i < 8; ++i) {
      ExpectSame(few[i], plenty[i], std::to_string(pages) + " pages");
      EXPECT_EQ(few[i].usage.completion_tokens, 90);
    }
    EXPECT_EQ(engine->unfinished(), 0);
  }
}

// Requests that begin alike, one after the other and together: what they get is what they get
// without sharing, to the bit, and what they share is not computed again.
TEST_F(EngineTest, SharingPrefixesChangesNoByte) {
  std::vector<GenerateRequest> requests;
  const std::vector<int32_t> begin = RandomPrompt(1, 90);
  for (int i = 0; i < 9; ++i) {
    GenerateRequest request;
    request.prompt.assign(begin.begin(), begin.begin() + 90 - 7 * (i % 4));
    if (i % 3 > 0) {
      for (const int32_t token : RandomPrompt(2 + i % 3, 15)) request.prompt.push_back(token);
    }
    request.max_tokens = 45;
    request.ignore_end = true;
    request.logprobs = 2;
    request.sampling = {.temperature = i % 2 == 0 ? 0.0f : 1.0f, .seed = static_cast<uint64_t>(i)};
    requests.push_back(std::move(request));
  }
  const std::vector<Completion> apart = RunTogether(*Make({.share_prefixes = false}), requests);
  for (const Completion& completion : apart) EXPECT_EQ(completion.usage.cached_tokens, 0);
  for (const size_t pages : {6, 9, 40}) {
    for (const int64_t chunk : {7, 64, 1000}) {
      const auto engine = Make({.kv_budget_bytes = pages * kPageBytes, .max_batch_tokens = chunk});
      for (int round = 0; round < 3; ++round) {
        const std::vector<Completion> shared = RunTogether(*engine, requests);
        for (size_t i = 0; i < requests.size(); ++i) ExpectSame(shared[i], apart[i], "shared");
      }
    }
  }
  const auto engine = Make();
  EXPECT_EQ(RunTogether(*engine, {requests[0]})[0].usage.cached_tokens, 0);
  EXPECT_EQ(RunTogether(*engine, {requests[0]})[0].usage.cached_tokens, 64);  // of 90
  const std::vector<Completion> three =
      RunTogether(*engine, {requests[0], requests[1], requests[2]});
  for (size_t i = 0; i < 3; ++i) {
    ExpectSame(three[i], apart[i], "kept");
    EXPECT_GE(three[i].usage.cached_tokens, 64);
  }
}

TEST_F(EngineTest, ADialogueFindsItsOwnAnswerAgain) {
  const auto engine = Make();
  GenerateRequest request{.prompt = RandomPrompt(1, 40), .max_tokens = 60, .ignore_end = true};
  request.sampling.temperature = 0.0f;
  const auto first = Generate(*engine, request);
  ASSERT_TRUE(first.ok());
  request.prompt.insert(request.prompt.end(), first->tokens.begin(), first->tokens.end());
  request.prompt.push_back('x');
  request.max_tokens = 3;
  // The last token that was chosen was never computed; the pages up to it were.
  EXPECT_EQ(Generate(*engine, request)->usage.cached_tokens, 96);
}

TEST_F(EngineTest, SaltsKeepTenantsApart) {
  const auto engine = Make();
  GenerateRequest request{.prompt = RandomPrompt(1, 100), .max_tokens = 2};
  request.cache_salt = "a";
  EXPECT_EQ(Generate(*engine, request)->usage.cached_tokens, 0);
  request.cache_salt = "b";
  EXPECT_EQ(Generate(*engine, request)->usage.cached_tokens, 0);
  request.cache_salt = "";
  EXPECT_EQ(Generate(*engine, request)->usage.cached_tokens, 0);
  request.cache_salt = "a";
  EXPECT_EQ(Generate(*engine, request)->usage.cached_tokens, 96);
  request.cache_salt = std::string(257, 'a');
  EXPECT_EQ(engine->Submit(request).status().code(), StatusCode::kInvalidArgument);
}

TEST_F(EngineTest, StopsAtTheEndTokenAndSaysSo) {
  // The end token is forced once three tokens are generated, by taking away everything else.
  GenerateRequest request{.prompt = RandomPrompt(1, 5), .sampling = {.temperature = 0.0f}};
  request.sampling.logit_bias = {{ByteTokenizer::kEnd, 1000.0f}};
  const auto completion = Generate(*Make(), request);
  ASSERT_TRUE(completion.ok());
  EXPECT_EQ(completion->finish, FinishReason::kStop);
  EXPECT_EQ(completion->tokens, std::vector<int32_t>{ByteTokenizer::kEnd});
  EXPECT_EQ(completion->text, "");
  EXPECT_EQ(completion->usage.prompt_tokens, 5);
  EXPECT_EQ(completion->usage.completion_tokens, 1);

  request.ignore_end = true;
  request.max_tokens = 4;
  const auto through = Generate(*Make(), request);
  EXPECT_EQ(through->finish, FinishReason::kLength);
  EXPECT_EQ(through->tokens.size(), 4u);
}

TEST_F(EngineTest, StopTokensGiveNoText) {
  GenerateRequest request{.prompt = RandomPrompt(1, 5), .stop_tokens = {'x', 'y'}};
  request.sampling = {.temperature = 0.0f, .logit_bias = {{'y', 1000.0f}}};
  const auto completion = Generate(*Make(), request);
  EXPECT_EQ(completion->finish, FinishReason::kStop);
  EXPECT_EQ(completion->tokens, std::vector<int32_t>{'y'});
  EXPECT_EQ(completion->text, "");
}

// Text of a request whose tokens are one letter again and again.
TEST_F(EngineTest, StopStringsAreNotShown) {
  GenerateRequest request{.prompt = RandomPrompt(1, 5), .stop_strings = {"zzz"}};
  request.sampling = {.temperature = 0.0f, .logit_bias = {{'z', 1000.0f}}};
  std::vector<std::string> deltas;
  request.on_token = [&](const TokenEvent& event) { deltas.push_back(event.text); };
  const auto completion = Generate(*Make(), request);
  EXPECT_EQ(completion->finish, FinishReason::kStop);
  EXPECT_EQ(completion->tokens.size(), 3u);
  EXPECT_EQ(completion->text, "");
  EXPECT_EQ(deltas, (std::vector<std::string>{"", "", ""}));

  request.max_tokens = 2;  // ends while text is held back: it comes with the last event
  deltas.clear();
  EXPECT_EQ(Generate(*Make(), request)->text, "zz");
  EXPECT_EQ(deltas, (std::vector<std::string>{"", "zz"}));
}

TEST_F(EngineTest, OnlyWholeCharactersLeave) {
  // 0xC3 begins a character of two bytes and is never followed by its second byte.
  GenerateRequest request{.prompt = RandomPrompt(1, 5), .max_tokens = 3};
  request.sampling = {.temperature = 0.0f, .logit_bias = {{0xC3, 1000.0f}}};
  std::vector<std::string> deltas;
  request.on_token = [&](const TokenEvent& event) { deltas.push_back(event.text); };
  ASSERT_TRUE(Generate(*Make(), request).ok());
  const std::string bad = "\xEF\xBF\xBD";
  EXPECT_EQ(deltas, (std::vector<std::string>{"", bad, bad + bad}));
}

TEST_F(EngineTest, EndsWhenTheContextIsFull) {
  const auto engine = Make();
  EXPECT_EQ(engine->context_length(), 160);
  GenerateRequest request{.prompt = RandomPrompt(1, 150), .ignore_end = true};
  const auto completion = Generate(*engine, request);
  EXPECT_EQ(completion->finish, FinishReason::kLength);
  EXPECT_EQ(completion->tokens.size(), 10u);

  request.prompt = RandomPrompt(1, 160);
  const auto full = Generate(*engine, request);
  EXPECT_EQ(full->finish, FinishReason::kLength);
  EXPECT_EQ(full->tokens.size(), 0u);

  request.prompt = RandomPrompt(1, 161);
  const auto longer = Generate(*engine, request);
  EXPECT_EQ(longer.status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(longer.status().message(),
            "prompt: 161 tokens are more than the context length of 160");
}

TEST_F(EngineTest, NoTokensWanted) {
  int events = 0;
  GenerateRequest request{.prompt = {1}, .max_tokens = 0};
  request.on_token = [&](const TokenEvent& event) {
    ++events;
    EXPECT_EQ(event.token, -1);
    EXPECT_EQ(event.finish, FinishReason::kLength);
  };
  const auto completion = Generate(*Make(), request);
  EXPECT_EQ(completion->usage.prompt_tokens, 1);
  EXPECT_EQ(completion->usage.completion_tokens, 0);
  EXPECT_EQ(events, 1);
}

}  // namespace
}  // namespace parvis::runtime
