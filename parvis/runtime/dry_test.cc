// DRY against the class from which it comes (tests/golden/dry.json), and what that does not do.

#include "parvis/runtime/dry.h"

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "parvis/core/file.h"
#include "parvis/core/json.h"
#include "parvis/runtime/test_support.h"

namespace parvis::runtime {
namespace {

// What is subtracted from each of `count` logits.
std::vector<float> Penalties(const Dry& dry, size_t count) {
  std::vector<float> logits(count, 0.0f);
  dry.Subtract(logits);
  for (float& logit : logits) logit = logit == 0.0f ? 0.0f : -logit;
  return logits;
}

TEST(Dry, SubtractsAsTheOriginal) {
  const Result<std::string> file =
      ReadFile(std::string(PARVIS_SOURCE_DIR) + "/tests/golden/dry.json");
  ASSERT_TRUE(file.ok());
  const Json cases = std::move(ParseJson(*file)).value();
  ASSERT_GT(cases.size(), 50u);
  const ByteTokenizer tokenizer;  // a token is its byte
  int penalised = 0;
  for (const Json& golden : cases) {
    SCOPED_TRACE(golden.dump());
    const Json& given = golden["params"];
    DryParams params{.multiplier = given["multiplier"].get<float>(),
                     .base = given["base"].get<float>(),
                     .allowed_length = given["allowed_length"].get<int32_t>(),
                     .penalty_last_n = given["penalty_last_n"].get<int32_t>(),
                     .sequence_breakers = {}};
    for (const Json& token : given["breakers"]) {
      params.sequence_breakers.emplace_back(1, static_cast<char>(token.get<int>()));
    }
    const auto tokens = golden["tokens"].get<std::vector<int32_t>>();
    const auto want = golden["penalties"].get<std::vector<float>>();
    // Some of the tokens as the prompt, the others as the answer.
    for (const size_t prompt : {size_t{0}, tokens.size() / 2, tokens.size()}) {
      Dry dry(params, &tokenizer, std::span(tokens).first(prompt));
      for (const int32_t token : std::span(tokens).subspan(prompt)) dry.Accept(token);
      const std::vector<float> got = Penalties(dry, want.size());
      for (size_t i = 0; i < want.size(); ++i) {
        const float expected = std::min(want[i], Dry::kMostPenalty);
        EXPECT_NEAR(got[i], expected, 1e-4f * expected) << i;
        if (expected > 0) ++penalised;
      }
    }
  }
  EXPECT_GT(penalised, 50);
}

TEST(Dry, ABreakerMayStandAnywhereInAToken) {
  const ByteTokenizer tokenizer;
  const std::vector<int32_t> tokens = {'a', 'b', 'c', 'a', 'b'};
  DryParams params{.multiplier = 1.0f, .sequence_breakers = {"ab"}};  // no byte holds two
  EXPECT_EQ(Penalties(Dry(params, &tokenizer, tokens), 256)['c'], 1.0f);
  params.sequence_breakers = {"b"};
  EXPECT_EQ(Penalties(Dry(params, &tokenizer, tokens), 256)['c'], 0.0f);
  EXPECT_EQ(Penalties(Dry(params, nullptr, tokens), 256)['c'], 1.0f);  // nothing is known of bytes
}

TEST(Dry, LongCirclesKeepLogitsFinite) {
  const std::vector<int32_t> tokens(100000, 1);  // at once: one look at each token
  const Dry dry({.multiplier = 100.0f, .base = 100.0f}, nullptr, tokens);
  std::vector<float> logits = {0.0f, 5.0f, -std::numeric_limits<float>::infinity()};
  dry.Subtract(logits);
  EXPECT_EQ(logits[1], 5.0f - Dry::kMostPenalty);
  EXPECT_EQ(logits[2], -std::numeric_limits<float>::infinity());
}

TEST(Dry, RefusesWhatMakesNoSense) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<DryParams> bad = {
      {.multiplier = -1.0f},
      {.multiplier = nan},
      {.base = 0.5f},
      {.base = nan},
      {.allowed_length = 0},
      {.allowed_length = -5},
      {.penalty_last_n = -2},
      {.sequence_breakers = {""}},
      {.sequence_breakers = {std::string(65, 'a')}},
      {.sequence_breakers = std::vector<std::string>(33, "a")},
  };
  for (size_t i = 0; i < bad.size(); ++i) {
    EXPECT_EQ(Dry::Validate(bad[i]).code(), StatusCode::kInvalidArgument) << i;
  }
  EXPECT_EQ(Dry::Validate({.allowed_length = 0}).message(),
            "dry_allowed_length: 0 is not between 1 and 2147483647");
  EXPECT_TRUE(Dry::Validate({.multiplier = 0.8f, .penalty_last_n = 0}).ok());
}

}  // namespace
}  // namespace parvis::runtime
