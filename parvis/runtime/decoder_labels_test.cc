// Labels that decoders and models with two stacks give: the loss of the reference's classifiers on
// the first step of tests/golden/objectives (tools/goldens/README.md).

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "parvis/models/model.h"
#include "parvis/runtime/encoder.h"
#include "tests/golden_file.h"

namespace parvis::runtime {
namespace {

const std::string kGolden = std::string(PARVIS_SOURCE_DIR) + "/tests/golden/";
constexpr size_t kLengths[] = {9, 14, 6};

struct Case {
  const char *name, *model;
  std::vector<std::pair<const char*, const char*>> drawn;  // their name, ours
};

class DecoderLabelsTest : public testing::TestWithParam<Case> {};

TEST_P(DecoderLabelsTest, AreTheReferences) {
  ThreadPool pool(2);
  const ops::Exec exec(pool, kernels::TableOf(kernels::BestTarget()));
  auto loaded = models::LoadModel(exec, kGolden + "models/" + GetParam().model,
                                  {.keep_values = true, .pack = false});
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  auto model = models::WithHead(*std::move(loaded), nn::Head::Kind::kSequenceLabels,
                                {"a", "b", "c"}, /*seed=*/1);
  ASSERT_TRUE(model.ok()) << model.status().message();
  const GoldenFile golden(kGolden + "objectives/" + GetParam().name + ".safetensors");
  for (const auto& [theirs, ours] : GetParam().drawn) {
    const std::vector<float> values = golden.Floats(std::string("drawn/") + theirs);
    Tensor& value = model->stack.Find(ours)->value;
    ASSERT_EQ(value.size(), static_cast<int64_t>(values.size()));
    std::copy(values.begin(), values.end(), value.f32());
  }
  model->stack.Pack(exec, /*keep_values=*/true, ops::Packing::kF32);

  const std::vector<int32_t> ids = golden.Ints("input_ids"), targets = golden.Ints("targets");
  std::vector<EncoderInput> inputs;
  auto at = ids.begin();
  for (const size_t length : kLengths) {
    inputs.push_back({{at, at + static_cast<int64_t>(length)}, {}});
    at += static_cast<int64_t>(length);
  }
  const Encoder encoder(*model, exec);
  double loss = 0;
  const Status status = encoder.Scores(
      inputs, [&](size_t i) { return std::vector<int64_t>{static_cast<int64_t>(kLengths[i]) - 1}; },
      [&](size_t i, const Tensor& scores) {
        double sum = 0;
        for (int64_t c = 0; c < 3; ++c) sum += std::exp(double{scores.f32()[c]});
        loss += (std::log(sum) - scores.f32()[targets[i]]) / 3.0;
      });
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_NEAR(loss, golden.Floats("losses")[0], 2e-5 * loss);
}

INSTANTIATE_TEST_SUITE_P(
    Models, DecoderLabelsTest,
    testing::Values(
        Case{"labels_llama", "llama_gqa", {{"score.weight", "sequence_labels.out.weight"}}},
        Case{"labels_gpt2", "gpt2_tiny", {{"score.weight", "sequence_labels.out.weight"}}},
        Case{"labels_bloom", "bloom_tiny", {{"score.weight", "sequence_labels.out.weight"}}},
        Case{"labels_t5",
             "t5_v1_1",
             {{"classification_head.dense.weight", "sequence_labels.dense.weight"},
              {"classification_head.dense.bias", "sequence_labels.dense.bias"},
              {"classification_head.out_proj.weight", "sequence_labels.out.weight"},
              {"classification_head.out_proj.bias", "sequence_labels.out.bias"}}}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace parvis::runtime
