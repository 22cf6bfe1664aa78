// Ten AdamW steps of every objective that is not causal against transformers and PyTorch
// (tools/goldens/README.md says how the numbers were made).

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "parvis/core/file.h"
#include "parvis/formats/safetensors.h"
#include "parvis/models/model.h"
#include "parvis/train/label_batches.h"
#include "parvis/train/objectives.h"
#include "parvis/train/plan.h"
#include "parvis/train/trainer.h"

namespace parvis::train {
namespace {

const std::string kGoldens = std::string(PARVIS_SOURCE_DIR) + "/tests/golden/";
constexpr int64_t kLengths[] = {9, 14, 6};  // of the sequences of a step

struct Case {
  const char *name, *folder;
  ObjectiveKind kind;
};
constexpr Case kCases[] = {
    {"masked_bert", "encoders/bert_masked_lm", ObjectiveKind::kMasked},
    {"labels_roberta", "encoders/roberta_sequence", ObjectiveKind::kLabels},
    {"multi_labels_bert", "encoders/bert_sequence", ObjectiveKind::kLabels},
    {"token_labels_bert", "encoders/bert_tokens", ObjectiveKind::kTokenLabels},
    {"answers_bert", "encoders/bert_span", ObjectiveKind::kAnswers},
    {"labels_llama", "models/llama_gqa", ObjectiveKind::kLabels},
    {"labels_gpt2", "models/gpt2_tiny", ObjectiveKind::kLabels},
    {"labels_bloom", "models/bloom_tiny", ObjectiveKind::kLabels},
    {"labels_t5", "models/t5_v1_1", ObjectiveKind::kLabels},
    {"chat_llama", "models/llama_gqa", ObjectiveKind::kChat},
    {"chat_gpt2", "models/gpt2_tiny", ObjectiveKind::kChat},
    {"chat_bloom", "models/bloom_tiny", ObjectiveKind::kChat},
    {"chat_t5", "models/t5_v1_1", ObjectiveKind::kChat},
    {"preference_llama", "models/llama_gqa", ObjectiveKind::kPreference},
    {"preference_gpt2", "models/gpt2_tiny", ObjectiveKind::kPreference},
    {"preference_bloom", "models/bloom_tiny", ObjectiveKind::kPreference},
    {"preference_t5", "models/t5_v1_1", ObjectiveKind::kPreference},
    {"pairs_t5", "models/t5_v1_1", ObjectiveKind::kPairs},
    {"contrastive_bert", "encoders/bert_masked_lm", ObjectiveKind::kContrastive},
    {"contrastive_masked_bert", "encoders/bert_masked_lm", ObjectiveKind::kContrastive},
};

class ObjectiveGoldenTest : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    std::string scratch = testing::TempDir() + "objective-golden-XXXXXX";
    scratch_ = mkdtemp(scratch.data());
    auto golden =
        formats::OpenSafetensors(kGoldens + "objectives/" + GetParam().name + ".safetensors");
    ASSERT_TRUE(golden.ok()) << golden.status().message();
    golden_ = golden->tensors;
    auto model = models::LoadModel(exec_, kGoldens + GetParam().folder,
                                   {.keep_values = true, .pack = false});
    ASSERT_TRUE(model.ok()) << model.status().message();
    if (GetParam().kind == ObjectiveKind::kLabels &&
        model->stack.blueprint().head.kind == nn::Head::Kind::kLanguage) {
      model = models::WithHead(*std::move(model), nn::Head::Kind::kSequenceLabels, {"a", "b", "c"},
                               /*seed=*/1);
      ASSERT_TRUE(model.ok()) << model.status().message();
    }
    model_.emplace(*std::move(model));
    for (ops::Parameter& parameter : model_->stack.parameters()) {
      parameter.value = parameter.value.Clone();
    }
    TakeDrawn();
  }
  void TearDown() override { std::filesystem::remove_all(scratch_); }

  // The parameters of a new head are the reference's.
  void TakeDrawn() {
    static constexpr std::pair<const char*, const char*> kNames[] = {
        {"score.weight", "sequence_labels.out.weight"},
        {"classification_head.dense.weight", "sequence_labels.dense.weight"},
        {"classification_head.dense.bias", "sequence_labels.dense.bias"},
        {"classification_head.out_proj.weight", "sequence_labels.out.weight"},
        {"classification_head.out_proj.bias", "sequence_labels.out.bias"}};
    for (const auto& [theirs, ours] : kNames) {
      const std::string name = std::string("drawn/") + theirs;
      if (!golden_->Has(name)) continue;
      ops::Parameter* parameter = model_->stack.Find(ours);
      ASSERT_NE(parameter, nullptr) << ours;
      parameter->value = golden_->Get(name)->Clone();
      ASSERT_EQ(parameter->value.shape(), parameter->shape);
    }
  }

  std::span<const int32_t> Ints(const std::string& name, int64_t step) {
    const Tensor tensor = *golden_->Get(name);
    const int64_t width = tensor.dim(1);
    return {reinterpret_cast<const int32_t*>(tensor.data()) + step * width,
            static_cast<size_t>(width)};
  }

  bool masked() const { return std::string(GetParam().name) == "contrastive_masked_bert"; }

  // One sequence with its targets, as the objective would append it.
  Batch BatchOf(int64_t step, int64_t begin, int64_t length, int64_t first_target,
                int64_t num_targets) {
    const auto tokens = Ints("input_ids", step).subspan(begin, length);
    const auto types = Ints("token_types", step).subspan(begin, length);
    const auto targets = Ints("targets", step).subspan(first_target, num_targets);
    const nn::Blueprint& blueprint = model_->stack.blueprint();
    Corpus corpus;
    std::vector<int32_t> numbers(targets.begin(), targets.end());
    for (int32_t& number : numbers) number = std::max(number, -1);
    Batch batch;
    if (GetParam().kind == ObjectiveKind::kMasked) {
      AppendText(tokens, types, 0, batch);
      for (size_t i = 0; i < numbers.size(); ++i) {
        if (numbers[i] < 0) continue;
        batch.head_rows.push_back(static_cast<int64_t>(i));
        batch.targets.push_back(numbers[i]);
      }
      return batch;
    }
    Random random(1);
    if (GetParam().kind == ObjectiveKind::kPairs) {
      std::vector<int32_t> both(tokens.begin(), tokens.end());
      both.insert(both.end(), targets.begin(), targets.end());
      corpus.Add("", 0, 0, both, std::vector<int32_t>{static_cast<int32_t>(length)});
      objective_->Append(corpus, {0, 0, 2 * length}, random, batch);
      return batch;
    }
    if (GetParam().kind == ObjectiveKind::kChat) {
      // Targets are the answers' own tokens: flags, or where the one answer begins.
      const auto prompt = std::count(numbers.begin(), numbers.end(), -1);
      for (int32_t& number : numbers) number = number >= 0 ? 1 : 0;
      if (blueprint.encoder_layers > 0) numbers = {static_cast<int32_t>(prompt)};
    } else if (GetParam().kind != ObjectiveKind::kTokenLabels) {
      numbers.insert(numbers.end(), types.begin(), types.end());
    }
    corpus.Add("", 0, 0, tokens, numbers);
    const EpochPlan plan = PlanInOrder(corpus, objective_->DivisionOf(corpus, 1 << 10));
    objective_->Append(corpus, plan.pieces.at(0), random, batch);
    if (GetParam().kind == ObjectiveKind::kTokenLabels) {
      batch.token_types.assign(types.begin(), types.end());
    }
    if (blueprint.num_token_types < 2) batch.token_types.clear();
    return batch;
  }

  // All pairs of all steps, with what the model at the start gives them.
  void PreparePairs(int64_t steps) {
    for (int64_t step = 0; step < steps; ++step) {
      size_t begin = 0;
      for (const int64_t length : kLengths) {
        const auto size = static_cast<size_t>(2 * length + 1);
        const auto prompt = static_cast<int32_t>(length / 3);
        const auto chosen = static_cast<int32_t>(length);
        const std::vector<int32_t> numbers = {chosen, prompt, 0, chosen + 1, prompt, 0};
        pairs_.Add("", 0, 0, Ints("input_ids", step).subspan(begin, size), numbers);
        begin += size;
      }
    }
    objective_->Begin(exec_, model_->stack, 1 << 10, 64, pairs_);
  }

  std::vector<Batch> PairsOf(int64_t step) {
    std::vector<Batch> batches(std::size(kLengths));
    Random random(1);
    for (size_t i = 0; i < batches.size(); ++i) {
      const auto document = step * static_cast<int64_t>(batches.size()) + static_cast<int64_t>(i);
      objective_->Append(pairs_, {document, 0, pairs_.size(document)}, random, batches[i]);
    }
    return batches;
  }

  // All pairs of a step in one batch: each is told from the others.
  std::vector<Batch> AlikeOf(int64_t step) {
    std::vector<Batch> batches(1);
    Random random(1);
    Corpus corpus;
    size_t begin = 0;
    for (const int64_t length : kLengths) {
      const auto size = static_cast<size_t>(2 * length + 1);
      corpus.Add("", 0, 0, Ints("input_ids", step).subspan(begin, size),
                 std::vector<int32_t>{static_cast<int32_t>(length)});
      objective_->Append(corpus, {corpus.num_documents() - 1, 0, static_cast<int64_t>(size)},
                         random, batches[0]);
      begin += size;
    }
    if (!masked()) return batches;
    const auto targets = Ints("targets", step);  // the hidden tokens are the reference's, too
    for (size_t i = 0; i < targets.size(); ++i) {
      if (targets[i] < 0) continue;
      batches[0].head_rows.push_back(static_cast<int64_t>(i));
      batches[0].targets.push_back(targets[i]);
    }
    return batches;
  }

  std::vector<Batch> StepOf(int64_t step) {
    if (GetParam().kind == ObjectiveKind::kContrastive) return AlikeOf(step);
    if (GetParam().kind == ObjectiveKind::kPreference) return PairsOf(step);
    const auto all = static_cast<int64_t>(Ints("targets", step).size());
    const bool per_token = GetParam().kind == ObjectiveKind::kMasked ||
                           GetParam().kind == ObjectiveKind::kTokenLabels ||
                           GetParam().kind == ObjectiveKind::kChat ||
                           GetParam().kind == ObjectiveKind::kPairs;
    std::vector<Batch> batches;
    int64_t begin = 0, target = 0;
    for (const int64_t length : kLengths) {
      const int64_t count = per_token ? length : all / 3;
      batches.push_back(BatchOf(step, begin, length, target, count));
      begin += length;
      target += count;
    }
    return batches;
  }

  void CompareParameters() {
    const Status saved = models::SaveModel(*model_, scratch_ + "/named", DType::kF32);
    ASSERT_TRUE(saved.ok()) << saved.message();
    const auto ours = formats::OpenSafetensorsFolder(scratch_ + "/named")->tensors;
    int compared = 0;
    for (const std::string& full : golden_->names()) {
      if (!full.starts_with("parameter/")) continue;
      const std::string name = full.substr(10);
      // The gradient of a key's bias is rounding noise (tools/goldens/README.md).
      if (name.ends_with("key.bias") || name.ends_with("c_attn.bias") ||
          name.ends_with("query_key_value.bias")) {
        continue;
      }
      // So is that of one vector, or number, added to all rows, where a softmax is over rows.
      if (GetParam().kind == ObjectiveKind::kAnswers &&
          (name == "qa_outputs.bias" || name == "bert.encoder.layer.1.output.LayerNorm.bias")) {
        continue;
      }
      ASSERT_TRUE(ours->Has(name)) << name;
      const Tensor mine = *ours->Get(name), reference = *golden_->Get(full);
      const int64_t count = reference.size();
      for (int64_t i = 0; i < count; ++i) {
        ASSERT_NEAR(mine.f32()[i * mine.size() / count], reference.f32()[i], 2e-4)
            << name << " sample " << i;
      }
      ++compared;
    }
    EXPECT_GT(compared, 15);
  }

  std::string scratch_;
  ThreadPool pool_{2};
  const ops::Exec exec_{pool_, kernels::TableOf(kernels::BestTarget())};
  std::optional<models::Model> model_;
  std::shared_ptr<formats::TensorSource> golden_;
  ObjectivePointer objective_;
  Corpus pairs_;
};

TEST_P(ObjectiveGoldenTest, TenStepsOfAdamW) {
  // The objective does not read text here, so any tokenizer will do.
  if (model_->tokenizer == nullptr) {
    const bool pairs = GetParam().kind == ObjectiveKind::kPairs;
    const std::string path =
        kGoldens + "tokenizers/" + (pairs ? "t5" : "bert_uncased") + "/tokenizer.json";
    model_->tokenizer = text::ReadTokenizerJson(*ReadFile(path)).value();
  }
  if (GetParam().kind == ObjectiveKind::kChat) {
    text::Vocabulary vocabulary = model_->tokenizer->vocabulary();
    vocabulary.chat_template = "{{ messages }}";
    model_->tokenizer = text::MakeTokenizer(std::move(vocabulary)).value();
  }
  Result<ObjectivePointer> objective =
      MakeObjective({.kind = GetParam().kind, .mask_share = 0.0, .masked_weight = 0.3}, *model_);
  ASSERT_TRUE(objective.ok()) << objective.status().message();
  objective_ = *objective;
  Trainer trainer(exec_, model_->stack, *objective_, OptimizerSettings{}, ops::Packing::kF32);
  const Tensor losses = *golden_->Get("losses"), norms = *golden_->Get("gradient_norms");
  if (GetParam().kind == ObjectiveKind::kPreference) PreparePairs(losses.size());
  for (int64_t step = 0; step < losses.size(); ++step) {
    if (GetParam().kind == ObjectiveKind::kPreference) {
      double margin = 0.0;
      for (const Batch& batch : PairsOf(step)) {
        margin += *objective_->Judge(exec_, model_->stack, batch).margin / std::size(kLengths);
      }
      EXPECT_NEAR(margin, golden_->Get("margins")->f32()[step], 1e-4) << step;
    }
    const auto result = trainer.Step(StepOf(step), 1e-3, {});
    ASSERT_TRUE(result.ok()) << result.status().message();
    EXPECT_NEAR(result->loss, losses.f32()[step], 2e-5 * losses.f32()[step]) << step;
    EXPECT_NEAR(result->grad_norm, norms.f32()[step], 2e-4 * norms.f32()[step]) << step;
  }
  CompareParameters();
}

INSTANTIATE_TEST_SUITE_P(All, ObjectiveGoldenTest, testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace parvis::train
