// Heads that are taught whole beside an adapter: against PEFT's modules_to_save
// (tools/goldens/make_adapters.py), and whole runs.

#include <algorithm>
#include <atomic>
#include <cmath>
#include <optional>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "parvis/core/file.h"
#include "parvis/core/random.h"
#include "parvis/formats/safetensors.h"
#include "parvis/models/adapter.h"
#include "parvis/train/objectives.h"
#include "parvis/train/train.h"
#include "parvis/train/trainer.h"
#include "tests/scratch_test.h"

namespace parvis::train {
namespace {

using testing::HasSubstr;

const std::string kGolden = std::string(PARVIS_SOURCE_DIR) + "/tests/golden/";
constexpr int64_t kLength = 21;

struct Case {
  const char *name, *base;
};
std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.name; }

class AdapterHeadTest : public ScratchTest, public testing::WithParamInterface<Case> {
 protected:
  void SetUp() override {
    const std::string folder = kGolden + "adapters/" + GetParam().name;
    golden_ = formats::OpenSafetensors(folder + "/golden.safetensors")->tensors;
    model_.emplace(Base());
    const Status loaded = models::LoadAdapter(exec_, folder, *model_);
    ASSERT_TRUE(loaded.ok()) << loaded.message();
    model_->stack.Pack(exec_, /*keep_values=*/true, ops::Packing::kF32);
  }
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
  // Texts whose label is read off the first token of encoders, the last one of decoders; a T5 reads
  // them twice.
  Batch Texts(const std::vector<int32_t>& tokens, int64_t length) {
    const nn::Blueprint& blueprint = model_->stack.blueprint();
    Batch batch;
    batch.tokens = tokens;
    for (int64_t at = 0; at < static_cast<int64_t>(tokens.size()); at += length) {
      batch.segments.push_back({at, length});
      batch.documents.push_back(0);
      batch.head_rows.push_back(blueprint.attention.causal ? at + length - 1 : at);
      if (blueprint.encoder_layers == 0) continue;
      const auto row = batch.tokens.begin() + at;
      batch.prompt_tokens.insert(batch.prompt_tokens.end(), row, row + length);
      batch.prompt_segments.push_back({at, length});
      std::rotate(row, row + length - 1, row + length);
      *row = static_cast<int32_t>(blueprint.decoder_start_token);
    }
    return batch;
  }
  Batch Rows(const std::string& name, int64_t first, int64_t rows) {
    const std::vector<int32_t> tokens = Ints(name + ".tokens"), labels = Ints(name + ".labels");
    Batch batch = Texts(
        {tokens.begin() + first * kLength, tokens.begin() + (first + rows) * kLength}, kLength);
    batch.targets.assign(labels.begin() + first, labels.begin() + first + rows);
    return batch;
  }
  Tensor Scores(models::Model& model) {
    const std::vector<int32_t> ids = Ints("input_ids");
    return model.stack.Logits(
        exec_, HeadRows(exec_, model.stack, Texts(ids, static_cast<int64_t>(ids.size()))));
  }
  void ExpectNear(const Tensor& ours, const Tensor& theirs, double tolerance,
                  const std::string& what) {
    ASSERT_EQ(ours.size(), theirs.size()) << what;
    double largest = 0.0;
    for (int64_t i = 0; i < theirs.size(); ++i) {
      largest = std::max(largest, std::abs(double{theirs.f32()[i]}));
    }
    for (int64_t i = 0; i < ours.size(); ++i) {
      ASSERT_NEAR(ours.f32()[i], theirs.f32()[i], tolerance * largest) << what << " at " << i;
    }
  }
  // All that is learned, or its gradients, as a PEFT folder names it.
  void Compare(const std::string& prefix, bool gradients) {
    const auto swap = [&] {
      for (ops::Parameter* p : model_->stack.Learned()) std::swap(p->value, p->grad);
    };
    if (gradients) swap();
    const Status saved = models::SaveAdapter(*model_, folder_ + "/named", "base");
    if (gradients) swap();
    ASSERT_TRUE(saved.ok()) << saved.message();
    const auto ours =
        formats::OpenSafetensors(folder_ + "/named/adapter_model.safetensors")->tensors;
    size_t compared = 0;
    for (const std::string& full : golden_->names()) {
      if (!full.starts_with(prefix)) continue;
      const std::string name = full.substr(prefix.size());
      ASSERT_TRUE(ours->Has(name)) << name;
      ExpectNear(*ours->Get(name), *golden_->Get(full), 2e-4, name);
      ++compared;
    }
    EXPECT_EQ(compared, ours->names().size());
    EXPECT_GT(compared, 8u);
  }

  ThreadPool pool_{2};
  ops::Exec exec_{pool_, kernels::TableOf(kernels::BestTarget())};
  std::shared_ptr<formats::TensorSource> golden_;
  std::optional<models::Model> model_;
};

TEST_P(AdapterHeadTest, ScoresArePefts) {
  EXPECT_EQ(model_->task.labels, (std::vector<std::string>{"LABEL_0", "LABEL_1", "LABEL_2"}));
  ExpectNear(Scores(*model_), *golden_->Get("logits"), 2e-5, "scores");
}

TEST_P(AdapterHeadTest, GradientsAndTenStepsArePyTorchs) {
  if (model_->tokenizer == nullptr) {  // not used
    const std::string path = kGolden + "tokenizers/bert_uncased/tokenizer.json";
    model_->tokenizer = text::ReadTokenizerJson(*ReadFile(path)).value();
  }
  const auto objective = MakeObjective({.kind = ObjectiveKind::kLabels}, *model_);
  ASSERT_TRUE(objective.ok()) << objective.status().message();
  Trainer trainer(exec_, model_->stack, **objective, OptimizerSettings{}, ops::Packing::kF32);
  const Batch rows = Rows("rows", 0, 3);
  const auto result = trainer.Accumulate({&rows, 1}, {});
  ASSERT_TRUE(result.ok());
  const double loss = golden_->Get("rows.loss")->f32()[0];
  EXPECT_NEAR(result->loss, loss, 1e-5 * loss);
  Compare("rows.gradient/", /*gradients=*/true);
  for (int64_t step = 0; step < 10; ++step) {
    const std::vector<Batch> batches = {Rows("steps", step * 2, 1), Rows("steps", step * 2 + 1, 1)};
    const auto stepped = trainer.Step(batches, 1e-3, {});
    ASSERT_TRUE(stepped.ok());
    const double expected = golden_->Get("steps.losses")->f32()[step];
    const double norm = golden_->Get("steps.gradient_norms")->f32()[step];
    EXPECT_NEAR(stepped->loss, expected, 5e-5 * expected) << "step " << step;
    EXPECT_NEAR(stepped->grad_norm, norm, 2e-4 * norm) << "step " << step;
  }
  Compare("steps.parameter/", /*gradients=*/false);
}

TEST_P(AdapterHeadTest, ComesBackAndMerges) {
  const Tensor expected = Scores(*model_);
  model_->task.labels = {"a", "b", "c"};
  EXPECT_THAT(models::SaveAdapter(*model_, folder_ + "/a.gguf", "base").message(),
              HasSubstr("no place for a head"));
  ASSERT_TRUE(models::SaveAdapter(*model_, folder_ + "/saved", "base").ok());
  models::Model again = Base();
  const Status loaded = models::LoadAdapter(exec_, folder_ + "/saved", again);
  ASSERT_TRUE(loaded.ok()) << loaded.message();
  EXPECT_EQ(again.task.labels, (std::vector<std::string>{"a", "b", "c"}));
  ASSERT_TRUE(models::MergeAdapter(exec_, again).ok());
  again.stack.Pack(exec_, /*keep_values=*/true, ops::Packing::kF32);
  ExpectNear(Scores(again), expected, 5e-5, "merged");
}

TEST_P(AdapterHeadTest, RefusesAFolderWithoutItsHead) {
  ASSERT_TRUE(models::SaveAdapter(*model_, folder_ + "/saved", "base").ok());
  const auto load = [&](const std::string& key, const Json& value) {
    const std::string path = folder_ + "/saved/adapter_config.json";
    Json config = *ParseJson(*ReadFile(path));
    const std::string before = config.dump();
    config[key] = value;
    EXPECT_TRUE(WriteFileAtomically(path, config.dump()).ok());
    models::Model base = Base();
    const std::string message = models::LoadAdapter(exec_, folder_ + "/saved", base).message();
    EXPECT_TRUE(WriteFileAtomically(path, before).ok());
    return message;
  };
  EXPECT_THAT(load("task_type", "CAUSAL_LM"), HasSubstr("modules_to_save: only of task_type"));
  // transformers names the blocks of a T5 otherwise where it has a head.
  const bool t5 = model_->stack.blueprint().encoder_layers > 0;
  EXPECT_THAT(load("modules_to_save", nullptr),
              HasSubstr(t5 ? "what no block of this model has" : "neither an A nor a B"));
  Write("saved/labels.json", "{\"labels\": [\"one\", \"two\"]}");
  EXPECT_THAT(load("bias", "none"), HasSubstr("does not fit"));
  Write("saved/labels.json", "{\"labels\": 3}");
  EXPECT_THAT(load("bias", "none"), HasSubstr("labels.json: not {\"labels\""));
}

INSTANTIATE_TEST_SUITE_P(All, AdapterHeadTest,
                         testing::Values(Case{"labels_llama", "models/llama_gqa"},
                                         Case{"labels_bert", "encoders/bert_masked_lm"},
                                         Case{"labels_t5", "models/t5_v1_1"}),
                         [](const auto& info) { return std::string(info.param.name); });

class AdapterHeadRunTest : public ScratchTest {
 protected:
  TrainOptions Options(const std::string& recipe, const std::string& run) {
    TrainOptions options;
    options.recipe_path = folder_ + "/" + recipe + ".toml";
    options.run_dir = folder_ + "/" + run;
    options.threads = 1;
    return options;
  }
};

// From a model that goes on with texts to one that tells whether a cat is in them.
TEST_F(AdapterHeadRunTest, TeachesLabelsAndResumesToTheSameBits) {
  Random random(9);
  static constexpr const char* kWords[] = {"the", "dog", "sea", "ran", "old", "a", "sat", "by"};
  std::string rows;
  for (int i = 0; i < 120; ++i) {
    std::string text;
    for (int w = 0; w < 6; ++w) {
      const std::string word = kWords[random.Below(8)];
      text += (w == 0 ? "" : " ") + (i % 2 == 0 && w == 3 ? "cat" : word);
    }
    rows += "{\"text\":\"" + text + "\",\"label\":\"" + (i % 2 == 0 ? "cat" : "none") + "\"}\n";
  }
  Write("rows.jsonl", rows);
  const std::string train =
      "context_length = 32\nbatch_tokens = 128\nmicro_batch_tokens = 64\nlearning_rate = 1e-2\n";
  Write("base.toml",
        "[data]\ntrain = [\"rows.jsonl\"]\n[tokenizer]\nvocab_size = 280\n[model]\n"
        "hidden_size = 32\nintermediate_size = 48\nnum_hidden_layers = 2\n"
        "num_attention_heads = 2\n[train]\nsteps = 30\n" +
            train);
  Write("r.toml",
        "[data]\ntrain = [\"rows.jsonl\"]\nheld_out = 0.1\n[model]\n"
        "from = \"base/model.gguf\"\n[lora]\nrank = 4\n[train]\nobjective = \"labels\"\n"
        "steps = 120\ncheckpoint_every = 25\naverage = 0.9\ndtype = \"bf16\"\n" +
            train);
  ASSERT_TRUE(Train(Options("base", "base")).ok());
  const auto report = Train(Options("r", "whole"));
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->model_path, folder_ + "/whole/adapter");
  EXPECT_GT(*report->evaluations[0].accuracy, 0.9);

  TrainOptions options = Options("r", "cut");
  std::atomic<bool> stop{false};
  options.stop = &stop;
  options.progress = [&stop](const Progress& p) { stop = stop || p.step >= 40; };
  ASSERT_EQ(Train(options).status().code(), StatusCode::kCancelled);
  TrainOptions again = Options("r", "cut");
  again.resume = true;
  again.threads = 2;
  ASSERT_TRUE(Train(again).ok());
  for (const char* file : {"adapter_model.safetensors", "labels.json", "adapter_config.json"}) {
    EXPECT_EQ(*ReadFile(folder_ + "/cut/adapter/" + file),
              *ReadFile(folder_ + "/whole/adapter/" + file))
        << file;
  }

  TrainOptions refused = Options("r", "refused");
  refused.overrides = {"output.model=a.gguf"};
  EXPECT_THAT(Train(refused).status().message(), HasSubstr("[output] model: must be a folder"));
}

}  // namespace
}  // namespace parvis::train
