// Batches of whole sequences: what comes out is the reference's, and the same bytes however
// sequences stand together.

#include "parvis/runtime/encoder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "parvis/models/model.h"
#include "tests/golden_encoders.h"
#include "tests/golden_file.h"

namespace parvis::runtime {
namespace {

const std::string kGolden = std::string(PARVIS_SOURCE_DIR) + "/tests/golden/";

models::Model Load(const ops::Exec& exec, const std::string& folder) {
  auto model = models::LoadModel(exec, folder, {.packing = ops::Packing::kF32});
  EXPECT_TRUE(model.ok()) << model.status().message();
  return *std::move(model);
}

// The sequences of an encoder's golden file.
std::vector<EncoderInput> InputsOf(const GoldenFile& golden) {
  std::vector<EncoderInput> inputs;
  const std::vector<int32_t> tokens = golden.Ints("input_ids"), types = golden.Ints("token_types");
  size_t begin = 0;
  for (const int32_t length : golden.Ints("lengths")) {
    const auto part = [&](const std::vector<int32_t>& all) {
      return std::vector<int32_t>(all.begin() + static_cast<int64_t>(begin),
                                  all.begin() + static_cast<int64_t>(begin) + length);
    };
    inputs.push_back({part(tokens), part(types)});
    begin += static_cast<size_t>(length);
  }
  return inputs;
}

// The embedding of reference rows [begin, begin + count).
std::vector<double> Pooled(const std::vector<float>& rows, size_t size, size_t begin, size_t count,
                           Pooling pooling) {
  std::vector<double> result(size);
  for (size_t r = begin; r < begin + count; ++r) {
    if (pooling == Pooling::kCls && r != begin) continue;
    if (pooling == Pooling::kLast && r != begin + count - 1) continue;
    for (size_t i = 0; i < size; ++i) {
      const double share = pooling == Pooling::kMean ? 1.0 / static_cast<double>(count) : 1.0;
      result[i] += share * double{rows[r * size + i]};
    }
  }
  return result;
}

double Length(const std::vector<double>& x) {
  double square = 0;
  for (const double value : x) square += value * value;
  return std::sqrt(square);
}

class EncoderTest : public testing::TestWithParam<const char*> {
 protected:
  const std::string folder_ = kGolden + "encoders/" + GetParam();
  const GoldenFile golden_{folder_ + "/golden.safetensors"};
  ThreadPool pool_{2};
  const ops::Exec exec_{pool_, kernels::TableOf(kernels::BestTarget())};
  models::Model model_ = Load(exec_, folder_);
};

TEST_P(EncoderTest, EmbeddingsAreThoseOfTheReferencesHiddenStates) {
  const std::vector<EncoderInput> inputs = InputsOf(golden_);
  const auto size = static_cast<size_t>(model_.stack.blueprint().hidden_size);
  const std::vector<float> last = golden_.Floats("hidden.2");
  const Encoder encoder(model_, exec_);
  for (const Pooling pooling : {Pooling::kMean, Pooling::kCls, Pooling::kLast}) {
    for (const bool normalize : {false, true}) {
      const auto embeddings = encoder.Embed(inputs, pooling, normalize);
      ASSERT_TRUE(embeddings.ok()) << embeddings.status().message();
      size_t begin = 0;
      for (size_t i = 0; i < inputs.size(); ++i) {
        const std::vector<double> expected =
            Pooled(last, size, begin, inputs[i].tokens.size(), pooling);
        const double length = normalize ? Length(expected) : 1.0;
        for (size_t k = 0; k < size; ++k) {
          ASSERT_NEAR(embeddings->f32()[i * size + k], expected[k] / length, 2e-4);
        }
        begin += inputs[i].tokens.size();
      }
    }
  }
}

TEST_P(EncoderTest, SameBytesAloneOrTogetherAtAnyThreads) {
  std::vector<EncoderInput> inputs = InputsOf(golden_);
  for (int more = 0; more < 5; ++more) inputs.push_back(inputs[static_cast<size_t>(more) % 3]);
  const auto all_rows = [&](size_t index) {
    std::vector<int64_t> rows(inputs[index].tokens.size());
    for (size_t r = 0; r < rows.size(); ++r) rows[r] = static_cast<int64_t>(r);
    return rows;
  };
  const auto scores_of = [&](const ops::Exec& exec, int64_t max_rows) {
    const Encoder encoder(model_, exec, {.max_rows = max_rows});
    std::vector<std::vector<float>> scores;
    const Status status = encoder.Scores(inputs, all_rows, [&](size_t index, const Tensor& values) {
      EXPECT_EQ(index, scores.size());
      scores.emplace_back(values.f32(), values.f32() + values.size());
    });
    EXPECT_TRUE(status.ok()) << status.message();
    return scores;
  };
  ThreadPool one(1);
  const ops::Exec alone(one, kernels::TableOf(kernels::BestTarget()));
  const auto expected = scores_of(alone, 1);  // one at a time
  ASSERT_EQ(expected.size(), inputs.size());
  EXPECT_EQ(expected[0], expected[3]);
  for (const int64_t max_rows : {1, 80, 100, 2048}) {
    EXPECT_EQ(scores_of(alone, max_rows), expected) << max_rows;
    EXPECT_EQ(scores_of(exec_, max_rows), expected) << max_rows;
  }
}

TEST_P(EncoderTest, RefusesWhatItWouldHaveToCut) {
  const Encoder encoder(model_, exec_);
  EXPECT_TRUE(encoder.Check({std::vector<int32_t>(80, 7), {}}).ok());
  const Status too_long = encoder.Check({std::vector<int32_t>(81, 7), {}});
  ASSERT_FALSE(too_long.ok());
  EXPECT_EQ(too_long.message(), "81 tokens are more than the 80 that the model can take");
  EXPECT_FALSE(encoder.Check({{}, {}}).ok());
  EXPECT_FALSE(encoder.Check({{-1}, {}}).ok());
  EXPECT_FALSE(encoder.Check({{1000}, {}}).ok());
  EXPECT_FALSE(encoder.Check({{5, 6}, {0}}).ok());
  const bool has_types = model_.stack.blueprint().num_token_types > 1;
  EXPECT_EQ(encoder.Check({{5}, {2}}).ok(), !has_types);
  // Nothing is computed if one of them is wrong, and it is named.
  const std::vector<EncoderInput> inputs = {{{5}, {}}, {{1000}, {}}};
  const Status status = encoder.Hidden(inputs, [](size_t, const Tensor&) { FAIL(); });
  EXPECT_TRUE(status.message().starts_with("text 2: ")) << status.message();
}

INSTANTIATE_TEST_SUITE_P(Models, EncoderTest, testing::ValuesIn(kEncoderGoldens),
                         [](const auto& info) { return std::string(info.param); });

TEST(EncoderOfDecoders, GivesEmbeddings) {
  for (const std::string name : {"llama_gqa", "gpt2_tiny", "bloom_tiny", "t5_v1_0"}) {
    const std::string folder = kGolden + "models/" + name;
    const bool both = name.starts_with("t5");
    const GoldenFile golden(folder + "/golden.safetensors");
    ThreadPool pool(2);
    const ops::Exec exec(pool, kernels::TableOf(kernels::BestTarget()));
    models::Model model = Load(exec, folder);
    const auto size = static_cast<size_t>(model.stack.blueprint().hidden_size);
    const std::vector<EncoderInput> inputs = {{golden.Ints("input_ids"), {}}};
    const std::vector<float> last = golden.Floats(both ? "encoder.hidden.final" : "hidden.final");
    for (const Pooling pooling : {Pooling::kMean, Pooling::kLast}) {
      const auto embedding = Encoder(model, exec).Embed(inputs, pooling, false);
      ASSERT_TRUE(embedding.ok());
      const auto expected = Pooled(last, size, 0, inputs[0].tokens.size(), pooling);
      for (size_t k = 0; k < size; ++k) {
        ASSERT_NEAR(embedding->f32()[k], expected[k], 1e-3) << name;
      }
    }
  }
}

}  // namespace
}  // namespace parvis::runtime
