// Whole models against Hugging Face transformers: logits, hidden states and greedy continuations of
// tiny random checkpoints (tools/goldens/README.md says how they were made).

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "parvis/formats/safetensors.h"
#include "parvis/models/model.h"
#include "tests/golden_models.h"

namespace parvis::models {
namespace {

const std::string kFolder = std::string(PARVIS_SOURCE_DIR) + "/tests/golden/models/";

std::vector<int32_t> Ints(const Tensor& tensor) {
  const auto* data = reinterpret_cast<const int32_t*>(tensor.data());
  return {data, data + tensor.size()};
}

// The largest difference, as a share of the reference's largest number.
double RelativeDifference(const Tensor& ours, const Tensor& reference) {
  EXPECT_EQ(ours.size(), reference.size());
  double largest = 0, difference = 0;
  for (int64_t i = 0; i < reference.size(); ++i) {
    largest = std::max(largest, std::abs(double{reference.f32()[i]}));
    difference = std::max(difference, std::abs(double{ours.f32()[i]} - reference.f32()[i]));
  }
  return difference / largest;
}

class GoldenTest : public testing::TestWithParam<std::tuple<const char*, kernels::Target>> {
 protected:
  void SetUp() override {
    const auto target = std::get<1>(GetParam());
    if (!kernels::TargetSupported(target)) {
      GTEST_SKIP() << "this processor has no " << kernels::TargetName(target);
    }
    kernels_ = &kernels::TableOf(target);
    const std::string folder = kFolder + std::get<0>(GetParam());
    const ops::Exec exec(pool_, *kernels_);
    // Computed in f32 whatever is stored, as the reference does.
    auto model = LoadModel(exec, folder, {.packing = ops::Packing::kF32});
    ASSERT_TRUE(model.ok()) << model.status().message();
    model_.emplace(std::move(*model));
    auto golden = formats::OpenSafetensors(folder + "/golden.safetensors");
    ASSERT_TRUE(golden.ok()) << golden.status().message();
    golden_ = golden->tensors;
  }

  Tensor Golden(const std::string& name) {
    auto tensor = golden_->Get(name);
    EXPECT_TRUE(tensor.ok()) << tensor.status().message();
    return *tensor;
  }

  ThreadPool pool_{2};
  const kernels::Table* kernels_ = nullptr;
  std::optional<Model> model_;
  std::shared_ptr<const formats::TensorSource> golden_;
};

TEST_P(GoldenTest, LogitsAndHiddenStates) {
  const std::vector<int32_t> tokens = Ints(Golden("input_ids"));
  const ops::Segment segment{0, static_cast<int64_t>(tokens.size())};
  ops::Exec exec(pool_, *kernels_);
  exec.set_observer([&](const std::string& name, const Tensor& value) {
    if (!name.starts_with("hidden.")) return;
    EXPECT_LT(RelativeDifference(value, Golden(name)), 1e-4) << name;
  });
  const Tensor hidden = model_->stack.Forward(exec, {tokens, {&segment, 1}});
  EXPECT_LT(RelativeDifference(model_->stack.Logits(exec, hidden), Golden("logits")), 1e-4);
}

TEST_P(GoldenTest, GreedyContinuations) {
  const ops::Exec exec(pool_, *kernels_);
  for (int k = 0; k < 3; ++k) {
    const std::string name = "greedy." + std::to_string(k);
    std::vector<int32_t> tokens = Ints(Golden(name + ".prompt"));
    const size_t prompt = tokens.size();
    const std::vector<int32_t> expected = Ints(Golden(name + ".tokens"));
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
                                          testing::Values(kernels::Target::kScalar,
                                                          kernels::Target::kAvx2,
                                                          kernels::Target::kAvx512)),
                         [](const auto& info) {
                           return std::string(std::get<0>(info.param)) + "_" +
                                  std::string(kernels::TargetName(std::get<1>(info.param)));
                         });

}  // namespace
}  // namespace parvis::models
