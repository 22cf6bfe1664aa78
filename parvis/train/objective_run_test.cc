// Whole runs of the objectives that are not causal: from text to a model that has learned
// something, resumed to the same bits, and gone on from.

#include <atomic>
#include <cstdlib>
#include <filesystem>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "parvis/core/file.h"
#include "parvis/core/json.h"
#include "parvis/core/random.h"
#include "parvis/models/model.h"
#include "parvis/train/train.h"
#include "tests/scratch_test.h"

namespace parvis::train {
namespace {

using testing::HasSubstr;

const std::string kTokenizers = std::string(PARVIS_SOURCE_DIR) + "/tests/golden/tokenizers/";

constexpr const char* kTrainKeys = R"(context_length = 32
batch_tokens = 128
micro_batch_tokens = 64
learning_rate = 5e-3
warmup_steps = 3
eval_every = 5
checkpoint_every = 4
)";

class ObjectiveRunTest : public ScratchTest {
 protected:
  void SetUp() override {
    Random random(9);
    static constexpr const char* kWords[] = {"the", "cat", "sea", "ran", "old", "a", "sat", "by"};
    std::string texts, pairs, labelled, talks;
    for (int i = 0; i < 60; ++i) {
      std::string text, shouted;
      for (int w = 0; w < 6; ++w) {
        const std::string word = kWords[random.Below(8)];
        text += (w == 0 ? "" : " ") + word;
        shouted += (w == 0 ? "" : " ") + std::string(word == "cat" ? "dog" : word);
      }
      texts += "{\"text\":\"" + text + "\"}\n";
      pairs += text + "\t" + shouted + "\n";
      talks += "{\"messages\":[{\"role\":\"user\",\"content\":\"" + text +
               "\"},{\"role\":\"assistant\",\"content\":\"" + shouted + "\"}]}\n";
      labelled += "{\"text\":\"" + text + "\",\"label\":\"" + (i % 2 == 0 ? "yes" : "no") + "\"}\n";
    }
    Write("texts.jsonl", texts);
    Write("pairs.tsv", pairs);
    Write("labelled.jsonl", labelled);
    Write("talks.jsonl", talks);
  }

  // A recipe r.toml of some tables; [train] gets the common keys.
  void WriteRecipe(const std::string& data, const std::string& model, const std::string& train) {
    Write("r.toml", "[data]\ntrain = [\"" + data + "\"]\nheld_out = 0.1\n" + model + "[train]\n" +
                        train + kTrainKeys);
  }
  TrainOptions Options(const std::string& run) {
    TrainOptions options;
    options.recipe_path = folder_ + "/r.toml";
    options.run_dir = folder_ + "/" + run;
    options.threads = 1;
    return options;
  }
  std::string Model(const std::string& run) {
    return *ReadFile(folder_ + "/" + run + "/model.gguf");
  }

  // A whole run; and one that is stopped after some steps and resumed on two threads.
  void ResumesToTheSameBits(const std::string& name) {
    const Result<TrainReport> report = Train(Options(name));
    ASSERT_TRUE(report.ok()) << report.status().message();
    ASSERT_EQ(report->evaluations.size(), 1u);
    EXPECT_FALSE(report->evaluations[0].bits_per_byte.has_value());
    EXPECT_GT(report->evaluations[0].tokens, 0);
    TrainOptions options = Options(name + "-cut");
    std::atomic<bool> stop{false};
    options.stop = &stop;
    options.progress = [&stop](const Progress& p) { stop = stop || p.step >= 7; };
    ASSERT_EQ(Train(options).status().code(), StatusCode::kCancelled);
    TrainOptions again = Options(name + "-cut");
    again.resume = true;
    again.threads = 2;
    ASSERT_TRUE(Train(again).ok());
    EXPECT_TRUE(Model(name) == Model(name + "-cut"));
  }

  static std::string Bert(const std::string& tokenizer) {
    return "[tokenizer]\nfile = \"" + kTokenizers + tokenizer +
           "/tokenizer.json\"\n[model]\nmodel_type = \"bert\"\nhidden_size = "
           "16\nnum_hidden_layers = 1\nnum_attention_heads = 2\nintermediate_size = 24\n";
  }
  static std::string Llama(const std::string& tokenizer) {
    return "[tokenizer]\n" + tokenizer +
           "vocab_size = 280\n[model]\nhidden_size = 16\nnum_hidden_layers = 1\n"
           "num_attention_heads = 2\nintermediate_size = 24\n";
  }
  static std::string T5(const std::string& more = "") {
    return "[tokenizer]\n" + more + "file = \"" + kTokenizers +
           "t5/tokenizer.json\"\n[model]\nmodel_type = \"t5\"\nd_model = 16\nd_kv = 8\nd_ff = "
           "24\nnum_heads = 2\nnum_layers = 1\n";
  }
};

TEST_F(ObjectiveRunTest, Masked) {
  WriteRecipe("texts.jsonl", Bert("bert_uncased"),
              "objective = \"masked\"\nwhole_word = true\nsteps = 12\n");
  ResumesToTheSameBits("masked");
}

TEST_F(ObjectiveRunTest, Spans) {
  WriteRecipe("texts.jsonl", T5(), "objective = \"spans\"\nsteps = 12\n");
  ResumesToTheSameBits("spans");
}

TEST_F(ObjectiveRunTest, Pairs) {
  WriteRecipe("pairs.tsv", T5(), "objective = \"pairs\"\nprefix = \"x: \"\nepochs = 3\n");
  ResumesToTheSameBits("pairs");
}

TEST_F(ObjectiveRunTest, ContrastiveWithHiddenTokens) {
  WriteRecipe("pairs.tsv", Bert("bert_uncased"),
              "objective = \"contrastive\"\nmask_share = 0.2\nwhole_word = true\nsteps = 12\n");
  ResumesToTheSameBits("alike");
}

TEST_F(ObjectiveRunTest, LabelsFromAnotherModel) {
  WriteRecipe("texts.jsonl", Bert("bert_uncased"), "objective = \"masked\"\nsteps = 4\n");
  ASSERT_TRUE(Train(Options("parent")).ok());
  WriteRecipe("labelled.jsonl", "[model]\nfrom = \"parent/model.gguf\"\n",
              "objective = \"labels\"\nsteps = 12\n");
  ResumesToTheSameBits("labels");
  const Json ledger = *ParseJson(*ReadFile(folder_ + "/labels/run.json"));
  EXPECT_EQ(ledger["parents"][0]["name"]["value"], "model.gguf");
  EXPECT_EQ(ledger["parents"][0]["sha256"]["provenance"], "measured");
  ThreadPool pool(1);
  const ops::Exec exec(pool, kernels::TableOf(kernels::BestTarget()));
  const auto model = models::LoadModel(exec, folder_ + "/labels/model.gguf");
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_EQ(model->task.labels, (std::vector<std::string>{"no", "yes"}));
  // Another parent: the run does not go on with it.
  TrainOptions again = Options("labels");
  again.resume = true;
  std::filesystem::copy(folder_ + "/labels/model.gguf", folder_ + "/parent/model.gguf",
                        std::filesystem::copy_options::overwrite_existing);
  EXPECT_FALSE(Train(again).ok());
}

constexpr const char* kTemplate =
    "chat_template = \"{% for m in messages %}{% if m.role == 'assistant' %}={{ m.content }}"
    "{{ eos_token }}{% else %}{{ m.content }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}={% endif %}\"\n";

TEST_F(ObjectiveRunTest, Chat) {
  WriteRecipe("talks.jsonl", Llama(kTemplate), "objective = \"chat\"\nsteps = 12\n");
  ResumesToTheSameBits("chat");
  // The recipe's template is the model's, and a run that goes on from it needs none.
  ThreadPool pool(1);
  const ops::Exec exec(pool, kernels::TableOf(kernels::BestTarget()));
  const auto model = models::LoadModel(exec, folder_ + "/chat/model.gguf");
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_THAT(model->tokenizer->vocabulary().chat_template, HasSubstr("={{ m.content }}"));
  WriteRecipe("talks.jsonl", "[model]\nfrom = \"chat/model.gguf\"\n[lora]\nrank = 2\n",
              "objective = \"chat\"\nsteps = 3\n");
  const auto report = Train(Options("further"));
  EXPECT_TRUE(report.ok()) << report.status().message();
  // Another template is another run.
  std::string other = kTemplate;
  other.insert(other.find("{% else %}") + 10, "- ");
  WriteRecipe("talks.jsonl", Llama(other), "objective = \"chat\"\nsteps = 12\n");
  TrainOptions again = Options("chat");
  again.resume = true;
  EXPECT_THAT(Train(again).status().message(), HasSubstr("tokenizer.chat_template"));
}

TEST_F(ObjectiveRunTest, ChatFromAModelThatHasNoTemplate) {
  WriteRecipe("texts.jsonl", Llama(""), "steps = 4\n");
  ASSERT_TRUE(Train(Options("base")).ok());
  const std::string from = "[model]\nfrom = \"base/model.gguf\"\n";
  WriteRecipe("talks.jsonl", from, "objective = \"chat\"\nsteps = 12\n");
  EXPECT_THAT(Train(Options("none")).status().message(), HasSubstr("no chat template"));
  std::string source = kTemplate;
  source = source.substr(source.find('{'));
  Write("chat.jinja", source.substr(0, source.rfind('"')));
  WriteRecipe("talks.jsonl", from + "[tokenizer]\nchat_template_file = \"chat.jinja\"\n",
              "objective = \"chat\"\nsteps = 12\n");
  ResumesToTheSameBits("taught");
}

TEST_F(ObjectiveRunTest, ChatOfAnEncoderAndADecoder) {
  WriteRecipe("talks.jsonl", T5(kTemplate), "objective = \"chat\"\nsteps = 12\n");
  ResumesToTheSameBits("chat-t5");
}

TEST_F(ObjectiveRunTest, RefusesChatsWithDocumentAndField) {
  const auto message = [this](const std::string& row, const std::string& model) {
    Write("bad.jsonl",
          "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},"
          "{\"role\":\"assistant\",\"content\":\"b\"}]}\n" +
              row + "\n");
    WriteRecipe("bad.jsonl", model, "objective = \"chat\"\nsteps = 2\n");
    const Result<TrainReport> report = Train(Options("x"));
    return report.ok() ? "accepted" : report.status().message();
  };
  const std::string good = Llama(kTemplate);
  EXPECT_THAT(message(R"({"message":[]})", good),
              HasSubstr("bad.jsonl:2: no \"messages\" in this row"));
  EXPECT_THAT(message(R"([1])", good), HasSubstr("bad.jsonl:2: no \"messages\""));
  EXPECT_THAT(message(R"({"messages":"Hello"})", good),
              HasSubstr("bad.jsonl:2: \"messages\" is no list of messages"));
  EXPECT_THAT(
      message(R"({"id":"x7","messages":[{"role":"user","content":"a"},{"content":"b"}]})", good),
      HasSubstr("x7: messages[1]: no \"role\""));
  EXPECT_THAT(message("", Llama("")), HasSubstr("no chat template"));
  EXPECT_THAT(message("", Llama("chat_template = \"{% if x %}\"\n")),
              HasSubstr("[tokenizer] chat_template: chat template, line 1"));
  EXPECT_THAT(message("", Llama("chat_template = \"\"\n")), HasSubstr("must not be empty"));
  EXPECT_THAT(message("", Llama("chat_template_file = \"none.jinja\"\n")), HasSubstr("none.jinja"));
  EXPECT_THAT(message("", Bert("bert_uncased")), HasSubstr("does not: it can be taught"));
  EXPECT_THAT(message("", "[model]\nfrom = \"bad.jsonl\"\n[tokenizer]\nvocab_size = 300\n"),
              HasSubstr("[tokenizer] vocab_size: has no place beside [model] from"));
}

TEST_F(ObjectiveRunTest, RefusesWhatDoesNotFit) {
  const auto message = [this](const std::string& data, const std::string& model,
                              const std::string& train) {
    WriteRecipe(data, model, train + "steps = 2\n");
    const Result<TrainReport> report = Train(Options("x"));
    return report.ok() ? "accepted" : report.status().message();
  };
  EXPECT_THAT(message("texts.jsonl", T5(), "objective = \"masked\"\n"), HasSubstr("no mask token"));
  std::string with_end = T5();
  with_end.insert(with_end.find("[model]"), "end_of_text = \"</s>\"\n");
  EXPECT_THAT(message("texts.jsonl", with_end, ""),
              HasSubstr("objective \"causal\" is for models"));
  EXPECT_THAT(message("texts.jsonl", T5(), "objective = \"guess\"\n"), HasSubstr("is none of"));
  EXPECT_THAT(message("texts.jsonl", T5(), "objective = \"pairs\"\n"), HasSubstr("no \"target\""));
  EXPECT_THAT(message("pairs.tsv", T5(), "objective = \"spans\"\n"), HasSubstr("not a .txt or"));
  EXPECT_THAT(message("texts.jsonl", Bert("bert_uncased"), "objective = \"labels\"\n"),
              HasSubstr("fewer than two different labels"));
  EXPECT_THAT(message("texts.jsonl", T5(), "mask_share = 0.2\n"),
              HasSubstr("\"masked\" or \"contrastive\" only"));
  EXPECT_THAT(message("texts.jsonl", "[model]\nfrom = \"none.gguf\"\n", ""),
              HasSubstr("none.gguf does not exist"));
}

}  // namespace
}  // namespace parvis::train
