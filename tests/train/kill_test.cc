// kill -9 at two hundred random moments of small training runs of several objectives: each loses at
// most what came after its last checkpoint, and all end with the bits of a run that nobody killed.

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "parvis/core/file.h"
#include "parvis/core/random.h"
#include "parvis/train/checkpoint.h"
#include "parvis/train/run_log.h"
#include "parvis/train/train.h"

namespace parvis::train {
namespace {

constexpr size_t kKills = 200;    // of all kinds of runs together
constexpr int64_t kInterval = 3;  // steps between checkpoints

constexpr const char* kTrain = R"([train]
steps = 40
batch_tokens = 128
context_length = 32
learning_rate = 3e-3
checkpoint_every = 3
)";
constexpr const char* kLlama = R"([tokenizer]
vocab_size = 270
[model]
hidden_size = 32
num_hidden_layers = 1
num_attention_heads = 2
intermediate_size = 48
tie_word_embeddings = true
)";
constexpr const char* kBert = R"([tokenizer]
kind = "wordpiece"
vocab_size = 80
[model]
model_type = "bert"
hidden_size = 32
num_hidden_layers = 1
num_attention_heads = 2
intermediate_size = 48
)";
constexpr const char* kT5 = R"([tokenizer]
kind = "unigram"
vocab_size = 60
extra_ids = 8
[model]
model_type = "t5"
d_model = 32
d_kv = 16
d_ff = 48
num_heads = 2
num_layers = 1
)";

constexpr const char* kTalking = R"([tokenizer]
vocab_size = 270
chat_template = """{% for m in messages %}{{ '?' if m.role == 'user' else '=' }}{{ m.content }}\
{% if m.role != 'user' %}{{ eos_token }}{% endif %}{% endfor %}\
{% if add_generation_prompt %}={% endif %}"""
[model]
hidden_size = 32
num_hidden_layers = 1
num_attention_heads = 2
intermediate_size = 48
)";

// A run of each kind is killed again and again. `more` goes into [train].
struct Kind {
  std::string name, data, model, more;
};
const std::vector<Kind>& Kinds() {
  static const std::vector<Kind> kinds = {
      {"causal", "text.jsonl", kLlama, "average = 0.9\n"},
      {"masked", "text.jsonl", kBert,
       "objective = \"masked\"\nwhole_word = true\neval_every = 4\npatience = 3\n"},
      {"spans", "text.jsonl", kT5, "objective = \"spans\"\nactivation_checkpointing = true\n"},
      {"pairs", "pairs.jsonl", kT5, "objective = \"pairs\"\neval_every = 5\n"},
      {"labels", "labels.jsonl", "[model]\nfrom = \"causal/model.gguf\"\n",
       "objective = \"labels\"\naverage = 0.8\ndtype = \"bf16\"\n"},
      {"token_labels", "names.jsonl", "[model]\nfrom = \"masked/model.gguf\"\n",
       "objective = \"token_labels\"\neval_every = 4\n"},
      {"answers", "questions.jsonl", "[model]\nfrom = \"masked/model.gguf\"\n",
       "objective = \"answers\"\nmicro_batch_tokens = 64\n"},
      {"lora", "pairs.jsonl", "[model]\nfrom = \"pairs/model.gguf\"\n[lora]\nrank = 2\n",
       "objective = \"pairs\"\naverage = 0.9\n"},
      {"chat", "talks.jsonl", kTalking, "objective = \"chat\"\neval_every = 4\npatience = 3\n"},
      // What the model preferred at the start is in no checkpoint.
      {"preference", "choices.jsonl", "[model]\nfrom = \"chat/model.gguf\"\n",
       "objective = \"preference\"\nbeta = 0.3\nmicro_batch_tokens = 64\neval_every = 5\n"}};
  return kinds;
}

class KillTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "kill-XXXXXX";
    folder_ = mkdtemp(name.data());
    std::map<std::string, std::string> rows;  // by file
    for (int i = 0; i < 200; ++i) {
      const std::string line = "The " + std::to_string(i * i) + "th cat sat down.";
      rows["text"] += "{\"text\":\"" + line + "\"}\n";
      rows["pairs"] +=
          "{\"source\":\"" + line + "\",\"target\":\"" + std::to_string(i) + " cats\"}\n";
      rows["labels"] +=
          "{\"text\":\"" + line + "\",\"label\":\"" + (i % 2 == 0 ? "even" : "odd") + "\"}\n";
      const std::string asked = "{\"role\":\"user\",\"content\":\"" + std::to_string(i) + "\"}";
      const std::string said = std::to_string(i + 1) + (i % 3 == 0 ? " cats" : " dogs");
      rows["talks"] +=
          "{\"messages\":[" + asked + ",{\"role\":\"assistant\",\"content\":\"" + said + "\"}]}\n";
      rows["names"] += "{\"words\":[\"The\",\"" + std::to_string(i) +
                       "\",\"cat\"],\"labels\":[\"O\",\"N\",\"O\"]}\n";
      rows["questions"] += "{\"context\":\"" + std::to_string(i) +
                           " cats sat\",\"question\":\"sat\",\"answer\":\"" + std::to_string(i) +
                           "\"}\n";
      rows["choices"] +=
          "{\"prompt\":[" + asked + "],\"chosen\":\"" + said + "\",\"rejected\":\"no\"}\n";
    }
    for (const auto& [name, lines] : rows) {
      ASSERT_TRUE(WriteFileAtomically(folder_ + "/" + name + ".jsonl", lines).ok());
    }
    for (const Kind& kind : Kinds()) {
      const std::string recipe = "[data]\ntrain = [\"" + kind.data + "\"]\nheld_out = 0.05\n" +
                                 kind.model + kTrain + kind.more;
      ASSERT_TRUE(WriteFileAtomically(folder_ + "/" + kind.name + ".toml", recipe).ok());
    }
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // Trains in a process of its own, killed after `seconds`. True: it came to its end before.
  bool Session(const std::string& recipe, const std::string& run, double seconds) {
    const pid_t child = fork();
    if (child == 0) {
      TrainOptions options;
      options.recipe_path = folder_ + "/" + recipe + ".toml";
      options.run_dir = folder_ + "/" + run;
      options.resume = std::filesystem::exists(options.run_dir);
      options.threads = 1;
      const Status status = Train(options).status();
      if (!status.ok()) std::fprintf(stderr, "%s\n", status.message().c_str());
      _exit(status.ok() ? 0 : 1);
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
    const std::string folder = folder_ + "/" + run;
    const bool adapter = std::filesystem::exists(folder + "/adapter.gguf");
    return *ReadFile(folder + (adapter ? "/adapter.gguf" : "/model.gguf"));
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
  std::map<std::string, double> seconds;
  for (const Kind& kind : Kinds()) {
    const auto begin = std::chrono::steady_clock::now();
    ASSERT_TRUE(Session(kind.name, kind.name, 600)) << kind.name;
    seconds[kind.name] =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }
  Random random(4);
  size_t kills = 0, runs = 0;
  int64_t at_risk = 0;
  while (kills < kKills) {
    const std::string kind = Kinds()[runs % Kinds().size()].name;
    const std::string run = "run" + std::to_string(++runs);
    while (!Session(kind, run, kills < kKills ? random.Uniform() * seconds[kind] : 600)) {
      ++kills;
      at_risk = std::max(at_risk, StepsAtRisk(run));
      ASSERT_LE(StepsAtRisk(run), kInterval) << kind;
    }
    ASSERT_TRUE(Model(run) == Model(kind)) << kind << " " << run;
  }
  EXPECT_GE(runs, Kinds().size());
  RecordProperty("kills", static_cast<int>(kills));
  RecordProperty("runs", static_cast<int>(runs));
  RecordProperty("most_steps_lost", static_cast<int>(at_risk));
}

}  // namespace
}  // namespace parvis::train
