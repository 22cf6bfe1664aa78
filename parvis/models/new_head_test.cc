// Another head on a model: what stays, and that files keep it.

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "parvis/models/model.h"

namespace parvis::models {
namespace {

using Kind = nn::Head::Kind;

const std::string kGoldens = std::string(PARVIS_SOURCE_DIR) + "/tests/golden/";
const std::vector<std::string> kLabels = {"good", "bad", "so so"};

class NewHeadTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    std::string scratch = testing::TempDir() + "new-head-XXXXXX";
    scratch_ = mkdtemp(scratch.data());
  }
  void TearDown() override { std::filesystem::remove_all(scratch_); }

  Model Load(const std::string& path) {
    auto model = LoadModel(exec_, path, {.keep_values = true, .pack = false});
    EXPECT_TRUE(model.ok()) << model.status().message();
    return *std::move(model);
  }

  std::string scratch_;
  ThreadPool pool_{1};
  const ops::Exec exec_{pool_, kernels::TableOf(kernels::BestTarget())};
};

bool SameBytes(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && std::memcmp(a.data(), b.data(), a.bytes()) == 0;
}

TEST_P(NewHeadTest, KeepsTheRestAndComesBackFromFiles) {
  Model original = Load(kGoldens + GetParam());
  auto made = WithHead(Load(kGoldens + GetParam()), Kind::kSequenceLabels, kLabels, /*seed=*/5);
  ASSERT_TRUE(made.ok()) << made.status().message();
  EXPECT_EQ(made->stack.blueprint().head.kind, Kind::kSequenceLabels);
  int kept = 0;
  for (const ops::Parameter& parameter : made->stack.parameters()) {
    const ops::Parameter* old = original.stack.Find(parameter.name);
    if (old == nullptr) {
      EXPECT_TRUE(parameter.name.starts_with("sequence_labels.")) << parameter.name;
    } else {
      EXPECT_TRUE(SameBytes(parameter.value, old->value)) << parameter.name;
      ++kept;
    }
  }
  EXPECT_GT(kept, 10);
  for (const char* name : {"/model.gguf", "/folder"}) {
    const Status saved = SaveModel(*made, scratch_ + name, std::nullopt);
    ASSERT_TRUE(saved.ok()) << saved.message();
    Model back = Load(scratch_ + name);
    EXPECT_EQ(ConfigFromBlueprint(back.stack.blueprint()),
              ConfigFromBlueprint(made->stack.blueprint()));
    EXPECT_EQ(back.task.labels, kLabels);
    ASSERT_EQ(back.stack.parameters().size(), made->stack.parameters().size());
    for (const ops::Parameter& parameter : made->stack.parameters()) {
      EXPECT_TRUE(SameBytes(parameter.value, back.stack.Find(parameter.name)->value))
          << parameter.name << name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, NewHeadTest,
                         testing::Values("models/llama_gqa", "models/llama_rope_llama3",
                                         "models/gpt2_tiny", "models/bloom_tiny",
                                         "models/gpt_neox_parallel", "models/gptj_tiny",
                                         "models/qwen3", "models/t5_v1_0", "models/t5_v1_1",
                                         "encoders/bert_masked_lm"),
                         [](const auto& info) {
                           const std::string path = info.param;
                           return path.substr(path.find('/') + 1);
                         });

TEST_F(NewHeadTest, OtherLabelsHaveOtherScores) {
  const std::string folder = kGoldens + "encoders/bert_sequence";
  const Tensor old = Load(folder).stack.Find("sequence_labels.out.weight")->value;
  const auto out = [&](const std::vector<std::string>& labels) {
    auto made = WithHead(Load(folder), Kind::kSequenceLabels, labels, 5);
    return made->stack.Find("sequence_labels.out.weight")->value;
  };
  EXPECT_TRUE(SameBytes(out(kLabels), old));
  EXPECT_FALSE(SameBytes(out({"bad", "good", "so so"}), old));
  EXPECT_FALSE(WithHead(Load(kGoldens + "models/llama_gqa"), Kind::kTokenLabels, kLabels, 1).ok());
}

TEST(NewModel, BeginsPositionsAsSines) {
  const auto blueprint = BlueprintFromConfig({{"model_type", "roberta"},
                                              {"vocab_size", 40},
                                              {"hidden_size", 8},
                                              {"num_attention_heads", 2},
                                              {"num_hidden_layers", 1},
                                              {"intermediate_size", 16},
                                              {"pad_token_id", 1},
                                              {"max_position_embeddings", 12}});
  ASSERT_TRUE(blueprint.ok()) << blueprint.status().message();
  Model model = NewModel(*blueprint, nullptr, 1);
  BeginPositionsAsSines(model, 0.5);
  const Tensor& table = model.stack.Find("position.weight")->value;
  const float* third = table.f32() + (2 + 3) * 8;  // after the two rows that no token reads
  const float size = 0.5f * std::sqrt(2.0f);
  EXPECT_FLOAT_EQ(third[0], size * std::sin(3.0f));
  EXPECT_FLOAT_EQ(third[1], size * std::cos(3.0f));
  EXPECT_FLOAT_EQ(third[6], size * std::sin(3e-3f));
  EXPECT_FLOAT_EQ(third[7], size * std::cos(3e-3f));
}

// A T5's scores are not divided, so its numbers are drawn as its published code draws them.
TEST(NewModel, DrawsT5AsPublished) {
  const auto blueprint = BlueprintFromConfig({{"model_type", "t5"},
                                              {"vocab_size", 400},
                                              {"d_model", 64},
                                              {"d_kv", 32},
                                              {"d_ff", 256},
                                              {"num_heads", 4},
                                              {"num_layers", 2}});
  ASSERT_TRUE(blueprint.ok());
  Model model = NewModel(*blueprint, nullptr, 1);
  const auto deviation = [&](const char* name) {
    const Tensor& value = model.stack.Find(name)->value;
    double square = 0;
    for (int64_t i = 0; i < value.size(); ++i) square += double{value.f32()[i]} * value.f32()[i];
    return std::sqrt(square / static_cast<double>(value.size()));
  };
  EXPECT_NEAR(deviation("embedding.weight"), 1.0, 0.03);
  EXPECT_NEAR(deviation("0.attention.q.weight"), std::pow(64 * 32, -0.5), 0.001);
  EXPECT_NEAR(deviation("0.cross_attention.k.weight"), std::pow(64, -0.5), 0.005);
  EXPECT_NEAR(deviation("0.attention.out.weight"), std::pow(4 * 32, -0.5), 0.004);
  EXPECT_NEAR(deviation("1.feed_forward.down.weight"), std::pow(256, -0.5), 0.003);
  EXPECT_NEAR(deviation("relative_bias.weight"), std::pow(64, -0.5), 0.04);
}

}  // namespace
}  // namespace parvis::models
