// A small encoder that fills masks learns to find translations: alone it forgets the masks, with
// some tokens hidden it does not.

#include <string>

#include "gtest/gtest.h"
#include "parvis/models/model.h"
#include "parvis/train/evaluator.h"
#include "parvis/train/objectives.h"
#include "parvis/train/train.h"
#include "tests/scratch_test.h"

namespace parvis::train {
namespace {

constexpr int kWords = 10;
const char* const kEnglish[kWords] = {"cat", "sea", "old", "ran", "sat",
                                      "sun", "day", "man", "eat", "red"};
const char* const kFrench[kWords] = {"chat", "mer",    "vieux", "court", "assis",
                                     "jour", "soleil", "homme", "mange", "rouge"};

// Words at equal steps along a ring, so that each follows from its neighbours.
std::string Sentence(const char* const* words, int start, int step) {
  std::string text;
  for (int i = 0; i < 6; ++i) {
    text += (i == 0 ? "" : " ") + std::string(words[(start + i * step) % kWords]);
  }
  return text;
}

class ContrastiveRunTest : public ScratchTest {
 protected:
  void SetUp() override {
    std::string texts, pairs;
    for (int start = 0; start < kWords; ++start) {
      for (const int step : {1, 2, 3, 4, 6, 7, 8, 9}) {
        const std::string english = Sentence(kEnglish, start, step);
        const std::string french = Sentence(kFrench, start, step);
        texts += "{\"text\":\"" + english + "\"}\n{\"text\":\"" + french + "\"}\n";
        pairs += english + "\t" + french + "\n";
      }
    }
    Write("texts.jsonl", texts);
    Write("pairs.tsv", pairs);
  }

  // Trains run `name`; the file of its model.
  std::string Run(const std::string& name, const std::string& data, const std::string& model,
                  const std::string& train) {
    Write("r.toml", "[run]\nname = \"" + name + "\"\n[data]\ntrain = [\"" + data +
                        "\"]\nheld_out = 0.1\n" + model + "[train]\n" + train +
                        "context_length = 64\nbatch_tokens = 512\nmicro_batch_tokens = 512\n"
                        "warmup_steps = 10\neval_every = 1000\nweight_decay = 0.0\nbeta2 = 0.98\n");
    TrainOptions options;
    options.recipe_path = folder_ + "/r.toml";
    options.run_dir = folder_ + "/" + name;
    options.threads = 1;
    const Result<TrainReport> report = Train(options);
    EXPECT_TRUE(report.ok()) << report.status().message();
    return folder_ + "/" + name + "/model.gguf";
  }

  struct Figures {
    double found = 0.0, masked_loss = 0.0;
  };
  // Of all pairs, told from each other; of all texts' hidden tokens.
  Figures Measure(const std::string& path) {
    auto model = models::LoadModel(exec_, path);
    EXPECT_TRUE(model.ok()) << model.status().message();
    const Evaluation pairs =
        Evaluate(*model, {.kind = ObjectiveKind::kContrastive, .mask_share = 0.0}, "pairs.tsv");
    const Evaluation masked = Evaluate(*model, {.kind = ObjectiveKind::kMasked}, "texts.jsonl");
    return {.found = *pairs.accuracy, .masked_loss = masked.loss};
  }

  Evaluation Evaluate(models::Model& model, const ObjectiveSettings& settings,
                      const std::string& file) {
    const ObjectivePointer objective = MakeObjective(settings, model).value();
    const Documents read =
        ReadDocuments({{.path = folder_ + "/" + file}}, false, RowFormatOf(settings.kind)).value();
    Corpus corpus;
    for (const Document& document : read.documents) {
      const auto example = objective->Encode(document).value();
      corpus.Add(document.id, 0, document.text_bytes(), example.tokens, example.numbers);
    }
    return EvalSet(file, corpus, *objective, 64, 0).Run(exec_, model.stack, 1 << 14);
  }

  ThreadPool pool_{1};
  const ops::Exec exec_{pool_, kernels::TableOf(kernels::BestTarget())};
};

TEST_F(ContrastiveRunTest, FindsTranslationsAndGoesOnFillingMasks) {
  const std::string bert =
      "[tokenizer]\nkind = \"wordpiece\"\nvocab_size = 160\n[model]\nmodel_type = \"bert\"\n"
      "hidden_size = 32\nnum_hidden_layers = 2\nnum_attention_heads = 2\nintermediate_size = 64\n"
      "initializer_range = 0.1\n";
  const std::string masked =
      Run("masked", "texts.jsonl", bert,
          "objective = \"masked\"\nwhole_word = true\nlearning_rate = 5e-3\nsteps = 400\n");
  const std::string from = "[model]\nfrom = \"" + masked + "\"\n";
  const std::string learn = "objective = \"contrastive\"\nlearning_rate = 2e-3\nsteps = 240\n";
  const std::string alone = Run("alone", "pairs.tsv", from, learn);
  const std::string both =
      Run("both", "pairs.tsv", from,
          learn + "mask_share = 0.15\nwhole_word = true\nmasked_weight = 1.0\n");

  const Figures before = Measure(masked), without = Measure(alone), with = Measure(both);
  EXPECT_LT(before.found, 0.1);
  EXPECT_LT(before.masked_loss, 0.3);  // of 2.3 that the words' number would have it
  EXPECT_GT(without.found, 0.8);
  EXPECT_GT(without.masked_loss, 1.0);
  EXPECT_GT(with.found, 0.5);
  EXPECT_LT(with.masked_loss, 0.4);

  // The file says how it is embedded, and has its head.
  auto model = models::LoadModel(exec_, both);
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_EQ(model->task.pooling, "mean");
  EXPECT_TRUE(model->task.normalize);
  EXPECT_EQ(model->stack.blueprint().head.kind, nn::Head::Kind::kLanguage);
}

}  // namespace
}  // namespace parvis::train
