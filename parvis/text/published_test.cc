// Published vocabularies against what their own tokenisers did with hard strings. They are read
// from
// ../shared (or $PARVIS_SHARED), which is no part of the repository.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "parvis/core/byte_reader.h"
#include "parvis/text/golden_support.h"
#include "parvis/text/tokenizer.h"

namespace parvis::text {
namespace {

// Empty if there is no such file.
std::string ReadShared(const std::string& name) {
  const char* shared = std::getenv("PARVIS_SHARED");
  const std::string folder = shared != nullptr ? shared : PARVIS_SOURCE_DIR "/../shared";
  std::ifstream file(folder + "/data/tokenizers/" + name, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

struct Vector {
  std::string text;
  std::vector<TokenId> ids;
};

// llama.cpp's pairs of files: texts between marks, and a line of ids for each.
std::vector<Vector> ReadVectors(const std::string& name) {
  const std::string texts = ReadShared("ggml-vocab/ggml-vocab-" + name + ".gguf.inp");
  std::istringstream lines(ReadShared("ggml-vocab/ggml-vocab-" + name + ".gguf.out"));
  const std::string mark = "\n__ggml_vocab_test__\n";
  std::vector<Vector> vectors;
  for (size_t at = 0; at < texts.size();) {
    const size_t end = std::min(texts.find(mark, at), texts.size());
    Vector vector = {texts.substr(at, end - at), {}};
    at = end + mark.size();
    std::string line;
    if (!std::getline(lines, line)) break;
    std::istringstream words(line);
    for (TokenId id; words >> id;) vector.ids.push_back(id);
    vectors.push_back(std::move(vector));
  }
  return vectors;
}

void ExpectVectors(const Tokenizer& tokenizer, const std::string& name) {
  const std::vector<Vector> vectors = ReadVectors(name);
  EXPECT_GT(vectors.size(), 40u);
  for (const Vector& vector : vectors) {
    SCOPED_TRACE(testing::PrintToString(vector.text));
    EXPECT_EQ(tokenizer.Encode(vector.text, {.add_special = false}).ids, vector.ids);
    EXPECT_EQ(tokenizer.Decode(vector.ids), vector.text);
  }
}

// What Hugging Face's `tokenizers` or SentencePiece made of the strings of the goldens.
void ExpectReference(const Tokenizer& tokenizer, const std::string& name, bool native = false) {
  const std::string golden = PublishedGolden(name);
  ASSERT_NE(golden, "");
  EXPECT_EQ(PublishedLineOf(name, tokenizer, native), golden);
}

// tokenizer.bin of llama2.c: the longest token's size, then score, size and bytes of each token.
Result<std::unique_ptr<Tokenizer>> ReadLlama2Bin(const std::string& bytes) {
  Vocabulary v;
  v.model = "sentencepiece_bpe";
  v.add_prefix_space = v.add_bos = true;
  v.unknown = 0, v.bos = 1, v.eos = 2;
  ByteReader reader(std::as_bytes(std::span(bytes)));
  PARVIS_RETURN_IF_ERROR(reader.Read<int32_t>("longest").status());
  while (reader.left() > 0) {
    PARVIS_ASSIGN_OR_RETURN(const float score, reader.Read<float>("score"));
    PARVIS_ASSIGN_OR_RETURN(const int32_t size, reader.Read<int32_t>("size"));
    PARVIS_ASSIGN_OR_RETURN(const std::string_view text, reader.Text("token", size));
    const size_t id = v.tokens.size();
    std::string token;
    for (const char c : text) token += c == ' ' ? std::string("▁") : std::string(1, c);
    if (id == 1) token = "<s>";
    if (id == 2) token = "</s>";
    v.tokens.push_back(token);
    v.scores.push_back(score);
    v.kinds.push_back(id == 0    ? TokenKind::kUnknown
                      : id < 3   ? TokenKind::kControl
                      : id < 259 ? TokenKind::kByte
                                 : TokenKind::kNormal);
  }
  return MakeTokenizer(std::move(v));
}

TEST(Published, Gpt2) {
  const std::string vocab = ReadShared("gpt2/encoder.json");
  if (vocab.empty()) GTEST_SKIP() << "no ../shared/data/tokenizers here";
  const auto tokenizer = ReadVocabAndMerges(vocab, ReadShared("gpt2/vocab.bpe"));
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  EXPECT_EQ((*tokenizer)->vocab_size(), 50257);
  EXPECT_EQ((*tokenizer)->eos(), 50256);
  ExpectVectors(**tokenizer, "gpt-2");
  ExpectReference(**tokenizer, "gpt2");
}

TEST(Published, Gpt2ThroughTokenizerJson) {
  const std::string vocab = ReadShared("gpt2/encoder.json");
  if (vocab.empty()) GTEST_SKIP() << "no ../shared/data/tokenizers here";
  const auto first = ReadVocabAndMerges(vocab, ReadShared("gpt2/vocab.bpe"));
  ASSERT_TRUE(first.ok());
  const auto tokenizer = ReadTokenizerJson(WriteTokenizerJson(**first));
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  ExpectVectors(**tokenizer, "gpt-2");
}

TEST(Published, Llama2) {
  const std::string file = ReadShared("llama2/tokenizer.bin");
  if (file.empty()) GTEST_SKIP() << "no ../shared/data/tokenizers here";
  const auto tokenizer = ReadLlama2Bin(file);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  EXPECT_EQ((*tokenizer)->vocab_size(), 32000);
  ExpectVectors(**tokenizer, "llama-spm");
  const auto again = ReadTokenizerJson(WriteTokenizerJson(**tokenizer));
  ASSERT_TRUE(again.ok()) << again.status().message();
  ExpectVectors(**again, "llama-spm");
}

TEST(Published, Llama2FromItsModel) {
  const std::string file = ReadShared("llama2/tokenizer.model");
  if (file.empty()) GTEST_SKIP() << "no ../shared/data/tokenizers here";
  const auto tokenizer = ReadSentencePieceModel(file);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  EXPECT_EQ((*tokenizer)->vocab_size(), 32000);
  ExpectVectors(**tokenizer, "llama-spm");
  ExpectReference(**tokenizer, "llama2/tokenizer", /*native=*/true);
  // The published tokenizer.json beside it has merges of tokens that are spaces, which cannot be
  // told apart; Hugging Face's `tokenizers` refuse the same line.
  const auto json = ReadTokenizerJson(ReadShared("llama2/tokenizer.json"));
  ASSERT_FALSE(json.ok());
  EXPECT_THAT(json.status().message(), testing::HasSubstr("model.merges[18917]"));
}

TEST(Published, BertCased) {
  const std::string file = ReadShared("bert/bert_basic_cased_vocab.txt");
  if (file.empty()) GTEST_SKIP() << "no ../shared/data/tokenizers here";
  const auto tokenizer = ReadVocabTxt(file, R"({"do_lower_case":false})");
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  EXPECT_EQ((*tokenizer)->vocab_size(), 28996);
  ExpectReference(**tokenizer, "bert_cased");
}

TEST(Published, T5Small) {
  const std::string file = ReadShared("t5-small/tokenizer.json");
  if (file.empty()) GTEST_SKIP() << "no ../shared/data/tokenizers here";
  const auto tokenizer = ReadTokenizerJson(file, ReadShared("t5-small/tokenizer_config.json"));
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  EXPECT_EQ((*tokenizer)->vocab_size(), 32100);
  EXPECT_EQ((*tokenizer)->Encode("translate English to German: That is good.").ids,
            (std::vector<TokenId>{13959, 1566, 12, 2968, 10, 466, 19, 207, 5, 1}));
  EXPECT_EQ((*tokenizer)->Find("<extra_id_0>"), 32099);
  ExpectReference(**tokenizer, "t5-small");
}

TEST(Published, RobertaBase) {
  const std::string file = ReadShared("roberta-base/tokenizer.json");
  if (file.empty()) GTEST_SKIP() << "no ../shared/data/tokenizers here";
  const auto tokenizer = ReadTokenizerJson(file);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  EXPECT_EQ((*tokenizer)->Encode("Hello world").ids, (std::vector<TokenId>{0, 31414, 232, 2}));
  EXPECT_EQ((*tokenizer)->EncodePair("Hello", "world").ids,
            (std::vector<TokenId>{0, 31414, 2, 2, 8331, 2}));
  ExpectReference(**tokenizer, "roberta-base");
}

TEST(Published, SentencePieceModels) {
  for (const std::string name : {"sentencepiece/test_model", "sentencepiece/test_ja_model"}) {
    const std::string file = ReadShared(name + ".model");
    if (file.empty()) GTEST_SKIP() << "no ../shared/data/tokenizers here";
    const auto tokenizer = ReadSentencePieceModel(file);
    ASSERT_TRUE(tokenizer.ok()) << name << ": " << tokenizer.status().message();
    ExpectReference(**tokenizer, name, /*native=*/true);
  }
}

// Models of whole words are neither Unigram nor BPE.
TEST(Published, SentencePieceModelsOfWordsAreRefused) {
  const std::string file = ReadShared("keras-hub/t5_test_vocab.spm");
  if (file.empty()) GTEST_SKIP() << "no ../shared/data/tokenizers here";
  const auto tokenizer = ReadSentencePieceModel(file);
  ASSERT_FALSE(tokenizer.ok());
  EXPECT_THAT(tokenizer.status().message(), testing::HasSubstr("trainer_spec.model_type 3"));
}

}  // namespace
}  // namespace parvis::text
