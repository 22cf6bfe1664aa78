// kill -9 at a hundred random moments of small training runs: each loses at most what came after
// its last checkpoint, and all end with the bits of a run that nobody killed.

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string>

#include "gtest/gtest.h"
#include "parvis/core/file.h"
#include "parvis/core/random.h"
#include "parvis/train/checkpoint.h"
#include "parvis/train/run_log.h"
#include "parvis/train/train.h"

namespace parvis::train {
namespace {

constexpr int kKills = 100;
constexpr int64_t kInterval = 3;  // steps between checkpoints

constexpr const char* kRecipe = R"([run]
name = "killed"
[data]
train = ["text.txt"]
split = "paragraphs"
[tokenizer]
vocab_size = 270
[model]
hidden_size = 32
num_hidden_layers = 1
num_attention_heads = 2
intermediate_size = 48
tie_word_embeddings = true
[train]
steps = 40
batch_tokens = 128
context_length = 32
learning_rate = 3e-3
average = 0.9
checkpoint_every = 3
)";

class KillTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "kill-XXXXXX";
    folder_ = mkdtemp(name.data());
    std::string text;
    for (int i = 0; i < 200; ++i) text += "The " + std::to_string(i * i) + "th cat sat down.\n\n";
    ASSERT_TRUE(WriteFileAtomically(folder_ + "/text.txt", text).ok());
    ASSERT_TRUE(WriteFileAtomically(folder_ + "/r.toml", kRecipe).ok());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // Trains in a process of its own, killed after `seconds`. True: it came to its end before.
  bool Session(const std::string& run, double seconds) {
    const pid_t child = fork();
    if (child == 0) {
      TrainOptions options;
      options.recipe_path = folder_ + "/r.toml";
      options.run_dir = folder_ + "/" + run;
      options.resume = std::filesystem::exists(options.run_dir);
      options.threads = 1;
      _exit(Train(options).ok() ? 0 : 1);
    }
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    int status = 0;
    while (waitpid(child, &status, WNOHANG) == 0) {
      if (std::chrono::steady_clock::now() >= end) kill(child, SIGKILL);
      usleep(500);
    }
    if (WIFEXITED(status)) {
      EXPECT_EQ(WEXITSTATUS(status), 0) << "a session failed by itself";
      return true;
    }
    return false;
  }

  std::string Model(const std::string& run) {
    return *ReadFile(folder_ + "/" + run + "/model.gguf");
  }

  // The last step that the log has beyond the last checkpoint.
  int64_t StepsAtRisk(const std::string& run) {
    const auto checkpoints = ListCheckpoints(folder_ + "/" + run + "/checkpoints");
    const int64_t saved = checkpoints.empty() ? 0 : checkpoints.back().first;
    const Result<std::vector<Json>> lines = ReadRunLog(folder_ + "/" + run + "/log.jsonl");
    int64_t last = 0;
    if (lines.ok() && !lines->empty()) last = lines->back()["step"].get<int64_t>();
    return last - saved;
  }

  std::string folder_;
};

TEST_F(KillTest, LosesAtMostOneIntervalAndEndsWithTheSameBits) {
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_TRUE(Session("whole", 600));
  const double whole =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const std::string expected = Model("whole");
  Random random(4);
  int kills = 0, runs = 0;
  int64_t at_risk = 0;
  while (kills < kKills) {
    const std::string run = "run" + std::to_string(++runs);
    while (!Session(run, kills < kKills ? random.Uniform() * whole : 600)) {
      ++kills;
      at_risk = std::max(at_risk, StepsAtRisk(run));
      ASSERT_LE(StepsAtRisk(run), kInterval);
    }
    ASSERT_TRUE(Model(run) == expected) << run;
  }
  EXPECT_GT(runs, 3);
  RecordProperty("kills", kills);
  RecordProperty("runs", runs);
  RecordProperty("most_steps_lost", static_cast<int>(at_risk));
}

}  // namespace
}  // namespace parvis::train
