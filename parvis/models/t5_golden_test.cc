// T5 against Hugging Face transformers and PyTorch: both stacks, greedy answers from kept memories,
// gradients (tools/goldens/README.md says how the numbers were made).

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "parvis/models/family.h"
#include "parvis/models/model.h"
#include "parvis/models/tensor_map.h"
#include "parvis/ops/relative_bias.h"
#include "tests/golden_case.h"
#include "tests/golden_file.h"
#include "tests/golden_models.h"

namespace parvis::models {
namespace {

const std::string kFolder = std::string(PARVIS_SOURCE_DIR) + "/tests/golden/models/";

class T5GoldenTest : public GoldenCase {
 protected:
  void SetUp() override {
    GoldenCase::SetUp();
    if (IsSkipped()) return;
    folder_ = kFolder + std::get<0>(GetParam());
    const ops::Exec exec(pool_, *kernels_);
    auto model = LoadModel(exec, folder_, {.packing = ops::Packing::kF32, .keep_values = true});
    ASSERT_TRUE(model.ok()) << model.status().message();
    model_.emplace(std::move(*model));
    golden_.emplace(folder_ + "/golden.safetensors");
  }

  std::string folder_;
  std::optional<Model> model_;
  std::optional<GoldenFile> golden_;
};

TEST_P(T5GoldenTest, LogitsAndHiddenStatesOfBothStacks) {
  const std::vector<int32_t> input = golden_->Ints("input_ids");
  const std::vector<int32_t> answer = golden_->Ints("decoder_input_ids");
  const ops::Segment in{0, static_cast<int64_t>(input.size())};
  const ops::Segment out{0, static_cast<int64_t>(answer.size())};
  ops::Exec exec(pool_, *kernels_);
  int compared = 0;
  exec.set_observer([&](const std::string& name, const Tensor& value) {
    if (name.find("hidden.") == std::string::npos) return;
    EXPECT_LT(RelativeDifference(value, golden_->Floats(name)), 1e-4) << name;
    ++compared;
  });
  const Tensor encoded = model_->stack.Encode(exec, {input, {&in, 1}});
  const Tensor hidden = model_->stack.Forward(exec, {answer, {&out, 1}, {}, {&in, 1}, encoded});
  EXPECT_LT(RelativeDifference(model_->stack.Logits(exec, hidden), golden_->Floats("logits")),
            1e-4);
  const nn::Blueprint& b = model_->stack.blueprint();
  EXPECT_EQ(compared, b.encoder_layers + b.num_layers + 4);
}

// One token at a time: keys and values of the input and of the answer lie in pages.
TEST_P(T5GoldenTest, GreedyAnswersFromKeptKeysAndValues) {
  const ops::Exec exec(pool_, *kernels_);
  const nn::Blueprint& b = model_->stack.blueprint();
  const ops::PageLayout layout{static_cast<size_t>(b.num_layers),
                               static_cast<size_t>(b.attention.num_kv_heads),
                               static_cast<size_t>(b.attention.head_dim)};
  for (int k = 0; k < 3; ++k) {
    const std::string name = "greedy." + std::to_string(k);
    const std::vector<int32_t> prompt = golden_->Ints(name + ".prompt");
    const std::vector<int32_t> expected = golden_->Ints(name + ".tokens");
    const Tensor memory = Tensor::Zeros({5, static_cast<int64_t>(layout.page_floats())});
    std::vector<float*> pages;
    for (int64_t i = 0; i < 5; ++i) pages.push_back(memory.Rows(i, i + 1).f32());
    const ops::KvView remembered{std::span(pages).first(3), layout};
    const ops::KvView own{std::span(pages).subspan(3), layout};

    const auto size = static_cast<int64_t>(prompt.size());
    const ops::Segment whole{0, size}, kept{0, size, 0, &remembered}, seen{0, 0, size, &remembered};
    const Tensor encoded = model_->stack.Encode(exec, {prompt, {&whole, 1}});
    model_->stack.Remember(exec, encoded, {&kept, 1});
    std::vector<int32_t> tokens = {static_cast<int32_t>(b.decoder_start_token)};
    while (tokens.size() <= expected.size()) {
      const ops::Segment next{0, 1, static_cast<int64_t>(tokens.size()) - 1, &own};
      const Tensor hidden =
          model_->stack.Forward(exec, {{&tokens.back(), 1}, {&next, 1}, {}, {&seen, 1}});
      const Tensor logits = model_->stack.Logits(exec, hidden);
      tokens.push_back(static_cast<int32_t>(
          std::max_element(logits.f32(), logits.f32() + logits.size()) - logits.f32()));
    }
    EXPECT_EQ(std::vector<int32_t>(tokens.begin() + 1, tokens.end()), expected) << name;
  }
}

TEST_P(T5GoldenTest, BucketsOfDistances) {
  for (const bool both : {true, false}) {
    const ops::RelativeBuckets buckets{32, 128, both};
    const std::vector<int32_t> expected = golden_->Ints(both ? "buckets.both" : "buckets.one");
    for (size_t i = 0; i < expected.size(); ++i) {
      EXPECT_EQ(buckets.BucketOf(static_cast<int64_t>(i) - 300), expected[i]) << i;
    }
  }
}

TEST_P(T5GoldenTest, LossAndGradientsOfTwoPairs) {
  if (std::get<0>(GetParam()) != std::string("t5_v1_1")) GTEST_SKIP() << "has no gradients";
  const GoldenFile golden(folder_ + "/training.safetensors");
  const std::vector<int32_t> input = golden.Ints("pairs.input_ids");
  const std::vector<int32_t> labels = golden.Ints("pairs.labels");
  const std::vector<int32_t> lengths = golden.Ints("pairs.lengths");  // inputs, then answers
  const std::vector<ops::Segment> in = {{0, lengths[0]}, {lengths[0], lengths[1]}};
  const std::vector<ops::Segment> out = {{0, lengths[2]}, {lengths[2], lengths[3]}};
  std::vector<int32_t> shifted;  // each answer begins with the start token
  for (const ops::Segment& segment : out) {
    shifted.push_back(0);
    shifted.insert(shifted.end(), labels.begin() + segment.begin,
                   labels.begin() + segment.begin + segment.count - 1);
  }
  nn::Stack& stack = model_->stack;
  for (ops::Parameter& parameter : stack.parameters()) {
    parameter.grad = Tensor::Zeros(parameter.shape);
  }
  ops::Tape tape;
  const ops::Exec recording(pool_, *kernels_, &tape);
  const Tensor encoded = stack.Encode(recording, {input, in});
  const Tensor hidden = stack.Forward(recording, {shifted, out, {}, in, encoded});
  const auto count = static_cast<double>(labels.size());
  const ops::Loss loss = stack.Loss(recording, hidden, labels, static_cast<float>(1.0 / count));
  tape.RunBackward();
  EXPECT_NEAR(loss.sum / count, golden.Floats("pairs.loss")[0], 1e-5 * loss.sum / count);
  for (const FileTensor& tensor : FileTensors(kT5, stack.blueprint(), FileKind::kHuggingFace)) {
    const std::vector<float> expected = golden.Floats("pairs.gradient/" + tensor.name);
    const Tensor& ours = stack.Find(tensor.parameters[0])->grad;
    EXPECT_LT(RelativeDifference(ours, expected), 2e-4) << tensor.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Models, T5GoldenTest,
                         testing::Combine(testing::ValuesIn(kEncoderDecoderGoldens),
                                          GoldenCase::Targets()),
                         GoldenCase::NameOf);

// llama.cpp's files do not say whether the outputs are scaled.
TEST(T5Config, WhatATiedGgufFileMeans) {
  Json config = {{"model_type", "t5"},          {"vocab_size", 100},
                 {"embedding_length", 64},      {"block_count", 2},
                 {"attention.head_count", 4},   {"feed_forward_length", 96},
                 {"feed_forward_gated", false}, {"tie_word_embeddings", true}};
  EXPECT_EQ(BlueprintFromConfig(config)->output_scale, 0.125f);  // version 1.0
  config["feed_forward_gated"] = true;
  const auto unknown = BlueprintFromConfig(config);
  ASSERT_FALSE(unknown.ok());
  EXPECT_NE(unknown.status().message().find("t5.scale_decoder_outputs"), std::string::npos);
  config["scale_decoder_outputs"] = true;  // written by us
  EXPECT_EQ(BlueprintFromConfig(config)->output_scale, 0.125f);
  config["scale_decoder_outputs"] = false;
  EXPECT_EQ(BlueprintFromConfig(config)->output_scale, 1.0f);
  config.erase("scale_decoder_outputs");
  config["tie_word_embeddings"] = false;  // version 1.1 as published
  EXPECT_EQ(BlueprintFromConfig(config)->output_scale, 1.0f);
}

}  // namespace
}  // namespace parvis::models
