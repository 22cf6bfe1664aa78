// Training against PyTorch: losses, every gradient and ten AdamW steps of tiny models
// (tools/goldens/README.md says how the numbers were made).

#include <stdlib.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <tuple>

#include "gtest/gtest.h"
#include "parvis/formats/quantize.h"
#include "parvis/formats/safetensors.h"
#include "parvis/models/model.h"
#include "parvis/models/tensor_map.h"
#include "parvis/train/trainer.h"
#include "tests/golden_case.h"
#include "tests/golden_models.h"

namespace parvis::train {
namespace {

const std::string kFolder = std::string(PARVIS_SOURCE_DIR) + "/tests/golden/models/";

// Two f32 computations of the same formula in different orders.
constexpr double kLossTolerance = 1e-5;       // relative
constexpr double kGradientTolerance = 2e-4;   // of the tensor's largest gradient
constexpr double kParameterTolerance = 2e-4;  // absolute, after ten steps of at most 1e-3 each

// The gradient of a key's bias is rounding noise where no rotation follows
// (tools/goldens/README.md).
bool IsKeyBias(const std::string& name, int64_t at, int64_t size, int64_t head_dim) {
  if (name.ends_with("attn.c_attn.bias")) return at / (size / 3) == 1;
  return name.ends_with("query_key_value.bias") && at / head_dim % 3 == 1;
}

class TrainingGoldenTest : public GoldenCase {
 protected:
  void SetUp() override {
    GoldenCase::SetUp();
    if (IsSkipped()) return;
    const std::string name = std::get<0>(GetParam());
    std::string scratch = testing::TempDir() + "training-golden-XXXXXX";
    scratch_ = mkdtemp(scratch.data());
    exec_.emplace(pool_, *kernels_);
    auto model = models::LoadModel(*exec_, kFolder + name, {.keep_values = true, .pack = false});
    ASSERT_TRUE(model.ok()) << model.status().message();
    model_.emplace(*std::move(model));
    for (ops::Parameter& parameter : model_->stack.parameters()) {
      // The file's pages cannot be written to, and training wants f32.
      parameter.value = formats::ConvertTensor(parameter.value, DType::kF32, pool_).value().Clone();
    }
    trainer_ = std::make_unique<Trainer>(*exec_, model_->stack, *causal_, OptimizerSettings{},
                                         ops::Packing::kF32);
    auto golden = formats::OpenSafetensors(kFolder + name + "/training.safetensors");
    ASSERT_TRUE(golden.ok()) << golden.status().message();
    golden_ = golden->tensors;
  }
  void TearDown() override {
    if (!scratch_.empty()) std::filesystem::remove_all(scratch_);
  }

  Tensor Golden(const std::string& name) { return *golden_->Get(name); }

  // A batch of rows [begin, end) of `tokens`, cut at `lengths`: one document each.
  Batch BatchOf(const Tensor& tokens, int64_t begin, const std::vector<int64_t>& lengths) {
    const auto* data = reinterpret_cast<const int32_t*>(tokens.data()) + begin;
    Batch batch;
    for (const int64_t length : lengths) {
      batch.segments.push_back({static_cast<int64_t>(batch.tokens.size()), length - 1, 0, nullptr});
      batch.documents.push_back(0);
      batch.tokens.insert(batch.tokens.end(), data, data + length - 1);
      batch.targets.insert(batch.targets.end(), data + 1, data + length);
      data += length;
    }
    return batch;
  }

  // The tensors under transformers' names: gradients stand in for values while they are written.
  std::shared_ptr<formats::TensorSource> Named(bool gradients) {
    const auto swap = [this] {
      for (ops::Parameter& p : model_->stack.parameters()) std::swap(p.value, p.grad);
    };
    const std::string folder = scratch_ + "/named";
    std::filesystem::remove_all(folder);
    if (gradients) swap();
    const Status saved = models::SaveModel(*model_, folder, DType::kF32);
    if (gradients) swap();
    EXPECT_TRUE(saved.ok()) << saved.message();
    return formats::OpenSafetensorsFolder(folder)->tensors;
  }

  bool IsGainLessOne(const std::string& name) const {
    const nn::Blueprint& blueprint = model_->stack.blueprint();
    for (const models::FileTensor& tensor : models::FileTensors(
             *models::FindFamily(blueprint.family), blueprint, models::FileKind::kHuggingFace)) {
      if (tensor.name == name) return tensor.layout == models::Layout::kGainLessOneInHf;
    }
    return false;
  }

  // Compares what the golden has under `prefix`; `relative` to the tensor's largest number.
  void Compare(const std::string& prefix, bool gradients, double tolerance, bool relative) {
    const auto ours = Named(gradients);
    int compared = 0;
    for (const std::string& full : golden_->names()) {
      if (full.rfind(prefix, 0) != 0) continue;
      const std::string name = full.substr(prefix.size());
      ASSERT_TRUE(ours->Has(name)) << name;
      Tensor mine = *ours->Get(name);
      const Tensor reference = Golden(full);
      if (gradients && IsGainLessOne(name)) {  // what was written is a gradient less 1
        mine = mine.Clone();
        for (int64_t i = 0; i < mine.size(); ++i) mine.f32()[i] += 1.0f;
      }
      ASSERT_EQ(mine.shape(), reference.shape()) << name;
      const int64_t head_dim = model_->stack.blueprint().attention.head_dim;
      double largest = relative ? 0.0 : 1.0;
      for (int64_t i = 0; relative && i < mine.size(); ++i) {
        largest = std::max(largest, std::abs(double{reference.f32()[i]}));
      }
      for (int64_t i = 0; i < mine.size(); ++i) {
        if (IsKeyBias(name, i, mine.size(), head_dim)) continue;
        ASSERT_NEAR(mine.f32()[i], reference.f32()[i], tolerance * largest) << name << " at " << i;
      }
      ++compared;
    }
    EXPECT_GT(compared, 5);
  }

  std::string scratch_;
  std::optional<ops::Exec> exec_;
  std::optional<models::Model> model_;
  std::unique_ptr<const Objective> causal_ = NewCausalObjective(nullptr);
  std::unique_ptr<Trainer> trainer_;
  std::shared_ptr<formats::TensorSource> golden_;
  Corpus nameless_;
};

TEST_P(TrainingGoldenTest, GradientsOfRows) {
  const Batch batch = BatchOf(Golden("rows.tokens"), 0, {37, 37, 37});
  const auto result = trainer_->Accumulate({&batch, 1}, nameless_);
  ASSERT_TRUE(result.ok());
  const double loss = Golden("rows.loss").f32()[0];
  EXPECT_NEAR(result->loss, loss, kLossTolerance * loss);
  Compare("rows.gradient/", /*gradients=*/true, kGradientTolerance, /*relative=*/true);
}

TEST_P(TrainingGoldenTest, GradientsOfPackedDocuments) {
  const Batch batch = BatchOf(Golden("packed.tokens"), 0, {23, 41});
  const auto result = trainer_->Accumulate({&batch, 1}, nameless_);
  ASSERT_TRUE(result.ok());
  const double loss = Golden("packed.loss").f32()[0];
  EXPECT_NEAR(result->loss, loss, kLossTolerance * loss);
  Compare("packed.gradient/", /*gradients=*/true, kGradientTolerance, /*relative=*/true);
}

// The backward pass of a block that is run again is the same, bit by bit.
TEST_P(TrainingGoldenTest, RecomputingChangesNoGradient) {
  const Batch batch = BatchOf(Golden("packed.tokens"), 0, {23, 41});
  const auto kept = trainer_->Accumulate({&batch, 1}, nameless_);
  ASSERT_TRUE(kept.ok());
  std::vector<Tensor> gradients;
  for (const ops::Parameter& parameter : model_->stack.parameters()) {
    gradients.push_back(parameter.grad.Clone());
  }
  trainer_->set_recomputing(true);
  const auto again = trainer_->Accumulate({&batch, 1}, nameless_);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->loss, kept->loss);
  for (size_t i = 0; i < gradients.size(); ++i) {
    const ops::Parameter& parameter = model_->stack.parameters()[i];
    EXPECT_EQ(std::memcmp(parameter.grad.data(), gradients[i].data(), gradients[i].bytes()), 0)
        << parameter.name;
  }
}

TEST_P(TrainingGoldenTest, TenStepsOfAdamW) {
  const Tensor tokens = Golden("steps.tokens");
  for (int64_t step = 0; step < 10; ++step) {
    // Two micro-batches, which the reference does not have.
    const std::vector<Batch> batches = {BatchOf(tokens, step * 4 * 29, {29, 29, 29}),
                                        BatchOf(tokens, (step * 4 + 3) * 29, {29})};
    const auto result = trainer_->Step(batches, 1e-3, nameless_);
    ASSERT_TRUE(result.ok());
    const double loss = Golden("steps.losses").f32()[step];
    const double norm = Golden("steps.gradient_norms").f32()[step];
    EXPECT_NEAR(result->loss, loss, 2 * kLossTolerance * loss) << "step " << step;
    EXPECT_NEAR(result->grad_norm, norm, 1e-4 * norm) << "step " << step;
  }
  Compare("steps.parameter/", /*gradients=*/false, kParameterTolerance, /*relative=*/false);
}

INSTANTIATE_TEST_SUITE_P(All, TrainingGoldenTest,
                         testing::Combine(testing::ValuesIn(kTrainingGoldens),
                                          GoldenCase::Targets()),
                         GoldenCase::NameOf);

}  // namespace
}  // namespace parvis::train
