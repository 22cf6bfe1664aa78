// Requests that come, go and are cancelled at random, with few pages: every one that is not
// cancelled gets the tokens that it gets alone, every one ends once, and nothing is left over.

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "parvis/core/random.h"
#include "parvis/runtime/test_support.h"

namespace parvis::runtime {
namespace {

GenerateRequest RandomRequest(Random& random) {
  GenerateRequest request;
  request.prompt = RandomPrompt(random.Next(), 1 + static_cast<int64_t>(random.Below(60)));
  if (random.Below(2) == 0) {  // begins as others do
    const std::vector<int32_t> begin = RandomPrompt(random.Below(3), 70);
    request.prompt.insert(request.prompt.begin(), begin.begin(),
                          begin.begin() + static_cast<int64_t>(random.Below(70)));
  }
  if (random.Below(8) > 0) request.max_tokens = random.Below(30);
  request.sampling.temperature = random.Below(2) == 0 ? 0.0f : 1.0f;
  request.sampling.seed = random.Next();
  if (random.Below(3) == 0) request.stop_strings = {"e", "ab"};
  if (random.Below(3) == 0) request.logprobs = static_cast<int>(random.Below(4));
  return request;
}

// What a request was told so far.
struct Told {
  std::vector<int32_t> tokens;
  std::string text;
  std::optional<FinishReason> finish;

  void Take(const TokenEvent& event) {
    EXPECT_FALSE(finish.has_value()) << "an event after the last one";
    if (event.token >= 0) tokens.push_back(event.token);
    text += event.text;
    finish = event.finish;
    EXPECT_EQ(event.usage.completion_tokens, static_cast<int64_t>(tokens.size()));
  }
};

constexpr EngineOptions kTight{.kv_budget_bytes = 8 * 2 * 2 * 2 * 16 * ops::kPageTokens * 4,
                               .max_batch_tokens = 17,
                               .max_sequences = 5,
                               .max_waiting = 100000};

TEST(EngineFuzz, RandomSubmitsAndCancelsKeepEveryPromise) {
  ThreadPool pool(1);
  const ops::Exec exec(pool, kernels::TableOf(kernels::BestTarget()));
  models::Model model = SmallModel(exec);
  const auto engine = std::move(Engine::Create(model, exec, kTight)).value();
  const auto alone = std::move(Engine::Create(model, exec, {.context_length = 160})).value();

  Random random(20261123);
  std::vector<GenerateRequest> requests;
  std::vector<std::unique_ptr<Told>> told;
  std::vector<RequestId> ids;
  std::vector<bool> cancelled;
  for (int round = 0; round < 400; ++round) {
    while (random.Below(3) == 0) {
      requests.push_back(RandomRequest(random));
      told.push_back(std::make_unique<Told>());
      cancelled.push_back(false);
      GenerateRequest request = requests.back();
      request.on_token = [to = told.back().get()](const TokenEvent& event) { to->Take(event); };
      const Result<RequestId> id = engine->Submit(std::move(request));
      ASSERT_TRUE(id.ok());
      ids.push_back(*id);
    }
    if (!ids.empty() && random.Below(6) == 0) {
      const size_t victim = random.Below(ids.size());
      engine->Cancel(ids[victim]);
      cancelled[victim] = true;
    }
    engine->Step();
  }
  while (engine->Step()) {
  }
  EXPECT_EQ(engine->unfinished(), 0);
  ASSERT_GT(requests.size(), 100u);

  int64_t whole = 0, cut = 0;
  for (size_t i = 0; i < requests.size(); ++i) {
    ASSERT_TRUE(told[i]->finish.has_value()) << i;
    const Result<Completion> want = Generate(*alone, requests[i]);
    ASSERT_TRUE(want.ok());
    if (told[i]->finish == FinishReason::kCancelled) {
      EXPECT_TRUE(cancelled[i]);
      ++cut;
      ASSERT_LE(told[i]->tokens.size(), want->tokens.size());
      EXPECT_TRUE(std::equal(told[i]->tokens.begin(), told[i]->tokens.end(), want->tokens.begin()));
    } else {
      ++whole;
      EXPECT_EQ(told[i]->tokens, want->tokens) << i;
      EXPECT_EQ(told[i]->text, want->text) << i;
      EXPECT_EQ(told[i]->finish, want->finish) << i;
    }
  }
  EXPECT_GT(whole, 50);
  EXPECT_GT(cut, 5);
}

TEST(EngineFuzz, SubmitAndCancelFromOtherThreads) {
  ThreadPool pool(1);
  const ops::Exec exec(pool, kernels::TableOf(kernels::BestTarget()));
  models::Model model = SmallModel(exec);
  const auto engine = std::move(Engine::Create(model, exec, kTight)).value();

  constexpr int kThreads = 3, kEach = 30;
  std::atomic<int> finished{0}, submitting{kThreads};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      Random random(t);
      for (int i = 0; i < kEach; ++i) {
        GenerateRequest request = RandomRequest(random);
        request.max_tokens = random.Below(8);
        request.on_token = [&](const TokenEvent& event) {
          if (event.finish) finished.fetch_add(1);
        };
        const Result<RequestId> id = engine->Submit(std::move(request));
        ASSERT_TRUE(id.ok());
        if (random.Below(2) == 0) std::this_thread::yield();
        if (random.Below(3) == 0) engine->Cancel(*id);
      }
      submitting.fetch_sub(1);
    });
  }
  while (submitting.load() > 0 || engine->unfinished() > 0) {
    if (!engine->Step()) std::this_thread::yield();
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(finished.load(), kThreads * kEach);
  EXPECT_EQ(engine->unfinished(), 0);
}

}  // namespace
}  // namespace parvis::runtime
