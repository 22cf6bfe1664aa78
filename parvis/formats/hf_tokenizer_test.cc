// Hugging Face folders of every kind of tokeniser: what stands in several small files gives what
// tokenizer.json gives, which parvis/text holds to the reference.

#include "parvis/formats/hf_tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "parvis/core/json.h"
#include "parvis/formats/test_support.h"

namespace parvis::formats {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string Golden(const std::string& name) {
  return *ReadFile(PARVIS_SOURCE_DIR "/tests/golden/tokenizers/" + name);
}

std::vector<std::string> Strings() {
  std::vector<std::string> strings;
  std::istringstream lines(Golden("strings.jsonl"));
  for (std::string line; std::getline(lines, line);) {
    const Json json = *ParseJson(line);
    if (json.is_string()) strings.push_back(json.get<std::string>());
  }
  return strings;
}

void ExpectSame(const text::Tokenizer& got, const text::Tokenizer& want) {
  int same = 0;
  for (const std::string& string : Strings()) {
    const text::EncodeOptions options{.parse_special = true, .offsets = true};
    const text::Encoded a = got.Encode(string, options), b = want.Encode(string, options);
    ASSERT_EQ(a.ids, b.ids) << string;
    ASSERT_EQ(a.offsets, b.offsets) << string;
    ++same;
  }
  EXPECT_GT(same, 1900);
  EXPECT_EQ(got.EncodePair("un", "two").ids, want.EncodePair("un", "two").ids);
  EXPECT_EQ(got.EncodePair("un", "two").types, want.EncodePair("un", "two").types);
}

// The tokens of a golden, as vocab.txt, vocab.json and merges.txt.
struct Files {
  std::unique_ptr<text::Tokenizer> tokenizer;
  std::string list, vocab, merges = "#version: 0.2\n";
};
Files FilesOf(const std::string& name) {
  Files files;
  files.tokenizer = std::move(*text::ReadTokenizerJson(Golden(name + "/tokenizer.json")));
  const text::Vocabulary& v = files.tokenizer->vocabulary();
  Json vocab = Json::object();
  for (size_t id = 0; id < v.tokens.size(); ++id) {
    files.list += v.tokens[id] + '\n';
    vocab[v.tokens[id]] = id;
  }
  files.vocab = vocab.dump();
  for (const auto& [left, right] : v.merges) files.merges += left + ' ' + right + '\n';
  return files;
}

TEST(HfTokenizer, VocabTxt) {
  for (const bool lowercase : {true, false}) {
    const Files files = FilesOf(lowercase ? "bert_uncased" : "bert_cased");
    const TempFolder folder;
    folder.Write("vocab.txt", files.list);
    folder.Write("tokenizer_config.json",
                 Json({{"tokenizer_class", "BertTokenizer"}, {"do_lower_case", lowercase}}).dump());
    const auto tokenizer = ReadHfTokenizer(folder.File(""));
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
    ExpectSame(**tokenizer, *files.tokenizer);
  }
}

TEST(HfTokenizer, VocabAndMerges) {
  for (const auto& [golden, name] :
       {std::pair{"gpt2_style", "GPT2Tokenizer"}, std::pair{"qwen2_style", "Qwen2Tokenizer"},
        std::pair{"roberta_style", "RobertaTokenizer"}}) {
    const Files files = FilesOf(golden);
    const TempFolder folder;
    folder.Write("vocab.json", files.vocab);
    folder.Write("merges.txt", files.merges);
    folder.Write("tokenizer_config.json", Json({{"tokenizer_class", name}}).dump());
    // Qwen's special tokens are named nowhere in the pair of files.
    if (std::string(golden) == "qwen2_style") {
      folder.Write("special_tokens_map.json",
                   R"({"eos_token":"<|im_end|>","pad_token":{"content":"<|endoftext|>"},
                       "bos_token":"<|im_start|>"})");
    }
    const auto tokenizer = ReadHfTokenizer(folder.File(""));
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
    ExpectSame(**tokenizer, *files.tokenizer);
  }
}

TEST(HfTokenizer, SentencePieceModels) {
  const TempFolder t5, llama;
  t5.Write("spiece.model", Golden("t5_model/tokenizer.model"));
  t5.Write("tokenizer_config.json", R"({"tokenizer_class":"T5Tokenizer","extra_ids":100})");
  auto tokenizer = ReadHfTokenizer(t5.File(""));
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  const auto json = text::ReadTokenizerJson(Golden("t5/tokenizer.json"));
  EXPECT_EQ((*tokenizer)->vocabulary().tokens, (*json)->vocabulary().tokens);
  EXPECT_EQ((*tokenizer)->Encode("Une <extra_id_7> bleue.", {.parse_special = true}).ids,
            (*json)->Encode("Une <extra_id_7> bleue.", {.parse_special = true}).ids);
  EXPECT_EQ((*tokenizer)->padding(), 0);

  llama.Write("tokenizer.model", Golden("llama2_model/tokenizer.model"));
  llama.Write("tokenizer_config.json",
              R"({"add_bos_token":true,"add_eos_token":false,"legacy":true})");
  llama.Write("added_tokens.json", R"({"<|im_start|>":1200,"<pad>":1201})");
  llama.Write("special_tokens_map.json", R"({"pad_token":"<pad>"})");
  tokenizer = ReadHfTokenizer(llama.File(""));
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  ASSERT_EQ((*tokenizer)->vocab_size(), 1202);
  EXPECT_EQ((*tokenizer)->padding(), 1201);
  // One that is not named as special is found in anybody's text, the other is not.
  EXPECT_THAT((*tokenizer)->Encode("<|im_start|>").ids, ElementsAre(1, 1200));
  EXPECT_GT((*tokenizer)->Encode("<pad>").ids.size(), 2u);
  EXPECT_THAT((*tokenizer)->Encode("<pad>", {.parse_special = true}).ids, ElementsAre(1, 1201));
  const auto legacy = text::ReadTokenizerJson(Golden("llama2_legacy/tokenizer.json"));
  for (const std::string& string : Strings()) {
    if (string.find("<|") != string.npos || string.find("<pad>") != string.npos) continue;
    ASSERT_EQ((*tokenizer)->Encode(string).ids, (*legacy)->Encode(string).ids) << string;
  }
}

// XLM-RoBERTa's file, of which config.json alone may say whose it is. LLaMA's model has the same
// first three pieces.
TEST(HfTokenizer, SentencePieceModelsWithOtherIds) {
  const TempFolder folder;
  folder.Write("sentencepiece.bpe.model", Golden("llama2_model/tokenizer.model"));
  auto tokenizer = ReadHfTokenizer(folder.File(""));
  ASSERT_FALSE(tokenizer.ok());
  EXPECT_THAT(tokenizer.status().message(), HasSubstr("XLM-RoBERTa and CamemBERT only"));
  folder.Write("config.json", R"({"model_type":"xlm-roberta"})");
  tokenizer = ReadHfTokenizer(folder.File(""));
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  const auto plain = text::ReadSentencePieceModel(Golden("llama2_model/tokenizer.model"));
  std::vector<text::TokenId> ids = (*plain)->Encode("Un chat", {.add_special = false}).ids;
  for (text::TokenId& id : ids) ++id;
  EXPECT_EQ((*tokenizer)->Encode("Un chat", {.add_special = false}).ids, ids);
  EXPECT_EQ((*tokenizer)->Encode("Un chat").ids.front(), 0);
  EXPECT_EQ((*tokenizer)->Encode("Un chat").ids.back(), 2);
  folder.Write("tokenizer_config.json", R"({"tokenizer_class":"NllbTokenizer"})");
  EXPECT_FALSE(ReadHfTokenizer(folder.File("")).ok());
}

TEST(HfTokenizer, TokenizerJsonComesFirst) {
  const TempFolder folder;
  folder.Write("tokenizer.json", Golden("bert_cased/tokenizer.json"));
  folder.Write("vocab.txt", "this is no vocabulary\n");
  folder.Write("spiece.model", "nor this a model");
  const auto tokenizer = ReadHfTokenizer(folder.File(""));
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  EXPECT_EQ((*tokenizer)->kind(), "wordpiece");
  const TempFolder empty;
  const auto none = ReadHfTokenizer(empty.File(""));
  ASSERT_TRUE(none.ok());
  EXPECT_EQ(*none, nullptr);
}

TEST(HfTokenizer, RefusesBadFilesByNameAndField) {
  const struct {
    const char *name, *file, *bytes, *message;
  } kBad[] = {
      {"MapNotJson", "special_tokens_map.json", "{", "special_tokens_map.json"},
      {"MapNotObject", "special_tokens_map.json", "[]", "not a JSON object"},
      {"AddedNotJson", "added_tokens.json", "{\"a\"", "added_tokens.json"},
      {"AddedNoId", "added_tokens.json", R"({"a":"b"})", "[\"a\"]: is not a token id"},
      {"AddedNegative", "added_tokens.json", R"({"a":-1})", "[\"a\"]: is not a token id"},
      {"AddedGap", "added_tokens.json", R"({"a":5000})", "no token has id 1200"},
      {"AddedHuge", "added_tokens.json", R"({"a":99999999999})", "added_tokens_decoder"},
      {"ConfigNotJson", "tokenizer_config.json", "nul", "tokenizer_config.json"},
      {"ConfigNotObject", "tokenizer_config.json", "3", "not a JSON object"},
  };
  for (const auto& bad : kBad) {
    const TempFolder folder;
    folder.Write("vocab.txt", FilesOf("bert_cased").list);
    folder.Write(bad.file, bad.bytes);
    const auto tokenizer = ReadHfTokenizer(folder.File(""));
    ASSERT_FALSE(tokenizer.ok()) << bad.name;
    EXPECT_THAT(tokenizer.status().message(), HasSubstr(bad.message)) << bad.name;
    EXPECT_EQ(tokenizer.status().code(), StatusCode::kDataLoss) << bad.name;
  }
}

TEST(HfTokenizer, RefusesBadVocabularies) {
  const struct {
    const char *name, *list, *message;
  } kLists[] = {
      {"Empty", "", "needs the tokens"},
      {"EmptyLine", "[UNK]\n\n[CLS]\n", "line 2: is empty"},
      {"Twice", "[UNK]\n[CLS]\n[SEP]\na\na\n", "in the vocabulary twice"},
      {"NotUtf8", "[UNK]\n[CLS]\n[SEP]\n\xFF\n", "not valid UTF-8"},
      {"NoUnknown", "[CLS]\n[SEP]\na\n", "needs the tokens [UNK], [CLS] and [SEP]"},
  };
  for (const auto& bad : kLists) {
    const TempFolder folder;
    folder.Write("vocab.txt", bad.list);
    const auto tokenizer = ReadHfTokenizer(folder.File(""));
    ASSERT_FALSE(tokenizer.ok()) << bad.name;
    EXPECT_THAT(tokenizer.status().message(), HasSubstr("vocab.txt")) << bad.name;
    EXPECT_THAT(tokenizer.status().message(), HasSubstr(bad.message)) << bad.name;
  }
  const struct {
    const char *name, *vocab, *merges, *config, *message;
  } kPairs[] = {
      {"VocabNotJson", "{", "", "", "vocab.json"},
      {"VocabNotObject", "[]", "", "", "vocab.json: is not a JSON object"},
      {"IdIsText", R"({"a":"0"})", "", "", "vocab.json: [\"a\"]"},
      {"IdTwice", R"({"a":0,"b":0})", "", "", "vocab.json: [\"b\"]"},
      {"Gap", R"({"a":0,"b":2})", "", "", "vocab.json: ids"},
      {"MergeOfOne", R"({"a":0})", "a\n", "", "merges.txt: line 1"},
      {"MergeOfThree", R"({"a":0})", "#version\na a a\n", "", "merges.txt: line 2"},
      {"MergeUnknown", R"({"a":0})", "a b\n", "", "vocab.json, merges.txt: "},
      {"Class", R"({"a":0})", "", R"({"tokenizer_class":"CLIPTokenizer"})", "CLIPTokenizer"},
  };
  for (const auto& bad : kPairs) {
    const TempFolder folder;
    folder.Write("vocab.json", bad.vocab);
    folder.Write("merges.txt", bad.merges);
    folder.Write("tokenizer_config.json", *bad.config == '\0' ? "{}" : bad.config);
    const auto tokenizer = ReadHfTokenizer(folder.File(""));
    ASSERT_FALSE(tokenizer.ok()) << bad.name;
    EXPECT_THAT(tokenizer.status().message(), HasSubstr(bad.message)) << bad.name;
  }
}

}  // namespace
}  // namespace parvis::formats
