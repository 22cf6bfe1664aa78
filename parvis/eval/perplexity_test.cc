// Losses against a naive sum: each token from one forward pass over just what stands before it, its
// logarithm in double.

#include "parvis/eval/perplexity.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "gtest/gtest.h"
#include "parvis/core/random.h"

namespace parvis::eval {
namespace {

constexpr int64_t kVocabSize = 50;

nn::Stack SmallStack(const nn::Exec& exec, bool rotary = true) {
  nn::Blueprint b;
  b.vocab_size = kVocabSize;
  b.hidden_size = 32;
  b.num_layers = 2;
  b.context_length = 16;
  b.attention = {.num_heads = 2, .num_kv_heads = 2, .head_dim = 16};
  b.feed_forward = {.size = 48, .gated = true};
  if (rotary) {
    b.positions = nn::RotaryPositions{.theta = 10000.0f, .rotary_dim = 16};
  } else {
    b.positions = nn::LearnedPositions{};
  }
  nn::Stack stack(b);
  Random random(5);
  for (nn::Parameter& parameter : stack.parameters()) {
    parameter.value = Tensor::Empty(parameter.shape);
    for (int64_t i = 0; i < parameter.value.size(); ++i) {
      const bool gain = parameter.shape.size() == 1;
      parameter.value.f32()[i] = static_cast<float>(gain ? 1.0 : 0.3 * random.Normal());
    }
  }
  stack.Pack(exec, /*keep_values=*/true);
  return stack;
}

std::vector<int32_t> RandomTokens(uint64_t seed, int64_t count) {
  Random random(seed);
  std::vector<int32_t> tokens;
  for (int64_t i = 0; i < count; ++i) {
    tokens.push_back(static_cast<int32_t>(random.Below(kVocabSize)));
  }
  return tokens;
}

class PerplexityTest : public testing::Test {
 protected:
  PerplexityTest()
      : pool_(1),
        exec_(pool_, kernels::TableOf(kernels::BestTarget())),
        stack_(SmallStack(exec_)) {}

  // -log p of tokens[at], seen from tokens[begin .. at).
  double Nats(const std::vector<int32_t>& tokens, int64_t begin, int64_t at) {
    const std::vector<int32_t> inputs(tokens.begin() + begin, tokens.begin() + at);
    const std::vector<nn::Segment> segments = {{0, at - begin}};
    const Tensor logits = stack_.Logits(exec_, stack_.Forward(exec_, {inputs, segments}));
    const float* last = logits.f32() + (at - begin - 1) * kVocabSize;
    double sum = 0.0;
    for (int64_t i = 0; i < kVocabSize; ++i) sum += std::exp(double{last[i]});
    return std::log(sum) - last[tokens[at]];
  }

  Prediction Score(const std::vector<Document>& documents, const PerplexityOptions& options = {}) {
    Perplexity perplexity = std::move(Perplexity::Create(stack_, exec_, options)).value();
    for (const Document& document : documents) EXPECT_TRUE(perplexity.Add(document).ok());
    return perplexity.Total();
  }

  ThreadPool pool_;
  ops::Exec exec_;
  nn::Stack stack_;
};

TEST_F(PerplexityTest, ADocumentOfOneWindow) {
  const std::vector<int32_t> tokens = RandomTokens(1, 17);
  double nats = 0.0;
  for (int64_t i = 1; i < 17; ++i) nats += Nats(tokens, 0, i);

  const Prediction got = Score({{tokens, /*bytes=*/40, /*has_begin=*/true}});
  EXPECT_EQ(got.documents, 1);
  EXPECT_EQ(got.tokens, 16);
  EXPECT_EQ(got.bytes, 40);
  EXPECT_EQ(got.unpredicted, 0);
  EXPECT_NEAR(got.nats, nats, 1e-4 * nats);
  EXPECT_NEAR(got.loss(), nats / 16, 1e-5);
  EXPECT_NEAR(got.perplexity(), std::exp(nats / 16), 1e-3);
  EXPECT_NEAR(got.bits_per_byte(), nats / std::numbers::ln2 / 40, 1e-5);
}

TEST_F(PerplexityTest, LongDocumentsKeepHalfAWindowOfContext) {
  for (const int64_t count : {18, 24, 25, 26, 33, 64, 101}) {
    const std::vector<int32_t> tokens = RandomTokens(count, count);
    // Windows of 16 inputs begin at 0, 8, 16 …; a token belongs to the first that predicts it.
    double nats = 0.0;
    for (int64_t i = 1; i < count; ++i) {
      const int64_t begin = i <= 16 ? 0 : (i - 16 + 7) / 8 * 8;
      EXPECT_TRUE(begin == 0 || i - begin > 8) << i;
      nats += Nats(tokens, begin, i);
    }
    const Prediction got = Score({{tokens, 2 * count, true}});
    EXPECT_EQ(got.tokens, count - 1);
    EXPECT_NEAR(got.nats, nats, 1e-4 * nats) << count;
  }
}

TEST_F(PerplexityTest, BatchingChangesNothing) {
  std::vector<Document> documents;
  for (int i = 0; i < 12; ++i) documents.push_back({RandomTokens(i, i * 5), i * 9, i % 2 == 0});
  const Prediction one = Score(documents, {.batch_rows = 1});
  for (const int64_t rows : {7, 32, 100, 10000}) {
    const Prediction got = Score(documents, {.batch_rows = rows});
    EXPECT_EQ(got.nats, one.nats);  // to the bit
    EXPECT_EQ(got.tokens, one.tokens);
  }
  EXPECT_EQ(one.documents, 12);
}

TEST_F(PerplexityTest, ATokenThatNothingStandsBeforeCostsTheUniformPrice) {
  const std::vector<int32_t> tokens = RandomTokens(3, 10);
  const Prediction with = Score({{tokens, 20, /*has_begin=*/true}});
  const Prediction without = Score({{tokens, 20, /*has_begin=*/false}});
  EXPECT_EQ(with.nats, without.nats);
  EXPECT_EQ(with.perplexity(), without.perplexity());
  EXPECT_EQ(without.unpredicted, 1);
  EXPECT_NEAR(without.bits_per_byte() - with.bits_per_byte(), std::log2(50.0) / 20, 1e-12);
}

TEST_F(PerplexityTest, EmptyAndSingleTokenDocuments) {
  const Prediction none = Score({});
  EXPECT_EQ(none.loss(), 0.0);
  EXPECT_EQ(none.bits_per_byte(), 0.0);
  const Prediction got = Score({{{}, 0, false}, {{7}, 3, false}});
  EXPECT_EQ(got.documents, 2);
  EXPECT_EQ(got.tokens, 0);
  EXPECT_EQ(got.unpredicted, 1);
}

TEST_F(PerplexityTest, Refusals) {
  Perplexity perplexity = std::move(Perplexity::Create(stack_, exec_, {})).value();
  EXPECT_EQ(perplexity.Add({{1, 50}, 2, true}).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(perplexity.Add({{-1}, 2, true}).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(perplexity.Total().documents, 0);
  EXPECT_FALSE(Perplexity::Create(stack_, exec_, {.context_length = 1}).ok());
  nn::Stack learned = SmallStack(exec_, /*rotary=*/false);
  EXPECT_FALSE(Perplexity::Create(learned, exec_, {.context_length = 17}).ok());
  EXPECT_TRUE(Perplexity::Create(learned, exec_, {.context_length = 16}).ok());
}

}  // namespace
}  // namespace parvis::eval
