#include "parvis/data/corpus_tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "parvis/core/file.h"
#include "parvis/core/random.h"
#include "parvis/data/build.h"
#include "parvis/text/tokenizer_trainer.h"
#include "tests/scratch_test.h"

namespace parvis::data {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr int kDocuments = 300;
constexpr const char* kRecipe =
    "[corpus]\nname = \"c\"\nout = \"out\"\n[[source]]\nname = \"s\"\npath = \"rows.jsonl\"\n"
    "[split]\nheldout = 0.1\ntest = 0.1\n[tokens]\ntokenizer = \"t.json\"\nshard_tokens = 2000\n";

class CorpusTokensTest : public ScratchTest {
 protected:
  void SetUp() override {
    static constexpr const char* kWords[] = {"river", "garden",  "été",    "the letter",
                                             "and",   "window,", "summer", "Straße"};
    Random random(3);
    std::string rows;
    ThreadPool pool(1);
    text::TokenizerTrainer trainer({.vocab_size = 330, .special_tokens = {"<|endoftext|>"}}, pool);
    for (int i = 0; i < kDocuments; ++i) {
      std::string text = "Story " + std::to_string(i) + ":";
      for (uint64_t w = 10 + random.Below(60); w > 0; --w) {
        text += std::string(" ") + kWords[random.Below(8)];
      }
      trainer.Add(text);
      rows += Json{{"id", std::to_string(i)}, {"text", text}, {"license", i % 3 ? "CC0" : "MIT"}}
                  .dump() +
              "\n";
    }
    Write("rows.jsonl", rows);
    tokenizer_ = trainer.Train().value();
    Write("t.json", text::WriteTokenizerJson(*tokenizer_));
  }
  Status Build(const std::string& toml, int threads = 2) {
    PARVIS_ASSIGN_OR_RETURN(const CorpusRecipe recipe,
                            ParseCorpusRecipe(toml, folder_ + "/c.toml"));
    ThreadPool pool(threads);
    return BuildCorpus(recipe, pool, {.date = "2026-11-25"}).status();
  }
  // The bytes of all files below a folder, by name.
  std::map<std::string, std::string> Files(const std::string& folder) {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder_ + "/" + folder)) {
      if (entry.is_regular_file()) {
        files[fs::relative(entry.path(), folder_ + "/" + folder)] = ReadFile(entry.path()).value();
      }
    }
    return files;
  }
  struct Entry {
    std::string id;
    std::vector<text::TokenId> tokens;
    bool operator==(const Entry&) const = default;
  };
  // The documents of a split as its shards have them.
  std::vector<Entry> FromTokens(const std::string& split) {
    std::vector<Entry> entries;
    for (const auto& [name, bytes] : Files("out/tokens")) {
      if (!name.starts_with(split)) continue;
      const auto shard = text::TokenShard::Open(folder_ + "/out/tokens/" + name);
      EXPECT_TRUE(shard.ok()) << shard.status().message();
      int64_t licences = 0;
      for (const auto& [licence, count] : (*shard)->metadata()["licences"].items()) {
        EXPECT_TRUE(licence == "CC0" || licence == "MIT");
        licences += count.get<int64_t>();
      }
      EXPECT_EQ(licences, (*shard)->num_documents());
      EXPECT_EQ((*shard)->tokenizer_sha256(), text::PlainTokensSha256(*tokenizer_));
      for (int64_t i = 0; i < (*shard)->num_documents(); ++i) {
        Entry entry{std::string((*shard)->name(i)), {}};
        entry.tokens.resize((*shard)->size(i));
        EXPECT_TRUE((*shard)->Read(i, 0, entry.tokens).ok());
        entries.push_back(std::move(entry));
      }
    }
    return entries;
  }
  // … and as the text has them.
  std::vector<Entry> FromText(const std::string& split) {
    std::vector<Entry> entries;
    const std::string text = ReadFile(folder_ + "/out/text/" + split + ".jsonl").value();
    text::EncodeOptions plain;
    plain.add_special = false;
    for (size_t at = 0; at < text.size();) {
      const size_t end = text.find('\n', at);
      const Json row = ParseJson(std::string_view(text).substr(at, end - at)).value();
      entries.push_back({row["id"], tokenizer_->Encode(row["text"].get<std::string>(), plain).ids});
      at = end + 1;
    }
    return entries;
  }

  std::unique_ptr<text::Tokenizer> tokenizer_;
};

TEST_F(CorpusTokensTest, AreTheTokensOfTheText) {
  ASSERT_EQ(Build(kRecipe).message(), "");
  EXPECT_GT(FromText("train").size(), 200u);
  EXPECT_GT(FromText("heldout").size(), 9u);
  EXPECT_EQ(FromTokens("train"), FromText("train"));
  EXPECT_EQ(FromTokens("heldout"), FromText("heldout"));
  EXPECT_TRUE(fs::exists(folder_ + "/out/tokens/train-00003.tokens"));  // several files
  EXPECT_TRUE(FromTokens("test").empty());
  const auto tokenizer = text::ReadTokenizerJson(Files("out")["tokens/tokenizer.json"]);
  ASSERT_TRUE(tokenizer.ok());
  EXPECT_EQ(text::PlainTokensSha256(**tokenizer), text::PlainTokensSha256(*tokenizer_));
  const Json croissant = ParseJson(Files("out")["croissant.json"]).value();
  std::set<std::string> described;
  for (const Json& file : croissant["distribution"]) described.insert(file["@id"]);
  EXPECT_TRUE(described.contains("tokens/train-00000.tokens"));
  EXPECT_TRUE(described.contains("tokens/tokenizer.json"));
}

TEST_F(CorpusTokensTest, AreTheSameForAnyNumberOfThreads) {
  ASSERT_EQ(Build(kRecipe, 1).message(), "");
  const auto one = Files("out");
  for (const int threads : {2, 5}) {
    ASSERT_EQ(Build(kRecipe, threads).message(), "");
    EXPECT_EQ(Files("out"), one);
  }
}

TEST_F(CorpusTokensTest, LoseWhatIsStruckOut) {
  ASSERT_EQ(Build(kRecipe).message(), "");
  const std::vector<Entry> before = FromTokens("train");
  const Entry& struck = before[before.size() / 2];
  Write("struck.txt", struck.id + "\n");
  std::string recipe = kRecipe;
  recipe.insert(recipe.find("[[source]]"), "strike = [\"struck.txt\"]\n");
  ASSERT_EQ(Build(recipe).message(), "");
  std::vector<Entry> left = before;
  std::erase(left, struck);
  ASSERT_EQ(left.size() + 1, before.size());
  EXPECT_EQ(FromTokens("train"), left);
  // Neither its name nor tokens are left in any file of them, and without [tokens] there are none.
  for (const auto& [name, bytes] : Files("out/tokens")) {
    EXPECT_EQ(bytes.find(struck.id + "s/"), std::string::npos) << name;
  }
  recipe.resize(recipe.find("[tokens]"));
  ASSERT_EQ(Build(recipe).message(), "");
  EXPECT_FALSE(fs::exists(folder_ + "/out/tokens"));
}

TEST_F(CorpusTokensTest, NeedATokenizer) {
  const auto refusal = [&](const std::string& tokens) {
    std::string recipe = kRecipe;
    recipe.resize(recipe.find("[tokens]"));
    return Build(recipe + tokens).message();
  };
  EXPECT_THAT(refusal("[tokens]\n"), HasSubstr("[tokens] tokenizer: names no tokenizer.json"));
  EXPECT_THAT(refusal("[tokens]\ntokenizer = \"none.json\"\n"),
              HasSubstr("c.toml:11: [tokens] tokenizer: none.json does not exist"));
  EXPECT_THAT(
      refusal("[tokens]\ntokenizer = \"t.json\"\nshards = 2\n"),
      HasSubstr("c.toml:12: [tokens] shards: unknown key (known: tokenizer, shard_tokens)"));
  Write("bad.json", "{}");
  EXPECT_THAT(refusal("[tokens]\ntokenizer = \"bad.json\"\n"), HasSubstr("bad.json: "));
  Write("pairs.tsv", "a\tb\n");
  EXPECT_THAT(refusal("[[source]]\npath = \"pairs.tsv\"\nformat = \"pairs\"\n"
                      "[tokens]\ntokenizer = \"t.json\"\n"),
              HasSubstr("pairs (source pairs) are trained on as text only"));
}

}  // namespace
}  // namespace parvis::data
