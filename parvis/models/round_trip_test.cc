// Models written and read again: Hugging Face → GGUF → Hugging Face keeps every tensor, and each
// file computes the same logits.

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "parvis/formats/model_file.h"
#include "parvis/models/model.h"
#include "tests/golden_models.h"

namespace parvis::models {
namespace {

const std::string kFolder = std::string(PARVIS_SOURCE_DIR) + "/tests/golden/models/";

class RoundTripTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    scratch_ = std::filesystem::temp_directory_path() /
               ("parvis_round_trip_" + std::to_string(::getpid()) + "_" + GetParam());
    std::filesystem::create_directories(scratch_);
  }
  void TearDown() override { std::filesystem::remove_all(scratch_); }

  Model Load(const std::string& path, LoadOptions options = {.keep_values = true}) {
    auto model = LoadModel(exec_, path, options);
    EXPECT_TRUE(model.ok()) << model.status().message();
    return *std::move(model);
  }

  std::vector<float> Logits(Model& model) {
    std::vector<int32_t> tokens;
    for (int i = 0; i < 70; ++i) {
      tokens.push_back(i * 7 % static_cast<int>(model.stack.blueprint().vocab_size));
    }
    const ops::Segment segment{0, 70};
    nn::Step step{tokens, {&segment, 1}};
    if (model.stack.blueprint().encoder_layers > 0) {
      step.encoded = model.stack.Encode(exec_, step);
      step.memories = step.segments;
    }
    const Tensor logits = model.stack.Logits(exec_, model.stack.Forward(exec_, step));
    return {logits.f32(), logits.f32() + logits.size()};
  }

  ThreadPool pool_{2};
  ops::Exec exec_{pool_, kernels::TableOf(kernels::BestTarget())};
  std::filesystem::path scratch_;
};

TEST_P(RoundTripTest, ThroughGgufAndBack) {
  Model original = Load(kFolder + GetParam());
  const std::vector<float> expected = Logits(original);

  const std::string gguf = scratch_ / "model.gguf";
  Status saved = SaveModel(original, gguf, std::nullopt);
  ASSERT_TRUE(saved.ok()) << saved.message();
  Model from_gguf = Load(gguf);
  if (original.stack.blueprint().encoder_layers > 0) {
    EXPECT_EQ(from_gguf.stack.blueprint().family, original.stack.blueprint().family);
  }
  EXPECT_EQ(Logits(from_gguf), expected);  // bit for bit
  // An output matrix that is the embedding is in the file once.
  const auto file = formats::OpenModel(gguf);
  ASSERT_TRUE(file.ok()) << file.status().message();
  EXPECT_NE(file->tensors->Has("output.weight"), original.stack.blueprint().tied_embedding);

  const std::string folder = scratch_ / "folder";
  saved = SaveModel(from_gguf, folder, std::nullopt);
  ASSERT_TRUE(saved.ok()) << saved.message();
  Model back = Load(folder);
  ASSERT_EQ(back.stack.parameters().size(), original.stack.parameters().size());
  for (size_t i = 0; i < back.stack.parameters().size(); ++i) {
    const Tensor &a = original.stack.parameters()[i].value, &b = back.stack.parameters()[i].value;
    ASSERT_EQ(a.shape(), b.shape());
    ASSERT_EQ(a.dtype(), b.dtype()) << original.stack.parameters()[i].name;
    EXPECT_EQ(std::memcmp(a.data(), b.data(), a.bytes()), 0) << original.stack.parameters()[i].name;
  }
  EXPECT_EQ(Logits(back), expected);
}

TEST_P(RoundTripTest, TypesKeepTheLogitsWithinTheirRounding) {
  Model original = Load(kFolder + GetParam(), {.packing = ops::Packing::kF32, .keep_values = true});
  const std::vector<float> expected = Logits(original);
  double scale = 0;
  for (const float x : expected) scale = std::max(scale, std::abs(double{x}));
  // bf16 keeps 8 bits of both weights and activations, f16 11 bits of the weights; q8_0 is used
  // only where rows are multiples of 32, and is as fine as bf16.
  const struct {
    DType dtype;
    double bound;
  } rows[] = {{DType::kF32, 0.0}, {DType::kF16, 0.01}, {DType::kBf16, 0.06}, {DType::kQ8_0, 0.06}};
  for (const auto& [dtype, bound] : rows) {
    const std::string path = scratch_ / (std::string(DTypeName(dtype)) + ".gguf");
    const Status saved = SaveModel(original, path, dtype);
    ASSERT_TRUE(saved.ok()) << saved.message();
    Model model = Load(path, {});
    const std::vector<float> logits = Logits(model);
    double difference = 0;
    for (size_t i = 0; i < logits.size(); ++i) {
      difference = std::max(difference, std::abs(double{logits[i]} - expected[i]));
    }
    EXPECT_LE(difference, bound * scale) << DTypeName(dtype);
  }
}

INSTANTIATE_TEST_SUITE_P(Models, RoundTripTest, testing::ValuesIn(kDecoderGoldens),
                         [](const auto& info) { return std::string(info.param); });
INSTANTIATE_TEST_SUITE_P(EncoderDecoders, RoundTripTest, testing::ValuesIn(kEncoderDecoderGoldens),
                         [](const auto& info) { return std::string(info.param); });

TEST(LoadModel, RefusesWhatIsNotThere) {
  ThreadPool pool(1);
  const ops::Exec exec(pool, kernels::TableOf(kernels::BestTarget()));
  const auto missing = LoadModel(exec, "/nowhere/model.gguf");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.status().code(), StatusCode::kNotFound);
}

TEST(BlueprintFromConfig, MistralsWindowIs4096UnlessItIsNull) {
  Json config = {{"model_type", "mistral"}, {"vocab_size", 100},        {"hidden_size", 64},
                 {"num_hidden_layers", 2},  {"num_attention_heads", 4}, {"intermediate_size", 96}};
  EXPECT_EQ(BlueprintFromConfig(config)->attention.window, 4096);
  config["sliding_window"] = nullptr;
  EXPECT_EQ(BlueprintFromConfig(config)->attention.window, 0);
  config["sliding_window"] = 20;
  EXPECT_EQ(BlueprintFromConfig(config)->attention.window, 20);
}

TEST(BlueprintFromConfig, QwensWindowCountsOnlyWhereAllLayersHaveIt) {
  Json config = {{"model_type", "qwen2"},      {"vocab_size", 100},
                 {"hidden_size", 64},          {"num_hidden_layers", 2},
                 {"num_attention_heads", 4},   {"intermediate_size", 96},
                 {"use_sliding_window", true}, {"sliding_window", 20}};
  EXPECT_EQ(BlueprintFromConfig(config)->attention.window, 0);  // from layer 28 on
  config["max_window_layers"] = 0;
  EXPECT_EQ(BlueprintFromConfig(config)->attention.window, 20);
  config["max_window_layers"] = 1;
  EXPECT_FALSE(BlueprintFromConfig(config).ok());
}

TEST(BlueprintFromConfig, NamesTheFieldThatIsWrong) {
  const Json good = {{"model_type", "llama"},    {"vocab_size", 100},
                     {"hidden_size", 64},        {"num_hidden_layers", 2},
                     {"num_attention_heads", 4}, {"intermediate_size", 96},
                     {"num_key_value_heads", 2}, {"max_position_embeddings", 64}};
  ASSERT_TRUE(BlueprintFromConfig(good).ok());
  const struct {
    const char* key;
    Json value;
  } bad[] = {{"model_type", "elephant"},
             {"vocab_size", 0},
             {"vocab_size", "many"},
             {"hidden_size", -64},
             {"hidden_size", 1e9},
             {"hidden_size", 2147483648u},
             {"num_hidden_layers", 100000},
             {"num_attention_heads", 5},
             {"num_key_value_heads", 3},
             {"intermediate_size", nullptr},
             {"rms_norm_eps", -1.0},
             {"rope_theta", 0},
             {"hidden_act", "relu"},
             {"head_dim", 15},
             {"tie_word_embeddings", 1},
             {"rope_scaling", {{"rope_type", "dynamic"}, {"factor", 2.0}}},
             {"rope_scaling", {{"rope_type", "linear"}}}};
  for (const auto& [key, value] : bad) {
    Json config = good;
    config[key] = value;
    const auto blueprint = BlueprintFromConfig(config);
    ASSERT_FALSE(blueprint.ok()) << key << " " << value;
    EXPECT_FALSE(blueprint.status().message().empty());
  }
}

}  // namespace
}  // namespace parvis::models
