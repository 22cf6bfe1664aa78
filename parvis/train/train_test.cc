#include "parvis/train/train.h"

#include <sys/resource.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "parvis/core/file.h"
#include "parvis/core/json.h"
#include "parvis/core/random.h"
#include "parvis/train/checkpoint.h"
#include "parvis/train/run_log.h"
#include "tests/scratch_test.h"

namespace parvis::train {
namespace {

using testing::HasSubstr;

constexpr const char* kRecipe = R"([run]
name = "tiny"
[data]
train = ["train.jsonl"]
eval = ["held.txt"]
[tokenizer]
vocab_size = 300
[model]
hidden_size = 32
num_hidden_layers = 2
num_attention_heads = 4
num_key_value_heads = 2
intermediate_size = 48
tie_word_embeddings = true
[train]
steps = 20
batch_tokens = 128
micro_batch_tokens = 64
context_length = 32
learning_rate = 3e-3
warmup_steps = 3
eval_every = 5
checkpoint_every = 4
)";

// A folder with a recipe and some text; every run is a folder within.
class TrainTest : public ScratchTest {
 protected:
  void SetUp() override {
    Write("train.jsonl", Stories(40));
    Write("held.txt", "The old cat sat by the sea. It ran and ran.");
    Write("r.toml", kRecipe);
  }

  static std::string Stories(int count) {
    static constexpr const char* kWords[] = {"the", "cat", "sea", "ran", "old", "a", "sat", "by"};
    Random random(9);
    std::string rows;
    for (int i = 0; i < count; ++i) {
      std::string text = "Once";
      const uint64_t words = 5 + random.Below(60);
      for (uint64_t w = 0; w < words; ++w) text += std::string(" ") + kWords[random.Below(8)];
      rows += "{\"text\":\"" + text + ".\",\"license\":\"CC0\"}\n";
    }
    return rows;
  }
  TrainOptions Options(const std::string& run) {
    TrainOptions options;
    options.recipe_path = folder_ + "/r.toml";
    options.run_dir = folder_ + "/" + run;
    options.threads = 1;
    return options;
  }
  std::string Model(const std::string& run) {
    Result<std::string> bytes = ReadFile(folder_ + "/" + run + "/model.gguf");
    return bytes.ok() ? *bytes : bytes.status().message();
  }
  std::vector<double> Losses(const std::string& run) {
    std::vector<double> losses;
    const Result<std::vector<Json>> log = ReadRunLog(folder_ + "/" + run + "/log.jsonl");
    if (!log.ok()) return losses;
    for (const Json& line : *log) {
      if (line.contains("loss")) losses.push_back(line["loss"].get<double>());
      if (line.contains("eval")) losses.push_back(line["eval"][0]["bits_per_byte"].get<double>());
    }
    return losses;
  }
  // Stops a run when it has done `step` steps.
  TrainOptions Stopping(const std::string& run, int64_t step) {
    TrainOptions options = Options(run);
    stop_ = false;
    options.stop = &stop_;
    options.progress = [this, step](const Progress& progress) {
      if (progress.step >= step) stop_ = true;
    };
    return options;
  }

  std::atomic<bool> stop_{false};
};

// Models of relatives of LLaMA: what is written computes what was trained.
TEST_F(TrainTest, RelativesOfLlama) {
  const std::vector<std::string> shared = {"train.steps=6", "output.dtype=f32"};
  for (const std::vector<std::string>& told : std::vector<std::vector<std::string>>{
           {"model.model_type=mistral", "model.sliding_window=16"},
           {"model.model_type=qwen2"},
           {"model.model_type=qwen3", "model.head_dim=16"},
           {"model.model_type=gemma", "model.head_dim=16"},
           {"model.model_type=phi3", "model.partial_rotary_factor=0.5",
            "model.sliding_window=16"}}) {
    SCOPED_TRACE(told[0]);
    TrainOptions options = Options(told[0]);
    options.overrides = shared;
    options.overrides.insert(options.overrides.end(), told.begin(), told.end());
    const Result<TrainReport> report = Train(options);
    ASSERT_TRUE(report.ok()) << report.status().message();
    const std::vector<double> losses = Losses(told[0]);
    EXPECT_LT(losses.back(), losses.front());
    // One more step at a rate of nearly nothing: the parent is the model that was evaluated.
    Write("next.toml",
          "[data]\ntrain = [\"train.jsonl\"]\neval = [\"held.txt\"]\n[model]\nfrom = \"" +
              report->model_path +
              "\"\n[train]\nsteps = 1\nbatch_tokens = 32\ncontext_length = "
              "32\nlearning_rate = 1e-12\nweight_decay = 0\n");
    TrainOptions next = Options(told[0] + "-next");
    next.recipe_path = folder_ + "/next.toml";
    const Result<TrainReport> again = Train(next);
    ASSERT_TRUE(again.ok()) << again.status().message();
    EXPECT_NEAR(again->evaluations[0].loss, report->evaluations[0].loss, 1e-6);
  }
}

// What is learned by heart says less and less of other text.
TEST_F(TrainTest, StopsWhenEvaluationsGetNoBetterAndGivesTheBest) {
  std::string recipe = kRecipe;
  recipe.replace(recipe.find("steps = 20"), 10, "steps = 400\npatience = 3");
  recipe.replace(recipe.find("3e-3"), 4, "2e-2");
  Write("r.toml", recipe);
  Write("held.txt", "Other words stand here: quick foxes jump, lazy dogs sleep, nobody sits.");
  const Result<TrainReport> report = Train(Options("run"));
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_LT(report->steps, 400);
  const Result<std::vector<Json>> log = ReadRunLog(folder_ + "/run/log.jsonl");
  ASSERT_TRUE(log.ok());
  double best = 1e9, final_score = 0.0;
  int64_t best_step = 0, said = -1;
  for (const Json& line : *log) {
    if (line.contains("best_step")) said = line["best_step"].get<int64_t>();
    if (!line.contains("eval")) continue;
    const double score = line["eval"][0]["bits_per_byte"].get<double>();
    if (line["final"].get<bool>()) {
      final_score = score;
    } else if (score < best) {
      best = score;
      best_step = line["step"].get<int64_t>();
    }
  }
  EXPECT_EQ(said, best_step);
  EXPECT_EQ(report->steps, best_step + 3 * 5);
  EXPECT_DOUBLE_EQ(final_score, best);  // the whole of the text was evaluated each time

  // Interrupted while it waits, it ends the same.
  ASSERT_EQ(Train(Stopping("again", best_step + 7)).status().code(), StatusCode::kCancelled);
  TrainOptions resumed = Options("again");
  resumed.resume = true;
  const Result<TrainReport> again = Train(resumed);
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ(again->steps, report->steps);
  EXPECT_EQ(Model("again"), Model("run"));
}

TEST_F(TrainTest, GoesFromTextToAModel) {
  TrainOptions options = Options("run");
  std::vector<Progress> seen;
  options.progress = [&seen](const Progress& progress) { seen.push_back(progress); };
  const Result<TrainReport> report = Train(options);
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->steps, 20);
  EXPECT_LE(report->tokens, 20 * 128);
  EXPECT_GT(report->tokens, 20 * 100);
  ASSERT_EQ(report->evaluations.size(), 1u);
  EXPECT_EQ(report->evaluations[0].name, "held.txt");
  EXPECT_GT(report->evaluations[0].bits_per_byte.value_or(0), 0.5);
  for (const char* name : {"recipe.toml", "tokenizer.json", "log.jsonl", "loss.svg", "run.json",
                           "model.gguf", "checkpoints/best.safetensors"}) {
    EXPECT_TRUE(std::filesystem::exists(folder_ + "/run/" + name)) << name;
  }
  const auto kept = ListCheckpoints(folder_ + "/run/checkpoints");
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_EQ(kept[0].first, 16);
  EXPECT_EQ(kept[1].first, 20);
  EXPECT_EQ(seen.back().stage, Progress::Stage::kWriting);
  const Json ledger = *ParseJson(*ReadFile(folder_ + "/run/run.json"));
  EXPECT_EQ(ledger["status"], "finished");
  EXPECT_EQ(ledger["steps"]["value"], 20);
  EXPECT_EQ(ledger["code_version"]["provenance"], "missing");
  EXPECT_EQ(ledger["data"]["train"][0]["licences"]["value"]["CC0"], 40);
  EXPECT_EQ(ledger["output"]["file"], "model.gguf");
  const std::vector<double> losses = Losses("run");
  EXPECT_EQ(losses.size(), 25u);
  EXPECT_LT(losses[20], losses[0]);
}

TEST_F(TrainTest, ResumesToTheSameBitsAtAnyNumberOfThreads) {
  ASSERT_TRUE(Train(Options("whole")).ok());
  for (const int64_t step : {1, 9, 10, 16}) {
    const std::string run = "cut" + std::to_string(step);
    const Result<TrainReport> cut = Train(Stopping(run, step));
    ASSERT_EQ(cut.status().code(), StatusCode::kCancelled);
    EXPECT_THAT(cut.status().message(),
                HasSubstr("stopped at step " + std::to_string(step) + " of 20"));
    EXPECT_THAT(Train(Options(run)).status().message(), HasSubstr("--resume goes on with it"));
    TrainOptions options = Options(run);
    options.resume = true;
    options.threads = 2;
    const Result<TrainReport> report = Train(options);
    ASSERT_TRUE(report.ok()) << report.status().message();
    EXPECT_EQ(Model(run), Model("whole"));
    EXPECT_EQ(Losses(run), Losses("whole"));
  }
}

TEST_F(TrainTest, ResumingAFinishedRunChangesNothing) {
  ASSERT_TRUE(Train(Options("run")).ok());
  const std::string model = Model("run");
  const std::vector<double> losses = Losses("run");
  TrainOptions options = Options("run");
  options.resume = true;
  ASSERT_TRUE(Train(options).ok());
  EXPECT_EQ(Model("run"), model);
  EXPECT_EQ(Losses("run"), losses);
}

TEST_F(TrainTest, GoesOnOnlyWithTheSameRecipeAndText) {
  ASSERT_FALSE(Train(Stopping("run", 5)).ok());
  TrainOptions options = Options("run");
  options.resume = true;
  std::string changed = kRecipe;
  changed.replace(changed.find("3e-3"), 4, "4e-3");
  Write("r.toml", changed);
  EXPECT_THAT(Train(options).status().message(),
              HasSubstr("the recipe has changed since this checkpoint (train.learning_rate)"));
  Write("r.toml", kRecipe);
  Write("train.jsonl", Stories(41));
  EXPECT_THAT(Train(options).status().message(),
              HasSubstr("the text or the tokenizer has changed"));
  Write("train.jsonl", Stories(40));
  const std::string last = ListCheckpoints(folder_ + "/run/checkpoints").back().second;
  std::string bytes = *ReadFile(last);
  bytes[bytes.size() / 2] ^= 4;
  ASSERT_TRUE(WriteFileAtomically(last, bytes).ok());
  EXPECT_THAT(Train(options).status().message(), HasSubstr("remove it to go on from"));
  std::filesystem::remove(last);
  EXPECT_TRUE(Train(options).ok());
}

TEST_F(TrainTest, HoldsDocumentsOutWhereNoneAreNamed) {
  std::string recipe = kRecipe;
  recipe.replace(recipe.find("eval = [\"held.txt\"]"), 19, "held_out = 0.25");
  Write("r.toml", recipe);
  const Result<TrainReport> report = Train(Options("run"));
  ASSERT_TRUE(report.ok()) << report.status().message();
  ASSERT_EQ(report->evaluations.size(), 1u);
  EXPECT_EQ(report->evaluations[0].name, "held out");
  const Result<std::string> rows = ReadFile(folder_ + "/train.jsonl");
  EXPECT_NEAR(static_cast<double>(report->evaluations[0].bytes), 0.25 * rows->size(),
              0.1 * rows->size());
}

TEST_F(TrainTest, SaysWhatIsWrongWithTheText) {
  Write("train.jsonl", "");
  EXPECT_THAT(Train(Options("a")).status().message(), HasSubstr("no text in "));
  Write("train.jsonl", "{\"text\":1}");
  EXPECT_THAT(Train(Options("b")).status().message(), HasSubstr("train.jsonl:1: no \"text\""));
  // Empty rows are passed over; a text of one token is one to learn from.
  Write("train.jsonl", "{\"text\":\"\"}\n\n{\"text\":\"a\"}\n");
  Write("held.txt", "b");
  std::string recipe = kRecipe;
  recipe.replace(recipe.find("vocab_size = 300"), 16, "vocab_size = 258");
  Write("r.toml", recipe);
  EXPECT_EQ(Train(Options("d")).status().message(), "");
  TrainOptions options = Options("c");
  options.resume = true;
  EXPECT_EQ(Train(options).status().code(), StatusCode::kNotFound);
}

// A file size limit stands for a full disk: writing fails in the middle of a checkpoint.
TEST_F(TrainTest, KeepsTheLastCheckpointWhenTheDiskIsFull) {
  ASSERT_TRUE(Train(Options("whole")).ok());
  ASSERT_FALSE(Train(Stopping("run", 8)).ok());
  const auto before = ListCheckpoints(folder_ + "/run/checkpoints");
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit old_limit{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old_limit), 0);
  rlimit limit = old_limit;
  limit.rlim_cur = 100'000;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  TrainOptions options = Options("run");
  options.resume = true;
  const Result<TrainReport> full = Train(options);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &old_limit), 0);
  ASSERT_FALSE(full.ok());
  EXPECT_THAT(full.status().message(), HasSubstr("the checkpoints before are intact"));
  EXPECT_EQ(ListCheckpoints(folder_ + "/run/checkpoints"), before);
  ASSERT_TRUE(Train(options).ok());
  EXPECT_EQ(Model("run"), Model("whole"));
}

}  // namespace
}  // namespace parvis::train
