#include "parvis/train/shards.h"

#include <filesystem>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "parvis/core/file.h"
#include "parvis/core/random.h"
#include "parvis/text/tokenizer_trainer.h"
#include "parvis/train/checkpoint.h"
#include "parvis/train/train.h"
#include "tests/scratch_test.h"

namespace parvis::train {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr const char* kLlama = R"([tokenizer]
file = "bpe.json"
[model]
hidden_size = 32
num_hidden_layers = 2
num_attention_heads = 4
intermediate_size = 48
[train]
)";
constexpr const char* kBert = R"([tokenizer]
file = "wordpiece.json"
[model]
model_type = "bert"
hidden_size = 32
num_hidden_layers = 2
num_attention_heads = 4
intermediate_size = 48
max_position_embeddings = 32
[train]
objective = "masked"
)";
constexpr const char* kT5 = R"([tokenizer]
file = "unigram.json"
[model]
model_type = "t5"
d_model = 32
d_kv = 8
d_ff = 48
num_layers = 2
num_heads = 4
[train]
objective = "spans"
)";
constexpr const char* kLength = R"(steps = 12
batch_tokens = 128
micro_batch_tokens = 64
context_length = 32
learning_rate = 3e-3
eval_every = 4
eval_tokens = 300
checkpoint_every = 5
)";

// Texts with their tokenizers, as text (text/*.jsonl) and as tokens (bpe/*.tokens, …).
class ShardsTest : public ScratchTest {
 protected:
  struct Row {
    std::string id, text;
  };

  void SetUp() override {
    ThreadPool pool(1);
    using Kind = text::TokenizerTrainerOptions::Kind;
    for (const auto& [name, kind] : {std::pair("bpe", Kind::kByteBpe),
                                     {"wordpiece", Kind::kWordPiece},
                                     {"unigram", Kind::kUnigram}}) {
      text::TokenizerTrainerOptions options{.kind = kind, .vocab_size = 290};
      if (kind == Kind::kByteBpe) options.special_tokens = {"<|endoftext|>"};
      if (kind == Kind::kUnigram) options.vocab_size = 100, options.extra_ids = 20;
      if (kind == Kind::kWordPiece) options.vocab_size = 100;
      text::TokenizerTrainer trainer(options, pool);
      for (const Row& row : Rows(60)) trainer.Add(row.text);
      const auto tokenizer = trainer.Train().value();
      Write(std::string(name) + ".json", text::WriteTokenizerJson(*tokenizer));
      WriteShards(*tokenizer, name, Rows(60));
    }
    WriteText("text/train.jsonl", Rows(60));
    WriteText("text/heldout.jsonl", Rows(8, 5));
  }

  static std::vector<Row> Rows(int count, uint64_t seed = 1) {
    static constexpr const char* kWords[] = {"the", "cat", "sea", "ran", "old", "a", "sat", "by"};
    Random random(seed);
    std::vector<Row> rows;
    for (int i = 0; i < count; ++i) {
      std::string text = "Once";
      for (uint64_t w = 1 + random.Below(90); w > 0; --w) {
        text += std::string(" ") + kWords[random.Below(8)];
      }
      rows.push_back({"row " + std::to_string(i), text + "."});
    }
    return rows;
  }
  void WriteText(const std::string& name, const std::vector<Row>& rows) {
    std::string lines;
    for (const Row& row : rows) lines += Json{{"id", row.id}, {"text", row.text}}.dump() + "\n";
    Write(name, lines);
  }
  void WriteShard(const text::Tokenizer& tokenizer, const std::string& name,
                  std::span<const Row> rows) {
    std::string bytes;
    text::TokenShardWriter writer(tokenizer, [&](std::string_view part) {
      bytes += part;
      return Status();
    });
    text::EncodeOptions plain;
    plain.add_special = false;
    for (const Row& row : rows) {
      ASSERT_TRUE(writer
                      .Add(row.id, static_cast<int64_t>(row.text.size()),
                           tokenizer.Encode(row.text, plain).ids)
                      .ok());
    }
    ASSERT_TRUE(writer.Finish({{"licences", {{"CC0", rows.size()}}}}).ok());
    Write(name, bytes);
  }
  void WriteShards(const text::Tokenizer& tokenizer, const std::string& folder,
                   const std::vector<Row>& rows) {
    const std::span<const Row> all(rows);
    WriteShard(tokenizer, folder + "/train-00000.tokens", all.first(25));
    WriteShard(tokenizer, folder + "/train-00001.tokens", {});
    WriteShard(tokenizer, folder + "/train-00002.tokens", all.subspan(25));
    WriteShard(tokenizer, folder + "/heldout-00000.tokens", Rows(8, 5));
  }

  Result<TrainReport> Run(const std::string& run, const std::string& tables,
                          const std::string& data, bool resume = false) {
    Write(run + ".toml", data + tables + kLength);
    TrainOptions options;
    options.recipe_path = folder_ + "/" + run + ".toml";
    options.run_dir = folder_ + "/" + run;
    options.threads = 1;
    options.resume = resume;
    return Train(options);
  }
  // RECIPE.toml on the data of a folder, in the folder RECIPE-on-DATA.
  Result<TrainReport> RunOn(const std::string& data, const std::string& recipe) {
    TrainOptions options;
    options.recipe_path = folder_ + "/" + recipe + ".toml";
    options.run_dir = folder_ + "/" + recipe + "-on-" + data;
    options.data_dir = folder_ + "/" + data;
    options.threads = 1;
    return Train(options);
  }
  static std::string Data(const std::string& train, const std::string& eval) {
    return "[data]\ntrain = [\"" + train + "\"]\neval = [\"" + eval + "\"]\n";
  }
  std::string Model(const std::string& run) {
    return ReadFile(folder_ + "/" + run + "/model.gguf").value();
  }
  std::string Refusal(const std::string& tables, const std::string& data) {
    return Run("refused", tables, data).status().message();
  }
};

TEST_F(ShardsTest, GiveTheSameModelsAsTheText) {
  for (const auto& [tokenizer, tables] :
       {std::pair("bpe", kLlama), {"wordpiece", kBert}, {"unigram", kT5}}) {
    const std::string name = tokenizer;
    // One recipe, so that the models' files are the same to the byte, with the hash of the recipe.
    Write(name + ".toml", std::string(tables) + kLength);
    const auto by_text = RunOn("text", name);
    ASSERT_TRUE(by_text.ok()) << by_text.status().message();
    const auto by_tokens = RunOn(name, name);
    ASSERT_TRUE(by_tokens.ok()) << by_tokens.status().message();
    ASSERT_EQ(by_text->evaluations.size(), 1u);
    EXPECT_EQ(by_tokens->evaluations[0].loss, by_text->evaluations[0].loss) << name;
    EXPECT_EQ(by_tokens->evaluations[0].bytes, by_text->evaluations[0].bytes) << name;
    EXPECT_EQ(by_tokens->loss, by_text->loss) << name;
    EXPECT_TRUE(Model(name + "-on-" + name) == Model(name + "-on-text")) << name;
    const Json ledger =
        ParseJson(ReadFile(folder_ + "/" + name + "-on-" + name + "/run.json").value()).value();
    EXPECT_THAT(ledger.dump(), HasSubstr("train-00002.tokens"));
    EXPECT_THAT(ledger.dump(), HasSubstr("CC0"));
  }
}

TEST_F(ShardsTest, AreReadByAModelThatGoesOn) {
  const std::string data = Data("bpe", "bpe/heldout-00000.tokens");
  ASSERT_TRUE(Run("first", kLlama, data).ok());
  const auto second = Run("second", "[model]\nfrom = \"first/model.gguf\"\n[train]\n", data);
  EXPECT_TRUE(second.ok()) << second.status().message();
}

// Each part of each document, with what stands around it.
TEST_F(ShardsTest, HaveThePartsOfDocuments) {
  const auto tokenizer = text::ReadTokenizerJson(ReadFile(folder_ + "/bpe.json").value()).value();
  const auto shards = OpenShards({{folder_ + "/bpe"}, {folder_ + "/bpe/heldout-00000.tokens"}});
  ASSERT_TRUE(shards.ok()) << shards.status().message();
  const Corpus mapped = Corpus::OfShards(shards->shards, {7, 8}, {9});
  Corpus memory;
  text::EncodeOptions plain;
  plain.add_special = false;
  std::vector<Row> rows = Rows(60);
  for (const Row& row : Rows(8, 5)) rows.push_back(row);
  for (size_t i = 0; i < rows.size(); ++i) {
    std::vector<int32_t> tokens = tokenizer->Encode(rows[i].text, plain).ids;
    tokens.insert(tokens.begin(), {7, 8});
    tokens.push_back(9);
    memory.Add(rows[i].id, i < 60 ? 0 : 1, static_cast<int64_t>(rows[i].text.size()), tokens);
  }
  ASSERT_EQ(mapped.num_documents(), memory.num_documents());
  EXPECT_EQ(mapped.num_tokens(), memory.num_tokens());
  EXPECT_EQ(mapped.text_bytes(), memory.text_bytes());
  for (int64_t i = 0; i < memory.num_documents(); ++i) {
    ASSERT_EQ(mapped.size(i), memory.size(i));
    EXPECT_EQ(mapped.id(i), memory.id(i));
    EXPECT_EQ(mapped.source(i), memory.source(i));
    EXPECT_EQ(mapped.text_bytes(i), memory.text_bytes(i));
    for (int64_t begin = 0; begin <= memory.size(i); ++begin) {
      for (int64_t end = begin; end <= memory.size(i); end += 1 + end / 5) {
        ASSERT_EQ(mapped.Read(i, begin, end - begin), memory.Read(i, begin, end - begin))
            << i << " " << begin << " " << end;
      }
    }
  }
  EXPECT_TRUE(mapped.status().ok());
}

TEST_F(ShardsTest, StopARunWhenTheyAreDamaged) {
  const std::string path = folder_ + "/bpe/train-00002.tokens";
  std::string bytes = ReadFile(path).value();
  bytes[100] ^= 4;
  Write("bpe/train-00002.tokens", bytes);
  EXPECT_THAT(Refusal(kLlama, Data("bpe", "text/heldout.jsonl")),
              HasSubstr("bpe/train-00002.tokens: tokens at byte 16: their checksum does not fit"));
  EXPECT_TRUE(ListCheckpoints(folder_ + "/refused/checkpoints").empty());
  EXPECT_FALSE(fs::exists(folder_ + "/refused/model.gguf"));
  Write("bpe/train-00002.tokens", bytes.substr(0, 3000));
  fs::remove_all(folder_ + "/refused");
  EXPECT_THAT(Refusal(kLlama, Data("bpe", "text/heldout.jsonl")),
              HasSubstr("bpe/train-00002.tokens: "));
  // Held-out tokens, too, before a figure is made of them.
  bytes = ReadFile(folder_ + "/wordpiece/heldout-00000.tokens").value();
  bytes[20] ^= 4;
  Write("wordpiece/heldout-00000.tokens", bytes);
  fs::remove_all(folder_ + "/refused");
  EXPECT_THAT(Refusal(kBert, Data("wordpiece", "wordpiece/heldout-00000.tokens")),
              HasSubstr("heldout-00000.tokens: tokens at byte 16"));
}

// A document was struck out and the data set built again: the run of before does not go on.
TEST_F(ShardsTest, AreTheSameWhenARunGoesOn) {
  const std::string data = Data("bpe", "text/heldout.jsonl");
  ASSERT_TRUE(Run("run", kLlama, data).ok());
  const auto tokenizer = text::ReadTokenizerJson(ReadFile(folder_ + "/bpe.json").value()).value();
  std::vector<Row> rows = Rows(60);
  rows.erase(rows.begin() + 10);
  WriteShards(*tokenizer, "bpe", rows);
  EXPECT_THAT(Run("run", kLlama, data, /*resume=*/true).status().message(),
              HasSubstr("the text or the tokenizer has changed"));
}

// Of one token nothing can be taken out and something stay.
TEST_F(ShardsTest, NeedTextsThatSomethingCanBeLearnedFrom) {
  const auto tokenizer =
      text::ReadTokenizerJson(ReadFile(folder_ + "/unigram.json").value()).value();
  std::string bytes;
  text::TokenShardWriter writer(*tokenizer, [&](std::string_view part) {
    bytes += part;
    return Status();
  });
  for (const std::vector<text::TokenId>& ids : {std::vector<text::TokenId>{}, {5}, {6}}) {
    ASSERT_TRUE(writer.Add("a", 1, ids).ok());
  }
  ASSERT_TRUE(writer.Finish(Json::object()).ok());
  Write("short/train.tokens", bytes);
  EXPECT_THAT(Refusal(kT5, Data("short", "text/heldout.jsonl")),
              HasSubstr("no document with a token to predict"));
}

TEST_F(ShardsTest, AreRefusedWhereTheyDoNotFit) {
  const std::string held = "bpe/heldout-00000.tokens";
  EXPECT_THAT(Refusal(kLlama, Data("unigram", held)),
              HasSubstr("unigram/train-00000.tokens: these are tokens of another tokenizer"));
  EXPECT_THAT(Refusal(std::string(kBert) + "whole_word = true\n",
                      Data("wordpiece", "wordpiece/heldout-00000.tokens")),
              HasSubstr("this objective needs more than tokens"));
  EXPECT_THAT(Refusal(kLlama, Data("bpe\", \"text", held)), HasSubstr("holds tokens and"));
  std::string learned = kLlama;
  learned.replace(learned.find("file = \"bpe.json\""), 17, "vocab_size = 300");
  fs::remove_all(folder_ + "/refused");
  EXPECT_THAT(Refusal(learned, Data("bpe", held)), HasSubstr("nothing can be learned from tokens"));
  EXPECT_THAT(Refusal(kLlama, "[data]\ntrain = [\"bpe\"]\nheld_out = 0.1\n"),
              HasSubstr("[data] held_out: tokens are held out when they are made"));
  EXPECT_THAT(Refusal(kLlama, Data("bpe/train-00001.tokens", held)), HasSubstr("no document"));
  Write("bpe/more.txt", "a text");
  EXPECT_THAT(Refusal(kLlama, Data("bpe", held)), HasSubstr("holds both tokens"));
}

}  // namespace
}  // namespace parvis::train
