// Adapters against Hugging Face's PEFT: what it computes of an adapter, the gradients of A and B,
// ten AdamW steps, and files both ways (tools/goldens/make_adapters.py).

#include <stdlib.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "parvis/core/file.h"
#include "parvis/formats/safetensors.h"
#include "parvis/models/adapter.h"
#include "parvis/train/trainer.h"

namespace parvis::train {
namespace {

const std::string kGolden = std::string(PARVIS_SOURCE_DIR) + "/tests/golden/";

struct Case {
  const char* name;
  const char* base;
};
std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.name; }

class AdapterGoldenTest : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    std::string scratch = testing::TempDir() + "adapter-golden-XXXXXX";
    scratch_ = mkdtemp(scratch.data());
    folder_ = kGolden + "adapters/" + GetParam().name;
    golden_ = formats::OpenSafetensors(folder_ + "/golden.safetensors")->tensors;
    model_.emplace(Base());
    const Status loaded = models::LoadAdapter(exec_, folder_, *model_);
    ASSERT_TRUE(loaded.ok()) << loaded.message();
    model_->stack.Pack(exec_, /*keep_values=*/true, ops::Packing::kF32);
  }
  void TearDown() override { std::filesystem::remove_all(scratch_); }

  models::Model Base() {
    auto model = models::LoadModel(exec_, kGolden + GetParam().base, {.keep_values = true});
    EXPECT_TRUE(model.ok()) << model.status().message();
    return *std::move(model);
  }

  std::vector<int32_t> Ints(const std::string& name) {
    const Tensor tensor = *golden_->Get(name);
    const auto* data = reinterpret_cast<const int32_t*>(tensor.data());
    return {data, data + tensor.size()};
  }

  // `copies` of the golden's sequence side by side.
  Batch Sequence(int copies) {
    Batch batch;
    const bool pairs = golden_->Has("decoder_input_ids");
    const std::vector<int32_t> ids = Ints(pairs ? "decoder_input_ids" : "input_ids");
    for (int i = 0; i < copies; ++i) {
      batch.segments.push_back(
          {static_cast<int64_t>(batch.tokens.size()), static_cast<int64_t>(ids.size())});
      batch.tokens.insert(batch.tokens.end(), ids.begin(), ids.end());
      if (!pairs) continue;
      const std::vector<int32_t> prompt = Ints("input_ids");
      batch.prompt_segments.push_back(
          {static_cast<int64_t>(batch.prompt_tokens.size()), static_cast<int64_t>(prompt.size())});
      batch.prompt_tokens.insert(batch.prompt_tokens.end(), prompt.begin(), prompt.end());
    }
    return batch;
  }

  Tensor Logits(models::Model& model, int copies = 1) {
    return model.stack.Logits(exec_, HeadRows(exec_, model.stack, Sequence(copies)));
  }

  void ExpectNear(const Tensor& ours, const Tensor& theirs, double tolerance,
                  const std::string& what) {
    ASSERT_EQ(ours.shape(), theirs.shape()) << what;
    double largest = 0.0;
    for (int64_t i = 0; i < theirs.size(); ++i) {
      largest = std::max(largest, std::abs(double{theirs.f32()[i]}));
    }
    for (int64_t i = 0; i < ours.size(); ++i) {
      ASSERT_NEAR(ours.f32()[i], theirs.f32()[i], tolerance * largest) << what << " at " << i;
    }
  }

  // What PEFT calls the parameters, or their gradients.
  std::shared_ptr<formats::TensorSource> Named(bool gradients) {
    const auto swap = [&] {
      for (ops::Parameter* p : model_->stack.Learned()) std::swap(p->value, p->grad);
    };
    if (gradients) swap();
    const Status saved = models::SaveAdapter(*model_, scratch_ + "/named", "base");
    if (gradients) swap();
    EXPECT_TRUE(saved.ok()) << saved.message();
    return formats::OpenSafetensors(scratch_ + "/named/adapter_model.safetensors")->tensors;
  }

  void Compare(const std::string& prefix, bool gradients, double tolerance) {
    const auto ours = Named(gradients);
    size_t compared = 0;
    for (const std::string& full : golden_->names()) {
      if (!full.starts_with(prefix)) continue;
      const std::string name = full.substr(prefix.size());
      ASSERT_TRUE(ours->Has(name)) << name;
      ExpectNear(*ours->Get(name), *golden_->Get(full), tolerance, name);
      ++compared;
    }
    EXPECT_EQ(compared, ours->names().size());
    EXPECT_GT(compared, 7u);
  }

  // Rows of the goldens "NAME.tokens" (and "NAME.prompts"), with what the reference predicts of
  // them: the next token; every third token; an answer.
  Batch Rows(const std::string& name, int64_t first, int64_t rows) {
    const std::vector<int32_t> tokens = Ints(name + ".tokens");
    const nn::Blueprint& blueprint = model_->stack.blueprint();
    Batch batch;
    for (int64_t row = first; row < first + rows; ++row) {
      const auto* begin = tokens.data() + row * kLength;
      const auto at = static_cast<int64_t>(batch.tokens.size());
      batch.documents.push_back(0);
      if (blueprint.encoder_layers > 0) {
        AddPrompt(name, row, batch);
        batch.tokens.push_back(static_cast<int32_t>(blueprint.decoder_start_token));
        batch.tokens.insert(batch.tokens.end(), begin, begin + kLength - 1);
        batch.targets.insert(batch.targets.end(), begin, begin + kLength);
      } else if (blueprint.attention.causal) {
        batch.tokens.insert(batch.tokens.end(), begin, begin + kLength - 1);
        batch.targets.insert(batch.targets.end(), begin + 1, begin + kLength);
      } else {
        batch.tokens.insert(batch.tokens.end(), begin, begin + kLength);
        for (int64_t i = 1; i < kLength; i += 3) {
          batch.head_rows.push_back(at + i);
          batch.targets.push_back(begin[i]);
        }
      }
      batch.segments.push_back({at, static_cast<int64_t>(batch.tokens.size()) - at});
    }
    return batch;
  }

  void AddPrompt(const std::string& name, int64_t row, Batch& batch) {
    const std::vector<int32_t> prompts = Ints(name + ".prompts");
    const auto* begin = prompts.data() + row * kPromptLength;
    batch.prompt_segments.push_back(
        {static_cast<int64_t>(batch.prompt_tokens.size()), kPromptLength});
    batch.prompt_tokens.insert(batch.prompt_tokens.end(), begin, begin + kPromptLength);
  }

  // Operations of the rows, counted from shapes: 6 for what is learned, 4 for what stays.
  double Flop(const Batch& batch) {
    double flop = 0.0;
    const nn::Blueprint& blueprint = model_->stack.blueprint();
    const auto tokens = static_cast<double>(batch.tokens.size());
    const auto prompt = static_cast<double>(batch.prompt_tokens.size());
    for (const ops::Parameter* parameter : model_->stack.Learned()) {
      const bool of_prompt = parameter->name.starts_with("encoder.") ||
                             parameter->name.find("cross_attention.v") != std::string::npos;
      flop += 6.0 * static_cast<double>(parameter->value.size()) * (of_prompt ? prompt : tokens);
    }
    const auto head = static_cast<double>(nn::NumMultipliedByHead(blueprint));
    flop += 4.0 * (static_cast<double>(nn::NumMultiplied(blueprint)) - head) * tokens;
    flop += 4.0 * head * static_cast<double>(batch.num_head_rows());
    return flop + 4.0 * static_cast<double>(nn::NumMultipliedByPrompt(blueprint)) * prompt;
  }

  static constexpr int64_t kLength = 21, kPromptLength = 13;

  std::string scratch_, folder_;
  ThreadPool pool_{2};
  ops::Exec exec_{pool_, kernels::TableOf(kernels::BestTarget())};
  std::shared_ptr<formats::TensorSource> golden_;
  std::optional<models::Model> model_;
};

TEST_P(AdapterGoldenTest, LogitsArePefts) {
  ExpectNear(Logits(*model_), *golden_->Get("logits"), 2e-5, "logits");
  models::Model base = Base();
  const Tensor without = Logits(base), with = *golden_->Get("logits");
  double largest = 0.0;
  for (int64_t i = 0; i < with.size(); ++i) {
    largest = std::max(largest, std::abs(double{with.f32()[i]} - without.f32()[i]));
  }
  EXPECT_GT(largest, 0.1);  // an adapter that were left out would be seen
}

TEST_P(AdapterGoldenTest, TheSameBitsAloneAndBesideOthers) {
  const Tensor alone = Logits(*model_), three = Logits(*model_, 3);
  for (int64_t copy = 0; copy < 3; ++copy) {
    EXPECT_EQ(std::memcmp(alone.data(), three.data() + copy * alone.bytes(), alone.bytes()), 0);
  }
}

TEST_P(AdapterGoldenTest, MergedItComputesTheSame) {
  ASSERT_TRUE(models::MergeAdapter(exec_, *model_).ok());
  EXPECT_TRUE(model_->stack.adapter().empty());
  const std::string path = scratch_ + "/merged.gguf";
  ASSERT_TRUE(models::SaveModel(*model_, path, DType::kF32).ok());
  auto merged = models::LoadModel(exec_, path);
  ASSERT_TRUE(merged.ok()) << merged.status().message();
  ExpectNear(Logits(*merged), *golden_->Get("logits"), 5e-5, "logits");
}

TEST_P(AdapterGoldenTest, ComesBackFromBothKindsOfFiles) {
  for (const char* file : {"/a.gguf", "/folder"}) {
    const std::string path = scratch_ + file;
    // Not bit for bit where rsLoRA's scale is written as an alpha.
    ASSERT_TRUE(models::SaveAdapter(*model_, path, "base").ok());
    models::Model again = Base();
    const Status loaded = models::LoadAdapter(exec_, path, again);
    ASSERT_TRUE(loaded.ok()) << loaded.message();
    for (ops::Parameter* parameter : model_->stack.Learned()) {
      const ops::Parameter* other = again.stack.Find(parameter->name);
      ASSERT_NE(other, nullptr) << parameter->name;
      EXPECT_EQ(std::memcmp(other->value.data(), parameter->value.data(), other->value.bytes()), 0);
    }
    ExpectNear(Logits(again), Logits(*model_), 1e-6, file);
  }
}

TEST_P(AdapterGoldenTest, GradientsAndTenStepsArePyTorchs) {
  const auto causal = NewCausalObjective(nullptr);
  const Tensor before = model_->stack.Find("embedding.weight")->value.Clone();
  Trainer trainer(exec_, model_->stack, *causal, OptimizerSettings{}, ops::Packing::kF32);
  EXPECT_FALSE(model_->stack.Find("embedding.weight")->grad.defined());
  const Corpus nameless;
  const Batch rows = Rows("rows", 0, 3);
  const auto result = trainer.Accumulate({&rows, 1}, nameless);
  ASSERT_TRUE(result.ok());
  EXPECT_DOUBLE_EQ(result->flop, Flop(rows));
  const double loss = golden_->Get("rows.loss")->f32()[0];
  EXPECT_NEAR(result->loss, loss, 1e-5 * loss);
  Compare("rows.gradient/", /*gradients=*/true, 2e-4);

  for (int64_t step = 0; step < 10; ++step) {
    const std::vector<Batch> batches = {Rows("steps", step * 2, 1), Rows("steps", step * 2 + 1, 1)};
    const auto stepped = trainer.Step(batches, 1e-3, nameless);
    ASSERT_TRUE(stepped.ok());
    const double expected = golden_->Get("steps.losses")->f32()[step];
    const double norm = golden_->Get("steps.gradient_norms")->f32()[step];
    EXPECT_NEAR(stepped->loss, expected, 2e-5 * expected) << "step " << step;
    EXPECT_NEAR(stepped->grad_norm, norm, 1e-4 * norm) << "step " << step;
  }
  Compare("steps.parameter/", /*gradients=*/false, 2e-4);
  const Tensor& after = model_->stack.Find("embedding.weight")->value;
  EXPECT_EQ(std::memcmp(before.data(), after.data(), before.bytes()), 0);
}

INSTANTIATE_TEST_SUITE_P(All, AdapterGoldenTest,
                         testing::Values(Case{"llama", "models/llama_gqa"},
                                         Case{"gpt2", "models/gpt2_tiny"},
                                         Case{"bloom", "models/bloom_tiny"},
                                         Case{"bert", "encoders/bert_masked_lm"},
                                         Case{"t5", "models/t5_v1_1"}),
                         [](const auto& info) { return std::string(info.param.name); });

// --- files that are no such adapters -------------------------------------------------------------

class BadAdapterTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string scratch = testing::TempDir() + "bad-adapter-XXXXXX";
    scratch_ = mkdtemp(scratch.data());
    std::filesystem::copy(kGolden + "adapters/llama", scratch_,
                          std::filesystem::copy_options::recursive);
    config_ = *ParseJson(*ReadFile(scratch_ + "/adapter_config.json", 1 << 20));
  }
  void TearDown() override { std::filesystem::remove_all(scratch_); }

  std::string Load(const std::string& base = "models/llama_gqa") {
    EXPECT_TRUE(WriteFileAtomically(scratch_ + "/adapter_config.json", config_.dump()).ok());
    auto model = models::LoadModel(exec_, kGolden + base);
    const Status status = models::LoadAdapter(exec_, scratch_, *model);
    return status.ok() ? "" : status.message();
  }

  std::string scratch_;
  Json config_;
  ThreadPool pool_{1};
  ops::Exec exec_{pool_, kernels::TableOf(kernels::BestTarget())};
};

TEST_F(BadAdapterTest, NamesTheField) {
  EXPECT_EQ(Load(), "");
  const Json good = config_;
  const auto with = [&](const char* key, Json value) {
    config_ = good;
    config_[key] = std::move(value);
    return Load();
  };
  EXPECT_NE(with("peft_type", "LOHA").find("peft_type"), std::string::npos);
  EXPECT_NE(with("use_dora", true).find("use_dora"), std::string::npos);
  EXPECT_NE(with("lora_alpha", "6").find("lora_alpha"), std::string::npos);
  EXPECT_NE(with("modules_to_save", {"lm_head"}).find("modules_to_save"), std::string::npos);
  EXPECT_NE(with("bias", "all").find("bias"), std::string::npos);
}

TEST_F(BadAdapterTest, OfAnotherModel) {
  EXPECT_NE(Load("models/gpt2_tiny").find("lora_A"), std::string::npos);
  EXPECT_NE(Load("models/llama_tiny").find("do not fit"), std::string::npos);
}

TEST(NewAdapterTest, ChangesNothingAndRefusesUnknownTargets) {
  ThreadPool pool(2);
  const ops::Exec exec(pool, kernels::TableOf(kernels::BestTarget()));
  auto model = models::LoadModel(exec, kGolden + "models/gpt2_tiny", {.keep_values = true});
  ASSERT_TRUE(model.ok());
  const Status refused = models::NewAdapter({.targets = {"q_proj"}}, 1, *model);
  EXPECT_NE(refused.message().find("\"q_proj\""), std::string::npos);
  EXPECT_NE(refused.message().find("c_attn"), std::string::npos);
  Batch batch;
  batch.tokens = {5, 6, 7};
  batch.segments = {{0, 3}};
  const Tensor before = HeadRows(exec, model->stack, batch);
  ASSERT_TRUE(models::NewAdapter({.rank = 4}, 1, *model).ok());
  model->stack.PackAdapter(exec);
  const Tensor after = HeadRows(exec, model->stack, batch);
  EXPECT_EQ(std::memcmp(before.data(), after.data(), before.bytes()), 0);
}

}  // namespace
}  // namespace parvis::train
