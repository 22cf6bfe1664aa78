// What the engine refuses, and how requests end before their answer does.

#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "parvis/runtime/engine.h"
#include "parvis/runtime/test_support.h"

namespace parvis::runtime {
namespace {

TEST_F(EngineTest, RefusesWhatCanNeverBeAnswered) {
  const auto engine = Make();
  std::vector<GenerateRequest> bad(11, {.prompt = {1, 2}});
  bad[0].prompt = {};
  bad[1].prompt = {1, 257};
  bad[2].prompt = {-1};
  bad[3].max_tokens = -1;
  bad[4].sampling.top_p = 2.0f;
  bad[5].stop_strings = {""};
  bad[6].stop_tokens = {1000};
  bad[7].logprobs = 1000;
  bad[8].sampling.logit_bias = {{257, 1.0f}};
  bad[9].priority = -1;
  bad[10].priority = kMostPriority + 1;
  for (size_t i = 0; i < bad.size(); ++i) {
    EXPECT_EQ(engine->Submit(bad[i]).status().code(), StatusCode::kInvalidArgument) << i;
  }
  EXPECT_EQ(engine->unfinished(), 0);
  EXPECT_FALSE(engine->Step());
}

TEST_F(EngineTest, RefusesOptionsThatCannotBeKept) {
  const auto code = [&](models::Model& model, const EngineOptions& options) {
    return Engine::Create(model, exec_, options).status().code();
  };
  const auto kBad = StatusCode::kInvalidArgument;
  EXPECT_EQ(code(model_, {.kv_budget_bytes = kPageBytes - 1}), kBad);
  EXPECT_EQ(code(model_, {.max_batch_tokens = 0}), kBad);
  EXPECT_EQ(code(model_, {.max_sequences = 0}), kBad);
  EXPECT_EQ(code(model_, {.context_length = -1}), kBad);
  EXPECT_EQ(code(model_, {.kv_budget_bytes = 2 * kPageBytes, .context_length = 65}), kBad);
  EXPECT_EQ(code(model_, {.context_length = 161}), StatusCode::kOk);
  models::Model learned = SmallModel(exec_, ops::Packing::kF32, /*rotary=*/false);
  EXPECT_EQ(code(learned, {.context_length = 160}), StatusCode::kOk);
  EXPECT_EQ(code(learned, {.context_length = 161}), kBad);
  // Without a wish, what the budget holds.
  EXPECT_EQ(Make({.kv_budget_bytes = 2 * kPageBytes})->context_length(), 64);
}

TEST_F(EngineTest, TooManyRequestsAreRefused) {
  const auto engine = Make({.max_sequences = 1, .max_waiting = 2});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(engine->Submit({.prompt = {1}, .max_tokens = 2}).ok());
  EXPECT_EQ(engine->Submit({.prompt = {1}}).status().code(), StatusCode::kUnavailable);
  while (engine->Step()) {
  }
  EXPECT_TRUE(engine->Submit({.prompt = {1}}).ok());
}

// Many choices of few requests fill no queue for those above.
TEST_F(EngineTest, HigherPrioritiesFindPlacesLeft) {
  const auto engine = Make({.max_sequences = 4, .max_waiting = 12});
  for (const auto& [priority, places] :
       {std::pair(kBatchPriority, 14), std::pair(kLeastPriority, 14), std::pair(kUsualPriority, 16),
        std::pair(kMostPriority, 18)}) {
    const auto submit = [&engine, priority = priority] {
      GenerateRequest request{.prompt = {1}, .max_tokens = 1};
      request.priority = priority;
      return engine->Submit(std::move(request)).status().code();
    };
    while (submit() != StatusCode::kUnavailable) ASSERT_LE(engine->unfinished(), 18);
    EXPECT_EQ(engine->unfinished(), places) << priority;
  }
  while (engine->Step()) {
  }
  EXPECT_EQ(engine->unfinished(), 0);
}

TEST_F(EngineTest, CancelledBeforeTheNextStep) {
  const auto engine = Make({.max_sequences = 1});
  std::map<RequestId, std::vector<TokenEvent>> events;
  const auto submit = [&] {
    GenerateRequest request{.prompt = RandomPrompt(1, 5), .max_tokens = 50, .ignore_end = true};
    request.on_token = [&](const TokenEvent& event) { events[event.id].push_back(event); };
    return *engine->Submit(std::move(request));
  };
  const RequestId running = submit(), waiting = submit(), last = submit();
  for (int i = 0; i < 4; ++i) engine->Step();
  EXPECT_EQ(events[running].size(), 4u);
  engine->Cancel(running);
  engine->Cancel(waiting);
  engine->Cancel(12345);  // unknown
  engine->Step();
  EXPECT_EQ(events[running].size(), 5u);
  EXPECT_EQ(events[running].back().finish, FinishReason::kCancelled);
  EXPECT_EQ(events[running].back().usage.completion_tokens, 4);
  ASSERT_EQ(events[waiting].size(), 1u);
  EXPECT_EQ(events[waiting].back().finish, FinishReason::kCancelled);
  engine->Cancel(running);  // again: nothing
  while (engine->Step()) {
  }
  EXPECT_EQ(events[running].size(), 5u);
  EXPECT_EQ(events[last].size(), 50u);
  EXPECT_EQ(engine->unfinished(), 0);
}

TEST_F(EngineTest, CancelledWhileItsPromptIsRead) {
  const auto engine = Make({.max_batch_tokens = 10});
  std::vector<TokenEvent> events;
  GenerateRequest request{.prompt = RandomPrompt(1, 150), .max_tokens = 5};
  request.on_token = [&](const TokenEvent& event) { events.push_back(event); };
  const RequestId id = *engine->Submit(request);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(engine->Step());
  EXPECT_TRUE(events.empty());  // 40 of 150 tokens are read
  engine->Cancel(id);
  EXPECT_FALSE(engine->Step());  // not one more forward pass
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].finish, FinishReason::kCancelled);
  EXPECT_EQ(engine->unfinished(), 0);
  // What was read is kept for whoever asks the same.
  EXPECT_EQ(Generate(*engine, request)->usage.cached_tokens, 32);
}

TEST_F(EngineTest, WhoLeavesBeforeTheirPromptWasReadHasUsedWhatWasRead) {
  const auto engine = Make({.max_batch_tokens = 16, .max_sequences = 1});
  std::map<RequestId, Usage> usage;
  std::vector<RequestId> ids;
  for (uint64_t i = 0; i < 2; ++i) {
    GenerateRequest request{.prompt = RandomPrompt(i, 50), .max_tokens = 20, .ignore_end = true};
    request.on_token = [&](const TokenEvent& event) { usage[event.id] = event.usage; };
    ids.push_back(engine->Submit(request).value());
  }
  engine->Step();
  for (const RequestId id : ids) engine->Cancel(id);
  while (engine->Step()) {
  }
  ASSERT_EQ(usage.size(), 2u);
  EXPECT_EQ(usage[ids[0]].prompt_tokens, 16);
  EXPECT_EQ(usage[ids[1]].prompt_tokens, 0);  // it still waited
  EXPECT_EQ(usage[ids[1]].cached_tokens, 0);
}

TEST_F(EngineTest, ACallbackMaySubmitAndCancel) {
  const auto engine = Make();
  int follow_ups = 0;
  GenerateRequest request{.prompt = {1, 2}, .max_tokens = 100, .ignore_end = true};
  std::optional<FinishReason> finish;
  request.on_token = [&](const TokenEvent& event) {
    finish = event.finish;
    if (event.usage.completion_tokens != 3 || event.finish) return;
    engine->Cancel(event.id);
    GenerateRequest next{.prompt = {3}, .max_tokens = 1};
    next.on_token = [&](const TokenEvent&) { ++follow_ups; };
    EXPECT_TRUE(engine->Submit(next).ok());
  };
  ASSERT_TRUE(engine->Submit(request).ok());
  while (engine->Step()) {
  }
  EXPECT_EQ(finish, FinishReason::kCancelled);
  EXPECT_EQ(follow_ups, 1);
}

TEST_F(EngineTest, DamagedWeightsEndTheRequestWithAnError) {
  nn::Parameter* gain = model_.stack.Find("final_norm.weight");
  ASSERT_NE(gain, nullptr);
  gain->value.f32()[3] = std::numeric_limits<float>::quiet_NaN();
  const auto engine = Make();
  EXPECT_EQ(Generate(*engine, {.prompt = {1}}).status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(engine->unfinished(), 0);
}

TEST_F(EngineTest, TimingsAndUsageAreFilled) {
  const auto completion =
      Generate(*Make(), {.prompt = RandomPrompt(1, 50), .max_tokens = 20, .ignore_end = true});
  EXPECT_EQ(completion->usage.prompt_tokens, 50);
  EXPECT_EQ(completion->usage.completion_tokens, 20);
  EXPECT_GT(completion->timings.prompt, 0.0);
  EXPECT_GT(completion->timings.generation, 0.0);
  EXPECT_EQ(FinishReasonName(completion->finish), "length");
}

TEST_F(EngineTest, AModelWithoutATokeniserRunsOnTokens) {
  model_.tokenizer = nullptr;
  const auto engine = Make();
  const auto completion = Generate(*engine, {.prompt = {1, 2}, .max_tokens = 5});
  EXPECT_EQ(completion->tokens.size(), 5u);
  EXPECT_EQ(completion->text, "");
  EXPECT_FALSE(engine->Submit({.prompt = {1}, .stop_strings = {"x"}}).ok());
}

}  // namespace
}  // namespace parvis::runtime
