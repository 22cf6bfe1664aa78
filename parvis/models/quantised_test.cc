// Models written in every quantised type and run from the file: what they compute is near to what
// the numbers in the file say, and those are as near to the original as their bits allow.

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "parvis/models/model.h"

namespace parvis::models {
namespace {

// Rows of 256 and 512, and, in the down matrices, of 288: no multiple of 256.
Model SmallModel(const char* family) {
  Json config = {{"model_type", family},     {"vocab_size", 320},
                 {"hidden_size", 256},       {"num_hidden_layers", 4},
                 {"num_attention_heads", 4}, {"intermediate_size", 288},
                 {"num_key_value_heads", 2}, {"max_position_embeddings", 64}};
  if (std::string(family) == "gpt2") {
    config = {{"model_type", family}, {"vocab_size", 320}, {"n_embd", 256},     {"n_layer", 4},
              {"n_head", 4},          {"n_inner", 288},    {"n_positions", 64}, {"n_ctx", 64}};
  }
  if (std::string(family) == "bert") config["architectures"] = {"BertForMaskedLM"};
  if (std::string(family) == "t5") {
    config = {{"model_type", family}, {"vocab_size", 320},
              {"d_model", 256},       {"num_layers", 2},
              {"num_heads", 4},       {"d_ff", 288},
              {"d_kv", 64},           {"tie_word_embeddings", false}};
  }
  auto blueprint = BlueprintFromConfig(config);
  EXPECT_TRUE(blueprint.ok()) << blueprint.status().message();
  return NewModel(*std::move(blueprint), nullptr, /*seed=*/5);
}

class QuantisedTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    scratch_ = std::filesystem::temp_directory_path() /
               ("parvis_quantised_" + std::to_string(::getpid()) + "_" + GetParam());
    std::filesystem::create_directories(scratch_);
  }
  void TearDown() override { std::filesystem::remove_all(scratch_); }

  Model Load(const std::string& path, LoadOptions options = {}) {
    auto model = LoadModel(exec_, path, options);
    EXPECT_TRUE(model.ok()) << model.status().message();
    return *std::move(model);
  }

  std::vector<float> Logits(Model& model) {
    std::vector<int32_t> tokens;
    for (int i = 0; i < 40; ++i) tokens.push_back(i * 7 % 320);
    const ops::Segment segment{0, 40};
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

// Root of the mean square of the difference, as a share of b's.
double Difference(const std::vector<float>& a, const std::vector<float>& b) {
  double difference = 0, size = 0;
  for (size_t i = 0; i < b.size(); ++i) {
    difference += (double{a[i]} - b[i]) * (double{a[i]} - b[i]);
    size += double{b[i]} * b[i];
  }
  return std::sqrt(difference / size);
}

TEST_P(QuantisedTest, RunsAsStoredAndStaysNear) {
  Model original = SmallModel(GetParam());
  original.stack.Pack(exec_, /*keep_values=*/true, ops::Packing::kF32);
  const std::vector<float> expected = Logits(original);
  // A code of n bits errs by about 2^-n of a group's range: some 10 %, 5 %, 2.5 % of a weight of
  // ordinary size for 4, 5 and 6 bits; the errors of a few layers add up to about as much again.
  // Activations of 8 bits add less than 2 %.
  const struct {
    const char* name;
    double bound;
  } rows[] = {{"q4_0", 0.30}, {"q4_1", 0.30}, {"q4_K", 0.30}, {"q4_K_M", 0.28},
              {"q5_0", 0.16}, {"q5_1", 0.16}, {"q5_K", 0.16}, {"q5_K_M", 0.16},
              {"q6_K", 0.08}, {"q8_0", 0.03}, {"f16", 0.002}};
  for (const auto& [name, bound] : rows) {
    const std::string path = scratch_ / (std::string(name) + ".gguf");
    std::vector<std::string> notes;
    const Status saved =
        SaveModel(original, path, WeightTypesFromName(name), Json::object(), &notes);
    ASSERT_TRUE(saved.ok()) << saved.message();
    EXPECT_EQ(notes.empty(), std::string(name).find('K') == std::string::npos) << name;

    Model as_stored = Load(path);
    Model exact = Load(path, {.packing = ops::Packing::kF32});
    const std::vector<float> logits = Logits(as_stored);
    EXPECT_LT(Difference(logits, expected), bound) << name;
    EXPECT_LT(Difference(logits, Logits(exact)), std::string(name) == "f16" ? 1e-9 : 0.025) << name;
  }
}

TEST_P(QuantisedTest, IsWrittenAgainAsItIs) {
  Model original = SmallModel(GetParam());
  const std::string first = scratch_ / "first.gguf", second = scratch_ / "second.gguf";
  ASSERT_TRUE(SaveModel(original, first, WeightTypesFromName("q4_K_M")).ok());
  Model model = Load(first, {.packing = {}, .keep_values = true, .pack = false});
  ASSERT_TRUE(SaveModel(model, second, std::nullopt).ok());
  Model again = Load(second, {.packing = {}, .keep_values = true, .pack = false});
  for (size_t i = 0; i < model.stack.parameters().size(); ++i) {
    const ops::Parameter& a = model.stack.parameters()[i];
    const ops::Parameter& b = again.stack.parameters()[i];
    ASSERT_EQ(a.value.dtype(), b.value.dtype()) << a.name;
    EXPECT_TRUE(std::equal(a.value.data(), a.value.data() + a.value.bytes(), b.value.data()))
        << a.name;
  }
  // A folder holds no quantised numbers: they become f32, the same ones.
  const std::string folder = scratch_ / "folder";
  ASSERT_TRUE(SaveModel(model, folder, std::nullopt).ok());
  Model wide = Load(folder);
  Model exact = Load(first, {.packing = ops::Packing::kF32});
  EXPECT_EQ(Logits(wide), Logits(exact));
}

INSTANTIATE_TEST_SUITE_P(Families, QuantisedTest, testing::Values("llama", "gpt2", "bert", "t5"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace parvis::models
