#include "parvis/train/recipe.h"

#include <cstdlib>
#include <filesystem>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "parvis/core/file.h"
#include "tests/scratch_test.h"

namespace parvis::train {
namespace {

using testing::HasSubstr;

// A folder with one story in it.
class RecipeTest : public ScratchTest {
 protected:
  void SetUp() override {
    ASSERT_TRUE(WriteFileAtomically(folder_ + "/story.txt", "Once upon a time.").ok());
  }

  Result<Recipe> Parse(const std::string& text, const std::string& data_dir = "") {
    return ParseRecipe(text, folder_ + "/r.toml", data_dir);
  }

  // The good recipe with one thing replaced must be refused with `message`.
  void Refused(const std::string& from, const std::string& to, const std::string& message) {
    std::string text = kGood;
    const size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    const Result<Recipe> recipe = Parse(text);
    ASSERT_FALSE(recipe.ok()) << to;
    EXPECT_THAT(recipe.status().message(), HasSubstr(message));
  }

  static constexpr const char* kGood = R"([run]
name = "tiny"
seed = 5
[data]
train = ["story.txt", {path = "story.txt", epochs = 0.5}]
eval = ["story.txt"]
[tokenizer]
style = "llama3"
vocab_size = 300
[model]
model_type = "llama"
hidden_size = 64
num_hidden_layers = 2
num_attention_heads = 4
num_key_value_heads = 2
intermediate_size = 128
[train]
tokens = 4e6
batch_tokens = 2048
micro_batch_tokens = 1024
context_length = 64
learning_rate = 2e-3
schedule = "wsd"
dtype = "bf16"
[output]
dtype = "q8_0"
)";
};

TEST_F(RecipeTest, ReadsAGoodOne) {
  const Result<Recipe> recipe = Parse(kGood);
  ASSERT_TRUE(recipe.ok()) << recipe.status().message();
  EXPECT_EQ(recipe->name, "tiny");
  EXPECT_EQ(recipe->seed, 5u);
  ASSERT_EQ(recipe->train.size(), 2u);
  EXPECT_EQ(recipe->train[0].path, folder_ + "/story.txt");
  EXPECT_EQ(recipe->train[1].epochs, 0.5);
  EXPECT_EQ(recipe->tokenizer.vocab_size, 300);
  EXPECT_EQ(recipe->tokens, 4'000'000);
  EXPECT_EQ(recipe->schedule.kind, Schedule::Kind::kWsd);
  EXPECT_EQ(recipe->schedule.learning_rate, 2e-3);
  EXPECT_EQ(recipe->dtype, DType::kBf16);
  EXPECT_EQ(recipe->output_dtype, DType::kQ8_0);
  EXPECT_EQ(recipe->model["hidden_size"], 64);
  EXPECT_EQ(recipe->model["max_position_embeddings"], 64);
}

TEST_F(RecipeTest, TakesWhatTheModelSaysOfItsTasks) {
  const std::string table = "[output.task_specific_params]\nsummarization = ";
  const auto recipe = Parse(std::string(kGood) + table + "{num_beams = 4, prefix = \"sum: \"}\n");
  ASSERT_TRUE(recipe.ok()) << recipe.status().message();
  EXPECT_EQ(recipe->task_params["summarization"]["num_beams"], 4);
  EXPECT_EQ(recipe->task_params["summarization"]["prefix"], "sum: ");
  // It decides no number of the run.
  EXPECT_EQ(recipe->Deciding(), Parse(kGood)->Deciding());
  EXPECT_THAT(Parse(std::string(kGood) + table + "4\n").status().message(),
              HasSubstr("summarization is not a table"));
}

TEST_F(RecipeTest, TakesAnotherFolderOfText) {
  const Result<Recipe> recipe = Parse(kGood, folder_);
  ASSERT_TRUE(recipe.ok());
  ASSERT_EQ(recipe->train.size(), 1u);
  EXPECT_EQ(recipe->train[0].path, folder_);
  EXPECT_EQ(recipe->eval[0].path, folder_ + "/story.txt");
  ASSERT_TRUE(WriteFileAtomically(folder_ + "/heldout.fr.txt", "Il était une fois.").ok());
  const Result<Recipe> again = Parse(kGood, folder_);
  ASSERT_EQ(again->eval.size(), 1u);
  EXPECT_EQ(again->eval[0].path, folder_ + "/heldout.fr.txt");
  EXPECT_THAT(Parse(kGood, folder_ + "/none").status().message(), HasSubstr("does not exist"));
}

TEST_F(RecipeTest, TakesSingleValuesFromElsewhere) {
  const auto with = [this](const std::vector<std::string>& overrides) {
    return ParseRecipe(kGood, folder_ + "/r.toml", "", overrides);
  };
  const Result<Recipe> recipe =
      with({"train.steps=20", "model.num_hidden_layers = 1", "train.schedule=linear",
            "data.train=[\"story.txt\"]", "lora.rank=4", "model.from=story.txt", "run.name=\"b\""});
  EXPECT_THAT(recipe.status().message(), HasSubstr("has no place beside"));
  const Result<Recipe> good = with({"train.steps=20", "model.num_hidden_layers = 1",
                                    "train.schedule=linear", "data.train=[\"story.txt\"]"});
  ASSERT_TRUE(good.ok()) << good.status().message();
  EXPECT_EQ(good->steps, 20);
  EXPECT_FALSE(good->tokens.has_value());
  EXPECT_EQ(good->model["num_hidden_layers"], 1);
  EXPECT_EQ(good->model["hidden_size"], 64);
  EXPECT_EQ(good->schedule.kind, Schedule::Kind::kLinear);
  EXPECT_EQ(good->train.size(), 1u);
  // What a run keeps as its recipe is what it was taught by.
  const Result<Recipe> kept = Parse(good->text);
  ASSERT_TRUE(kept.ok()) << kept.status().message();
  EXPECT_EQ(kept->Deciding(), good->Deciding());
  EXPECT_NE(good->Deciding(), Parse(kGood)->Deciding());

  const auto refused = [&with](const std::string& text) { return with({text}).status().message(); };
  EXPECT_THAT(refused("train.stepz=20"),
              HasSubstr("--set train.stepz=20: [train] stepz: unknown key; did you mean steps?"));
  EXPECT_THAT(refused("train.clip=-1"), HasSubstr("--set train.clip=-1: [train] clip: -1"));
  EXPECT_THAT(refused("train.steps"), HasSubstr("--set train.steps: not of the form TABLE.KEY"));
  EXPECT_THAT(refused("=3"), HasSubstr("--set =3: not TOML"));
  EXPECT_THAT(refused("hidden_size=32"), HasSubstr("hidden_size: unknown key"));
  EXPECT_THAT(refused("train.batch_size=3"), testing::Not(HasSubstr("tokens, tokens")));
}

TEST_F(RecipeTest, NamesFileLineAndKeyOfWhatIsWrong) {
  Refused("learning_rate = 2e-3", "learning_rte = 2e-3",
          "r.toml:22: [train] learning_rte: unknown key; did you mean learning_rate? (known: ");
  Refused("hidden_size = 64", "hiden_size = 64",
          "r.toml:12: [model] hiden_size: unknown key; did "
          "you mean hidden_size?");
  Refused("[output]", "[outputs]", "r.toml:25: outputs: unknown key; did you mean output?");
  Refused("seed = 5", "seed = \"five\"",
          "r.toml:3: [run] seed: must be a whole number, not the "
          "text \"five\"");
  Refused("seed = 5", "seed = -1", "r.toml:3: [run] seed: -1 is too small");
  Refused("name = \"tiny\"", "name = \"a/b\"", "[run] name: must be a plain name");
  Refused("[\"story.txt\",", "[\"tale.txt\",", "r.toml:5: [data] train: ");
  Refused("[\"story.txt\",", "[\"tale.txt\",", "tale.txt does not exist");
  Refused("epochs = 0.5", "epoch = 0.5", "epoch: unknown key; did you mean epochs?");
  Refused("eval = [\"story.txt\"]", "eval = \"story.txt\"", "[data] eval: must be an array");
  Refused("eval = [", "held_out = 0.1\neval = [", "held_out: eval names held-out text already");
  Refused("vocab_size = 300", "vocab_size = 100",
          "r.toml:9: [tokenizer] vocab_size: 100 is too "
          "small");
  Refused("style = \"llama3\"", "style = \"bert\"", "\"bert\" is none of: gpt2, llama3");
  Refused("style = \"llama3\"", "kind = \"unigram\"\nstyle = \"gpt2\"", "style: is of kind");
  Refused("style = \"llama3\"", "lowercase = true", "lowercase: is not of kind");
  Refused("style = \"llama3\"", "extra_ids = 5", "extra_ids: is of kind = \"unigram\" only");
  Refused("style = \"llama3\"", "kind = \"sentencepiece\"", "is none of: bpe, unigram, wordpiece");
  Refused("style = \"llama3\"", "file = \"none.json\"", "vocab_size: comes from file");
  Refused("vocab_size = 300", "file = \"none.json\"", "none.json does not exist");
  Refused("hidden_size = 64", "hidden_size = 66",
          "r.toml:12: [model] hidden_size: 66 cannot be divided by num_attention_heads = 4");
  Refused("num_key_value_heads = 2", "num_key_value_heads = 3",
          "r.toml:15: [model] num_key_value_heads: must divide num_attention_heads = 4");
  Refused("num_hidden_layers = 2\n", "", "[model] num_hidden_layers: is missing");
  Refused("context_length = 64", "context_length = 1",
          "r.toml:21: [train] context_length: 1 is "
          "not between 2 and");
  Refused("batch_tokens = 2048", "batch_tokens = 2000", "2000 is not a multiple of context_length");
  Refused("tokens = 4e6", "tokens = 4e6\nsteps = 3", "exactly one of tokens, epochs, steps");
  Refused("tokens = 4e6\n", "", "exactly one of tokens, epochs, steps");
  Refused("tokens = 4e6", "tokens = 4.5", "[train] tokens: must be a whole number, not the number");
  Refused("learning_rate = 2e-3", "learning_rate = nan",
          "[train] learning_rate: nan is not "
          "between");
  Refused("\"wsd\"", "\"step\"", "none of: constant, linear, cosine, wsd");
  Refused("dtype = \"bf16\"", "dtype = \"q8_0\"", "[train] dtype: \"q8_0\" is none of: f32, bf16");
  Refused("dtype = \"q8_0\"", "model = \"../m.gguf\"", "must stay within the run's folder");
  const std::string of = "tokens = 4e6\nobjective = ";
  Refused("tokens = 4e6", of + "\"masked\"\nmask_share = 0.0",
          "mask_share: 0 is not between 0.001");
  Refused("tokens = 4e6", of + "\"masked\"\nmasked_weight = 0.1",
          "masked_weight: is of objective = \"contrastive\" only");
  Refused("tokens = 4e6", of + "\"masked\"\ntemperature = 0.1", "temperature: is of objective");
  Refused("tokens = 4e6", of + "\"pairs\"\nmask_share = 0.1",
          "mask_share: is of objective = \"masked\" or \"contrastive\" only");
  Refused("tokens = 4e6", of + "\"contrastive\"\ntemperature = 0.0",
          "temperature: 0 is not between");
  Refused("tokens = 4e6", of + "\"contrastive\"\nmask_share = 1.0", "mask_share: 1 is not between");
  Refused("tokens = 4e6", of + "\"contrastive\"\nmask_share = 0.1\nmasked_weight = -1",
          "masked_weight: -1 is not between");
  Refused("tokens = 4e6", of + "\"contrastive\"\nmasked_weight = 0.1",
          "masked_weight: is for hidden tokens: mask_share says how many");
  Refused("tokens = 4e6", of + "\"contrastive\"\nwhole_word = true",
          "whole_word: is for hidden tokens: mask_share says how many");
  Refused("seed = 5", "seed = ", "r.toml:3: not TOML: ");
  Refused("seed = 5", "seed = 5\nseed = 6", "r.toml:4: not TOML: ");
}

TEST_F(RecipeTest, MixesSources) {
  std::string text = kGood;
  text.insert(text.find("[tokenizer]"), "mix = {tales = 2, \"old manuals\" = 0.5}\n");
  const Result<Recipe> recipe = Parse(text);
  ASSERT_TRUE(recipe.ok()) << recipe.status().message();
  ASSERT_EQ(recipe->mix.size(), 2u);
  EXPECT_EQ(recipe->mix[0].path, "old manuals");
  EXPECT_EQ(recipe->mix[0].epochs, 0.5);
  EXPECT_EQ(recipe->mix[1].epochs, 2.0);
  EXPECT_NE(recipe->Deciding(), Parse(kGood)->Deciding());
  Refused("[tokenizer]", "mix = {tales = \"often\"}\n[tokenizer]", "[data.mix] tales: must be");
  Refused("[tokenizer]", "mix = {tales = -1}\n[tokenizer]", "tales: -1");
}

TEST_F(RecipeTest, NeedsTextAModelAndALength) {
  EXPECT_THAT(Parse("").status().message(), HasSubstr("[data] train: names no text to train on"));
  EXPECT_THAT(Parse("[data]\ntrain = []\n").status().message(), HasSubstr("names no text"));
  EXPECT_THAT(Parse("[data]\ntrain = [\"story.txt\"]\n[tokenizer]\nvocab_size = 300\n"
                    "[train]\nsteps = 1\n")
                  .status()
                  .message(),
              HasSubstr("[model] : the table is missing"));
}

TEST_F(RecipeTest, DecidingSettingsAreThoseThatChangeTheNumbers) {
  const Result<Recipe> recipe = Parse(kGood);
  ASSERT_TRUE(recipe.ok());
  std::string text = kGood;
  text.insert(text.find("[output]"), "keep = 9\ncheckpoint_every = 3\n");
  EXPECT_EQ(Parse(text)->Deciding(), recipe->Deciding());
  text.insert(text.find("[output]"), "beta2 = 0.9\n");
  EXPECT_NE(Parse(text)->Deciding(), recipe->Deciding());
}

}  // namespace
}  // namespace parvis::train
