// SentencePiece models made by hand: a good one, and bad ones that are refused by field and byte.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "parvis/text/tokenizer.h"

namespace parvis::text {
namespace {

using testing::HasSubstr;

std::string Varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}
std::string Number(int field, uint64_t value) {
  return Varint(static_cast<uint64_t>(field) << 3) + Varint(value);
}
std::string Message(int field, const std::string& bytes) {
  return Varint(static_cast<uint64_t>(field) << 3 | 2) + Varint(bytes.size()) + bytes;
}
std::string Score(float value) {
  std::string bytes(4, '\0');
  std::memcpy(bytes.data(), &value, 4);
  return Varint(2 << 3 | 5) + bytes;
}
std::string Piece(const std::string& piece, float score, int type = 1) {
  return Message(1, Message(1, piece) + Score(score) + Number(3, static_cast<uint64_t>(type)));
}
std::string Pieces() {
  return Piece("<unk>", 0, 2) + Piece("<s>", 0, 3) + Piece("</s>", 0, 3) + Piece("▁", -2) +
         Piece("a", -1) + Piece("▁a", -0.5f) + Piece("[user]", 0, 4);
}
std::string Trainer(int type) { return Message(2, Number(3, static_cast<uint64_t>(type))); }

TEST(SentencePieceModel, ReadsUnigram) {
  const auto tokenizer = ReadSentencePieceModel(Pieces() + Trainer(1));
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  EXPECT_EQ((*tokenizer)->kind(), "unigram");
  EXPECT_THAT((*tokenizer)->Encode("a  a").ids, testing::ElementsAre(5, 5, 2));
  EXPECT_THAT((*tokenizer)->Encode(" ").ids, testing::ElementsAre(2));
  EXPECT_THAT((*tokenizer)->Encode("a</s>", {.add_special = false}).ids,
              testing::ElementsAre(5, 0));
  EXPECT_THAT((*tokenizer)->Encode("a</s>", {.add_special = false, .parse_special = true}).ids,
              testing::ElementsAre(5, 2));
  EXPECT_THAT((*tokenizer)->EncodePair("a", "a").ids, testing::ElementsAre(5, 2, 5, 2));
}

// The ids of XLM-RoBERTa are the model's and one, of CamemBERT and four; a few come first.
TEST(SentencePieceModel, RenumbersXlmRobertaAndCamembert) {
  const auto read = [](const std::string& name) {
    return ReadSentencePieceModel(Pieces() + Trainer(1), R"({"tokenizer_class":")" + name + "\"}");
  };
  const auto xlm = read("XLMRobertaTokenizer");
  ASSERT_TRUE(xlm.ok()) << xlm.status().message();
  EXPECT_EQ((*xlm)->vocab_size(), 9);
  EXPECT_THAT((*xlm)->Encode("a  a").ids, testing::ElementsAre(0, 6, 6, 2));
  EXPECT_THAT((*xlm)->Encode("aé", {.add_special = false}).ids, testing::ElementsAre(6, 3));
  EXPECT_THAT((*xlm)->Encode("a[user] <mask>", {.add_special = false, .parse_special = true}).ids,
              testing::ElementsAre(6, 7, 8));
  EXPECT_THAT((*xlm)->EncodePair("a", "a").ids, testing::ElementsAre(0, 6, 2, 2, 6, 2));
  EXPECT_EQ((*xlm)->padding(), 1);
  EXPECT_EQ((*xlm)->vocabulary().mask, 8);
  const auto camembert = read("CamembertTokenizerFast");
  ASSERT_TRUE(camembert.ok()) << camembert.status().message();
  EXPECT_EQ((*camembert)->vocab_size(), 12);
  EXPECT_THAT((*camembert)->Encode("a  aé").ids, testing::ElementsAre(5, 9, 9, 3, 6));
  EXPECT_EQ((*camembert)->vocabulary().mask, 11);
  // A model whose first pieces are others.
  const auto other = ReadSentencePieceModel(Piece("a", -1) + Piece("<unk>", 0, 2) + Trainer(1),
                                            R"({"tokenizer_class":"XLMRobertaTokenizer"})");
  EXPECT_THAT(other.status().message(), HasSubstr("the first three are not <unk>"));
}

TEST(SentencePieceModel, ReadsBpeAndTheConfig) {
  const std::string plain = Message(3, Number(4, 0));  // spaces are kept
  const auto tokenizer =
      ReadSentencePieceModel(Pieces() + Trainer(2) + plain,
                             R"({"add_bos_token":true,"add_eos_token":true,"pad_token":"<unk>",
          "added_tokens_decoder":{"7":{"content":"<|im_start|>","special":true}}})");
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  EXPECT_EQ((*tokenizer)->kind(), "sentencepiece_bpe");
  EXPECT_EQ((*tokenizer)->Find("<|im_start|>"), 7);
  EXPECT_THAT((*tokenizer)->Encode("a  a").ids, testing::ElementsAre(1, 5, 3, 5, 2));
}

TEST(SentencePieceModel, GivesT5ItsExtraIds) {
  const auto tokenizer =
      ReadSentencePieceModel(Pieces() + Trainer(1), R"({"tokenizer_class":"T5Tokenizer"})");
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  EXPECT_EQ((*tokenizer)->vocab_size(), 107);
  EXPECT_EQ((*tokenizer)->Find("<extra_id_0>"), 106);
  EXPECT_EQ((*tokenizer)->Find("<extra_id_99>"), 7);
}

struct Bad {
  const char* name;
  std::string bytes, config, message;
};

TEST(SentencePieceModel, RefusesByFieldAndByte) {
  const std::string good = Pieces() + Trainer(1);
  const Bad kBad[] = {
      {"Empty", "", "", "there are none"},
      {"Text", "this is no model", "", "at byte"},
      {"CutInANumber", good + "\x80", "", "ends within a number"},
      {"CutInAPiece", good.substr(0, 5), "", "model at byte"},
      {"LongNumber", good + std::string(11, '\x80'), "", "longer than ten bytes"},
      {"HugeField", good + Varint(1 << 3 | 2) + Varint(uint64_t{1} << 60), "", "are left"},
      {"UnknownWireType", good + "\x0B", "", "unknown type"},
      {"CutWithinAPiece", good + Message(1, "\x0A\x09x"), "", "pieces[7] at byte"},
      {"EmptyPiece", good + Piece("", 0), "", "pieces[7] at byte"},
      {"PieceType", good + Piece("b", 0, 9), "", "is of no known type"},
      {"PieceTwice", good + Piece("a", 0), "", "in the vocabulary twice"},
      {"PieceNotUtf8", good + Piece("\xFF", 0), "", "not valid UTF-8"},
      {"ScoreNotFinite", good + Piece("b", __builtin_nanf("")), "", "scores[7]"},
      {"NoUnknown", Piece("a", 0) + Trainer(1), "", "unknown token"},
      {"ModelType", Pieces() + Trainer(3), "", "trainer_spec.model_type 3"},
      {"Suffix", good + Message(2, Number(24, 1)), "", "treat_whitespace_as_suffix"},
      {"Charsmap", good + Message(3, Message(2, "abc")), "", "precompiled_charsmap at byte 0"},
      {"ExtraIds", good, R"({"extra_ids":1000000})", "extra_ids"},
      {"AddedGap", good, R"({"added_tokens_decoder":{"9":{"content":"x"}}})", "no token has id 7"},
      {"AddedOther", good, R"({"added_tokens_decoder":{"4":{"content":"x"}}})",
       "is \"a\" in the vocabulary"},
      {"AddedKey", good, R"({"added_tokens_decoder":{"x":{"content":"x"}}})", "is not an id"},
      {"ConfigNotJson", good, "{", "tokenizer_config.json"},
  };
  for (const Bad& bad : kBad) {
    const auto made = ReadSentencePieceModel(bad.bytes, bad.config);
    ASSERT_FALSE(made.ok()) << bad.name;
    EXPECT_THAT(made.status().message(), HasSubstr("SentencePiece model")) << bad.name;
    EXPECT_THAT(made.status().message(), HasSubstr(bad.message)) << bad.name;
  }
}

}  // namespace
}  // namespace parvis::text
