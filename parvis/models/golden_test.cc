// Whole models against Hugging Face transformers: logits, hidden states and greedy continuations of
// tiny random checkpoints (tools/goldens/README.md says how they were made).

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "parvis/models/model.h"
#include "tests/golden_case.h"
#include "tests/golden_file.h"
#include "tests/golden_models.h"

namespace parvis::models {
namespace {

const std::string kFolder = std::string(PARVIS_SOURCE_DIR) + "/tests/golden/models/";

class GoldenTest : public GoldenCase {
 protected:
  void SetUp() override {
    GoldenCase::SetUp();
    if (IsSkipped()) return;
    const std::string folder = kFolder + std::get<0>(GetParam());
    const ops::Exec exec(pool_, *kernels_);
    // Computed in f32 whatever is stored, as the reference does.
    auto model = LoadModel(exec, folder, {.packing = ops::Packing::kF32});
    ASSERT_TRUE(model.ok()) << model.status().message();
    model_.emplace(std::move(*model));
    golden_.emplace(folder + "/golden.safetensors");
  }

  std::optional<Model> model_;
  std::optional<GoldenFile> golden_;
};

TEST_P(GoldenTest, LogitsAndHiddenStates) {
  const std::vector<int32_t> tokens = golden_->Ints("input_ids");
  const ops::Segment segment{0, static_cast<int64_t>(tokens.size())};
  ops::Exec exec(pool_, *kernels_);
  exec.set_observer([&](const std::string& name, const Tensor& value) {
    if (!name.starts_with("hidden.")) return;
    EXPECT_LT(RelativeDifference(value, golden_->Floats(name)), 1e-4) << name;
  });
  const Tensor hidden = model_->stack.Forward(exec, {tokens, {&segment, 1}});
  EXPECT_LT(RelativeDifference(model_->stack.Logits(exec, hidden), golden_->Floats("logits")),
            1e-4);
}

TEST_P(GoldenTest, GreedyContinuations) {
  const ops::Exec exec(pool_, *kernels_);
  for (int k = 0; k < 3; ++k) {
    const std::string name = "greedy." + std::to_string(k);
    std::vector<int32_t> tokens = golden_->Ints(name + ".prompt");
    const size_t prompt = tokens.size();
    const std::vector<int32_t> expected = golden_->Ints(name + ".tokens");
    while (tokens.size() < prompt + expected.size()) {
      const ops::Segment segment{0, static_cast<int64_t>(tokens.size())};
      const Tensor hidden = model_->stack.Forward(exec, {tokens, {&segment, 1}});
      const Tensor logits =
          model_->stack.Logits(exec, hidden.Rows(hidden.dim(0) - 1, hidden.dim(0)));
      tokens.push_back(static_cast<int32_t>(
          std::max_element(logits.f32(), logits.f32() + logits.size()) - logits.f32()));
    }
    EXPECT_EQ(std::vector<int32_t>(tokens.begin() + static_cast<int64_t>(prompt), tokens.end()),
              expected)
        << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Models, GoldenTest,
                         testing::Combine(testing::ValuesIn(kDecoderGoldens),
                                          GoldenCase::Targets()),
                         GoldenCase::NameOf);

}  // namespace
}  // namespace parvis::models
