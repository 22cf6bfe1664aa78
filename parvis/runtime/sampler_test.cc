// Each step against its definition, written out naively in double, and combinations of them against
// Hugging Face transformers; draws against the expected distribution.

#include "parvis/runtime/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "parvis/core/file.h"
#include "parvis/core/json.h"

namespace parvis::runtime {
namespace {

const std::vector<float> kLogits = {1.0f, 3.0f, -2.0f, 2.5f, 0.0f, 3.0f, -0.5f, 1.5f};

std::vector<double> Softmax(const std::vector<double>& x) {
  const double largest = *std::max_element(x.begin(), x.end());
  std::vector<double> y;
  for (const double v : x) y.push_back(std::exp(v - largest));
  const double sum = std::accumulate(y.begin(), y.end(), 0.0);
  for (double& v : y) v /= sum;
  return y;
}

// How often each token is drawn first, over seeds 0 … draws - 1.
std::vector<double> Frequencies(SamplingParams params, int draws,
                                const std::vector<int32_t>& prompt = {},
                                const std::vector<float>& logits = kLogits) {
  std::vector<double> counts(logits.size(), 0.0);
  for (int seed = 0; seed < draws; ++seed) {
    params.seed = seed;
    counts[Sampler(params, prompt).Next(logits)->token] += 1.0 / draws;
  }
  return counts;
}

// Within five standard deviations of the expected distribution, and never where that is zero.
void ExpectDistribution(const std::vector<double>& got, const std::vector<double>& want,
                        int draws) {
  for (size_t i = 0; i < want.size(); ++i) {
    if (want[i] == 0.0) {
      EXPECT_EQ(got[i], 0.0) << i;
    } else {
      EXPECT_NEAR(got[i], want[i], 1e-9 + 5.0 * std::sqrt(want[i] * (1 - want[i]) / draws)) << i;
    }
  }
}

// Keeps the tokens in `kept` and lets them share the probability.
std::vector<double> Only(std::vector<double> p, const std::vector<size_t>& kept) {
  std::vector<double> q(p.size(), 0.0);
  double sum = 0.0;
  for (const size_t i : kept) sum += p[i];
  for (const size_t i : kept) q[i] = p[i] / sum;
  return q;
}

constexpr int kDraws = 20000;
const std::vector<double> kWide(kLogits.begin(), kLogits.end());

TEST(Sampler, GreedyTakesTheLargestAndTheLowestIdOfEqualOnes) {
  Sampler sampler({.temperature = 0.0f}, {});
  EXPECT_EQ(sampler.Next(kLogits)->token, 1);  // 5 is as large
}

TEST(Sampler, DrawsFromTheModelsDistribution) {
  ExpectDistribution(Frequencies({}, kDraws), Softmax(kWide), kDraws);
}

TEST(Sampler, TemperatureDivides) {
  std::vector<double> divided = kWide;
  for (double& x : divided) x /= 0.5;
  ExpectDistribution(Frequencies({.temperature = 0.5f}, kDraws), Softmax(divided), kDraws);
}

TEST(Sampler, AVanishingTemperatureIsGreedyAmongTheLargest) {
  const std::vector<double> got = Frequencies({.temperature = 1e-30f}, 1000);
  EXPECT_NEAR(got[1], 0.5, 0.1);
  EXPECT_NEAR(got[5], 0.5, 0.1);
}

TEST(Sampler, TopKKeepsTheMostProbable) {
  // 1 and 5 are equal: one token is kept, the lower.
  ExpectDistribution(Frequencies({.top_k = 1}, 200), Only(Softmax(kWide), {1}), 200);
  ExpectDistribution(Frequencies({.top_k = 4}, kDraws), Only(Softmax(kWide), {1, 5, 3, 7}), kDraws);
  ExpectDistribution(Frequencies({.top_k = 100}, kDraws), Softmax(kWide), kDraws);
}

TEST(Sampler, TopPKeepsTheFewestThatReachIt) {
  // Probabilities in order: 1, 5: 0.335 each; 3: 0.203; 7: 0.0747 …
  const std::vector<double> p = Softmax(kWide);
  ASSERT_GT(p[1] + p[5] + p[3], 0.8);
  ASSERT_LT(p[1] + p[5], 0.8);
  ExpectDistribution(Frequencies({.top_p = 0.8f}, kDraws), Only(p, {1, 5, 3}), kDraws);
  ExpectDistribution(Frequencies({.top_p = 0.01f}, 200), Only(p, {1}), 200);
}

TEST(Sampler, TopPComesAfterTemperatureAndTopK) {
  // Of the three that top_k keeps, two reach 0.75 although they reach only 0.67 of all.
  const std::vector<double> p = Only(Softmax(kWide), {1, 5, 3});
  ASSERT_GT(p[1] + p[5], 0.75);
  ExpectDistribution(Frequencies({.top_k = 3, .top_p = 0.75f}, kDraws), Only(p, {1, 5}), kDraws);
  // A high temperature flattens: more tokens are needed to reach the same share.
  std::vector<double> divided = kWide;
  for (double& x : divided) x /= 4.0;
  const std::vector<double> flat = Softmax(divided);
  ASSERT_LT(flat[1] + flat[5] + flat[3], 0.6);
  ASSERT_GT(flat[1] + flat[5] + flat[3] + flat[7], 0.6);
  ExpectDistribution(Frequencies({.temperature = 4.0f, .top_p = 0.6f}, kDraws),
                     Only(flat, {1, 5, 3, 7}), kDraws);
}

TEST(Sampler, MinPIsAShareOfTheLargest) {
  const std::vector<double> p = Softmax(kWide);
  ASSERT_GT(p[3] / p[1], 0.5);   // 0.607
  ASSERT_LT(p[7] / p[1], 0.25);  // 0.223
  ExpectDistribution(Frequencies({.min_p = 0.25f}, kDraws), Only(p, {1, 3, 5}), kDraws);
  EXPECT_EQ(Frequencies({.min_p = 1.0f}, 200)[3], 0.0);
}

TEST(Sampler, PenaltiesAndBiasInTheirOrder) {
  // Token 1 is in the prompt and generated twice, token 6 (negative) in the prompt only.
  const SamplingParams params{.temperature = 0.0f,
                              .repetition_penalty = 2.0f,
                              .presence_penalty = 0.25f,
                              .frequency_penalty = 0.5f,
                              .logit_bias = {{1, 4.0f}, {6, -1.0f}}};
  // What is left of token 1 after: none generated (3 + 4) / 2 = 3.5, then − 0.25 − 0.5 n.
  // A rival logit shows where it stands.
  const auto wins = [&](float rival, int times) {
    std::vector<float> logits = {-9.0f, 3.0f, -9.0f, -9.0f, -9.0f, -9.0f, -0.5f, -9.0f, rival};
    Sampler sampler(params, std::vector<int32_t>{1, 6});
    for (int i = 0; i < times; ++i) {
      std::vector<float> forced = logits;
      forced[1] = 1000.0f;
      EXPECT_EQ(sampler.Next(forced)->token, 1);
    }
    return sampler.Next(logits)->token == 1;
  };
  EXPECT_TRUE(wins(3.49f, 0));
  EXPECT_FALSE(wins(3.51f, 0));
  EXPECT_TRUE(wins(2.74f, 1));  // 3.5 - 0.25 - 0.5
  EXPECT_FALSE(wins(2.76f, 1));
  EXPECT_TRUE(wins(2.24f, 2));  // 3.5 - 0.25 - 1.0
  EXPECT_FALSE(wins(2.26f, 2));
  // A negative logit is multiplied: (−0.5 − 1) · 2 = −3.
  Sampler sampler(params, std::vector<int32_t>{6});
  EXPECT_EQ(sampler.Next(std::vector<float>{-3.01f, -90, -90, -90, -90, -90, -0.5f})->token, 6);
  Sampler other(params, std::vector<int32_t>{6});
  EXPECT_EQ(other.Next(std::vector<float>{-2.99f, -90, -90, -90, -90, -90, -0.5f})->token, 0);
}

TEST(Sampler, CombinationsDrawAsTransformersDoes) {
  const Result<std::string> file =
      ReadFile(std::string(PARVIS_SOURCE_DIR) + "/tests/golden/sampling.json");
  ASSERT_TRUE(file.ok());
  const Json cases = std::move(ParseJson(*file)).value();
  ASSERT_GT(cases.size(), 10u);
  for (const Json& golden : cases) {
    SCOPED_TRACE(golden["params"].dump());
    const Json& given = golden["params"];
    SamplingParams params;
    params.temperature = given.value("temperature", 1.0f);
    params.top_k = given.value("top_k", 0);
    params.top_p = given.value("top_p", 1.0f);
    params.min_p = given.value("min_p", 0.0f);
    params.typical_p = given.value("typical_p", 1.0f);
    params.repetition_penalty = given.value("repetition_penalty", 1.0f);
    for (const Json& bias : given.value("logit_bias", Json::array())) {
      params.logit_bias.emplace_back(bias[0].get<int32_t>(), bias[1].get<float>());
    }
    ExpectDistribution(Frequencies(params, kDraws, golden["prompt"].get<std::vector<int32_t>>(),
                                   golden["logits"].get<std::vector<float>>()),
                       golden["probabilities"].get<std::vector<double>>(), kDraws);
  }
}

TEST(Sampler, DryLeadsOutOfACircle) {
  // Greedy choice has 1 for ever; with dry what follows 1, 1 becomes another.
  SamplingParams params{.temperature = 0.0f, .dry = {.multiplier = 3.0f}};
  Sampler sampler(params, std::vector<int32_t>{4});
  std::vector<int32_t> tokens;
  for (int i = 0; i < 5; ++i) tokens.push_back(sampler.Next(kLogits)->token);
  EXPECT_EQ(tokens, (std::vector<int32_t>{1, 1, 1, 5, 1}));
}

TEST(Sampler, LogprobsAreTheModelsOwn) {
  // Sampling changes everything, the reported numbers stay the model's.
  Sampler sampler({.temperature = 0.0f, .logit_bias = {{2, 100.0f}}}, {});
  const Result<Sample> sample = sampler.Next(kLogits, 3);
  const std::vector<double> p = Softmax(kWide);
  EXPECT_EQ(sample->token, 2);
  EXPECT_NEAR(sample->logprob, std::log(p[2]), 1e-6);
  ASSERT_EQ(sample->top.size(), 3u);
  EXPECT_EQ(sample->top[0].token, 1);  // equal to 5, lower id first
  EXPECT_EQ(sample->top[1].token, 5);
  EXPECT_EQ(sample->top[2].token, 3);
  EXPECT_NEAR(sample->top[2].logprob, std::log(p[3]), 1e-6);
  EXPECT_EQ(sampler.Next(kLogits, 0)->top.size(), 0u);
  EXPECT_EQ(sampler.Next(kLogits, 100)->top.size(), kLogits.size());
}

TEST(Sampler, SameSeedSameTokens) {
  const SamplingParams params{.temperature = 1.3f, .top_p = 0.95f, .seed = 7};
  Sampler a(params, {}), b(params, {});
  SamplingParams reseeded = params;
  reseeded.seed = 8;
  Sampler c(reseeded, {});
  int differences = 0;
  for (int i = 0; i < 100; ++i) {
    const int32_t token = a.Next(kLogits)->token;
    EXPECT_EQ(token, b.Next(kLogits, 5)->token);  // logprobs do not change the draw
    if (token != c.Next(kLogits)->token) ++differences;
  }
  EXPECT_GT(differences, 20);
}

TEST(Sampler, RefusesLogitsThatAreNotFinite) {
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
        -std::numeric_limits<float>::infinity()}) {
    for (const size_t at : {0, 3, 7}) {
      std::vector<float> logits = kLogits;
      logits[at] = bad;
      Sampler sampler({}, {});
      EXPECT_EQ(sampler.Next(logits).status().code(), StatusCode::kDataLoss);
    }
  }
}

TEST(Sampler, RefusesParametersThatMakeNoSense) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<SamplingParams> bad = {
      {.temperature = -0.1f},
      {.temperature = nan},
      {.top_k = -1},
      {.top_p = 0.0f},
      {.top_p = 1.1f},
      {.top_p = nan},
      {.min_p = -0.1f},
      {.min_p = 1.5f},
      {.repetition_penalty = 0.0f},
      {.repetition_penalty = nan},
      {.presence_penalty = nan},
      {.frequency_penalty = 1e9f},
      {.dry = {.multiplier = nan}},
      {.logit_bias = {{8, 1.0f}}},
      {.logit_bias = {{-1, 1.0f}}},
      {.logit_bias = {{1, nan}}},
  };
  for (size_t i = 0; i < bad.size(); ++i) {
    EXPECT_EQ(Sampler::Validate(bad[i], 8).code(), StatusCode::kInvalidArgument) << i;
  }
  EXPECT_EQ(Sampler::Validate({.top_p = 1.1f}, 8).message(),
            "top_p: 1.100000023841858 is not between 1e-09 and 1");
  EXPECT_TRUE(Sampler::Validate({.logit_bias = {{7, -100.0f}}}, 8).ok());
}

TEST(Sampler, ALargeVocabularyKeepsEachStepExact) {
  // 50 000 logits, most of them equal: top_k and top_p against a full sort.
  std::vector<float> logits(50000);
  for (size_t i = 0; i < logits.size(); ++i) logits[i] = static_cast<float>((i * 7919) % 97) / 10;
  std::vector<size_t> order(logits.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return logits[a] > logits[b]; });
  const std::vector<size_t> kept(order.begin(), order.begin() + 20);
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const int32_t token = Sampler({.top_k = 20, .seed = seed}, {}).Next(logits)->token;
    EXPECT_NE(std::find(kept.begin(), kept.end(), static_cast<size_t>(token)), kept.end());
  }
}

// Lets only some tokens follow, and ends after so many.
class OnlyThese : public ConstraintState {
 public:
  OnlyThese(std::vector<int32_t> tokens, int most) : tokens_(std::move(tokens)), left_(most) {}
  Status Mask(std::span<float> logits) override {
    if (tokens_.empty()) return InvalidArgument("none");
    for (size_t i = 0; i < logits.size(); ++i) {
      const auto token = static_cast<int32_t>(i);
      if (std::find(tokens_.begin(), tokens_.end(), token) == tokens_.end()) {
        logits[i] = -std::numeric_limits<float>::infinity();
      }
    }
    return {};
  }
  void Accept(int32_t) override { --left_; }
  bool Finished() const override { return left_ == 0; }

 private:
  std::vector<int32_t> tokens_;
  int left_;
};

TEST(Sampler, AConstraintComesBeforeEverythingElse) {
  const std::vector<SamplingParams> all = {
      {},
      {.temperature = 0.0f},
      {.top_k = 5},
      {.top_p = 0.999999f},
      {.min_p = 0.0001f},
      {.typical_p = 0.95f},
      {.repetition_penalty = 1.5f, .presence_penalty = -100.0f, .frequency_penalty = -100.0f},
      {.dry = {.multiplier = 100.0f, .base = 100.0f, .allowed_length = 1}},
      {.logit_bias = {{1, 1e6f}, {2, -1e6f}}},
  };
  for (size_t i = 0; i < all.size(); ++i) {
    for (uint64_t seed = 0; seed < 50; ++seed) {
      SamplingParams params = all[i];
      params.seed = seed;
      Sampler sampler(params, std::vector<int32_t>{0, 1},
                      std::make_unique<OnlyThese>(std::vector{2, 6}, 2));
      const Sample sample = sampler.Next(kLogits, 3).value();
      EXPECT_TRUE(sample.token == 2 || sample.token == 6) << i;
      EXPECT_FALSE(sampler.finished());
      // What is told of the model is the model's own.
      const Sample free = Sampler({.seed = seed}, {}).Next(kLogits, 3).value();
      EXPECT_EQ(sample.top[0].token, free.top[0].token);
      EXPECT_EQ(sample.top[0].logprob, free.top[0].logprob);
      ASSERT_TRUE(sampler.Next(kLogits).ok());
      EXPECT_TRUE(sampler.finished());
    }
  }
  EXPECT_EQ(Sampler({}, {}, std::make_unique<OnlyThese>(std::vector<int32_t>(), 1))
                .Next(kLogits)
                .status()
                .message(),
            "none");
}

}  // namespace
}  // namespace parvis::runtime
