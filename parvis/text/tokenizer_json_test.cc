#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "parvis/core/json.h"
#include "parvis/text/byte_alphabet.h"
#include "parvis/text/pretokenizer.h"
#include "parvis/text/tokenizer.h"

namespace parvis::text {
namespace {

using testing::HasSubstr;

// A small byte-level tokeniser as a JSON document, to be spoiled in one place by each test.
Json ByteLevelJson() {
  Json vocab = Json::object();
  for (int byte = 0; byte < 256; ++byte) {
    vocab[ToByteAlphabet(std::string(1, static_cast<char>(byte)))] = byte;
  }
  vocab["he"] = 256;
  vocab["Ġhe"] = 257;
  const Json end = {{"id", 258}, {"content", "<end>"}, {"special", true}};
  const Json user = {{"id", 259}, {"content", "<user>"}, {"special", false}};
  return {{"version", "1.0"},
          {"added_tokens", Json::array({end, user})},
          {"normalizer", nullptr},
          {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}}},
          {"post_processor", nullptr},
          {"decoder", {{"type", "ByteLevel"}}},
          {"model",
           {{"type", "BPE"},
            {"vocab", vocab},
            {"merges", Json::array({Json::array({"h", "e"}), "Ġ he"})}}}};
}

// The same in the manner of LLaMA 2.
Json SentencePieceJson() {
  Json vocab = {{"<unk>", 0}, {"<s>", 1}, {"</s>", 2}};
  for (int byte = 0; byte < 256; ++byte) vocab[ByteToken(static_cast<uint8_t>(byte))] = 3 + byte;
  for (const char* token : {"▁", "h", "e", "he", "▁he"}) vocab.emplace(token, vocab.size());
  Json added = Json::array();
  for (const char* token : {"<unk>", "<s>", "</s>"}) {
    added.push_back({{"id", vocab[token]}, {"content", token}, {"special", true}});
  }
  const Json to_space = {{"type", "Replace"}, {"pattern", {{"String", "▁"}}}, {"content", " "}};
  const Json from_space = {{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", "▁"}};
  const Json prepend = {{"type", "Prepend"}, {"prepend", "▁"}};
  const Json strip = {{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}};
  const Json begin = {{"SpecialToken", {{"id", "<s>"}, {"type_id", 0}}}};
  const Json sequence = {{"Sequence", {{"id", "A"}, {"type_id", 0}}}};
  return {
      {"added_tokens", added},
      {"normalizer", {{"type", "Sequence"}, {"normalizers", Json::array({prepend, from_space})}}},
      {"pre_tokenizer", nullptr},
      {"post_processor",
       {{"type", "TemplateProcessing"}, {"single", Json::array({begin, sequence})}}},
      {"decoder",
       {{"type", "Sequence"},
        {"decoders",
         Json::array({to_space, {{"type", "ByteFallback"}}, {{"type", "Fuse"}}, strip})}}},
      {"model",
       {{"type", "BPE"},
        {"unk_token", "<unk>"},
        {"fuse_unk", true},
        {"byte_fallback", true},
        {"vocab", vocab},
        {"merges", {"h e", "▁ he"}}}}};
}

// Unigram in the manner of T5, and WordPiece in that of BERT.
Json UnigramJson() {
  const Json metaspace = {
      {"type", "Metaspace"}, {"replacement", "▁"}, {"prepend_scheme", "always"}, {"split", true}};
  const Json entry = Json::array({"<unk>", 0.0});
  return {{"normalizer", {{"type", "NFKC"}}},
          {"pre_tokenizer", metaspace},
          {"decoder", metaspace},
          {"model",
           {{"type", "Unigram"},
            {"unk_id", 0},
            {"vocab", Json::array({entry, Json::array({"▁", -1.0}), Json::array({"a", -2.0})})}}}};
}

Json WordPieceJson() {
  return {{"normalizer", {{"type", "BertNormalizer"}}},
          {"pre_tokenizer", {{"type", "BertPreTokenizer"}}},
          {"post_processor",
           {{"type", "BertProcessing"},
            {"cls", Json::array({"[CLS]", 1})},
            {"sep", Json::array({"[SEP]", 2})}}},
          {"decoder", {{"type", "WordPiece"}}},
          {"model",
           {{"type", "WordPiece"},
            {"unk_token", "[UNK]"},
            {"vocab", {{"[UNK]", 0}, {"[CLS]", 1}, {"[SEP]", 2}, {"a", 3}}}}}};
}

// Steps that each make a text longer.
Json Growing(int steps) {
  Json list = Json::array();
  for (int i = 0; i < steps; ++i) {
    list.push_back(
        {{"type", "Replace"}, {"pattern", {{"String", "a"}}}, {"content", std::string(200, 'a')}});
  }
  return {{"type", "Sequence"}, {"normalizers", list}};
}

std::unique_ptr<Tokenizer> Read(const Json& json, const std::string& config = {}) {
  auto made = ReadTokenizerJson(json.dump(), config);
  EXPECT_TRUE(made.ok()) << made.status().message();
  return made.ok() ? std::move(*made) : nullptr;
}

TEST(TokenizerJson, ReadsByteLevel) {
  const auto tokenizer = Read(ByteLevelJson());
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_EQ(tokenizer->kind(), "byte_bpe");
  EXPECT_THAT(tokenizer->Encode("he he<user><end>").ids,
              testing::ElementsAre(256, 257, 259, '<', 'e', 'n', 'd', '>'));
  EXPECT_THAT(tokenizer->Encode("<end>he", {.parse_special = true}).ids,
              testing::ElementsAre(258, 256));
  EXPECT_EQ(tokenizer->Find("Ġhe"), 257);
  EXPECT_EQ(tokenizer->Find("Ġshe"), std::nullopt);
  EXPECT_EQ(tokenizer->TokenBytes(257), " he");
  EXPECT_EQ(tokenizer->Decode(std::vector<TokenId>{257, 258, -1, 9999, 256}), " hehe");
}

TEST(TokenizerJson, ReadsSentencePiece) {
  const auto tokenizer = Read(SentencePieceJson());
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_EQ(tokenizer->kind(), "sentencepiece_bpe");
  const Encoded encoded = tokenizer->Encode("he heé", {.offsets = true});
  EXPECT_THAT(encoded.ids, testing::ElementsAre(1, 263, 263, 3 + 0xC3, 3 + 0xA9));
  EXPECT_THAT(encoded.offsets,
              testing::ElementsAre(testing::Pair(0, 0), testing::Pair(0, 2), testing::Pair(2, 5),
                                   testing::Pair(5, 7), testing::Pair(5, 7)));
  EXPECT_EQ(tokenizer->Decode(encoded.ids), "he heé");
  EXPECT_EQ(tokenizer->TokenBytes(263), " he");
  EXPECT_THAT(tokenizer->Encode("").ids, testing::ElementsAre(1));
}

TEST(TokenizerJson, ReadsUnigramAndWordPiece) {
  const auto unigram = Read(UnigramJson());
  ASSERT_NE(unigram, nullptr);
  EXPECT_THAT(unigram->Encode("a b").ids, testing::ElementsAre(1, 2, 1, 0));
  const auto wordpiece = Read(WordPieceJson());
  ASSERT_NE(wordpiece, nullptr);
  const Encoded pair = wordpiece->EncodePair("A", "b á");
  EXPECT_THAT(pair.ids, testing::ElementsAre(1, 3, 2, 0, 3, 2));
  EXPECT_THAT(pair.types, testing::ElementsAre(0, 0, 0, 1, 1, 1));
  EXPECT_THAT(pair.texts, testing::ElementsAre(-1, 0, -1, 1, 1, -1));
}

TEST(TokenizerJson, ReadsTheConfig) {
  const auto tokenizer =
      Read(ByteLevelJson(),
           R"({"eos_token":{"content":"<end>"},"pad_token":"<end>","chat_template":"{{ x }}"})");
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_EQ(tokenizer->eos(), 258);
  EXPECT_EQ(tokenizer->padding(), 258);
  EXPECT_EQ(tokenizer->bos(), std::nullopt);
  EXPECT_EQ(tokenizer->vocabulary().chat_template, "{{ x }}");
}

TEST(TokenizerJson, WritesWhatItRead) {
  for (const Json& json : {ByteLevelJson(), SentencePieceJson()}) {
    const auto tokenizer = Read(json, R"({"eos_token":"<end>","chat_template":"t"})");
    ASSERT_NE(tokenizer, nullptr);
    auto again =
        ReadTokenizerJson(WriteTokenizerJson(*tokenizer), WriteTokenizerConfigJson(*tokenizer));
    ASSERT_TRUE(again.ok()) << again.status().message();
    const Vocabulary &a = tokenizer->vocabulary(), &b = (*again)->vocabulary();
    EXPECT_EQ(a.tokens, b.tokens);
    EXPECT_EQ(a.kinds, b.kinds);
    EXPECT_EQ(a.merges, b.merges);
    EXPECT_EQ(a.scores, b.scores);
    EXPECT_EQ(a.bos, b.bos);
    EXPECT_EQ(a.eos, b.eos);
    EXPECT_EQ(a.unknown, b.unknown);
    EXPECT_EQ(a.add_bos, b.add_bos);
    EXPECT_EQ(a.add_prefix_space, b.add_prefix_space);
    EXPECT_EQ(a.pre_tokenizer, b.pre_tokenizer);
    EXPECT_EQ(a.chat_template, b.chat_template);
  }
}

struct BadFile {
  const char* name;
  Json (*base)();
  const char* pointer;  // what is replaced by `value`
  Json value;
  const char* message;  // must be named in the refusal
};

class BadTokenizerJson : public testing::TestWithParam<BadFile> {};

TEST_P(BadTokenizerJson, IsRefusedByItsField) {
  Json json = GetParam().base();
  json[Json::json_pointer(GetParam().pointer)] = GetParam().value;
  const auto made = ReadTokenizerJson(json.dump());
  ASSERT_FALSE(made.ok());
  EXPECT_THAT(made.status().message(), HasSubstr("tokenizer.json"));
  EXPECT_THAT(made.status().message(), HasSubstr(GetParam().message));
}

const BadFile kBadFiles[] = {
    {"ModelIsText", &ByteLevelJson, "/model", "BPE", "model"},
    {"ModelIsWordLevel", &ByteLevelJson, "/model/type", "WordLevel", "model.type"},
    {"Dropout", &ByteLevelJson, "/model/dropout", 0.1, "model.dropout"},
    {"Suffix", &ByteLevelJson, "/model/end_of_word_suffix", "</w>", "model.end_of_word_suffix"},
    {"VocabIsList", &ByteLevelJson, "/model/vocab", Json::array({"a"}), "model.vocab"},
    {"VocabIsEmpty", &ByteLevelJson, "/model/vocab", Json::object(), "model.vocab"},
    {"IdIsText", &ByteLevelJson, "/model/vocab/he", "256", "model.vocab[\"he\"]"},
    {"IdIsNegative", &ByteLevelJson, "/model/vocab/he", -1, "model.vocab[\"he\"]"},
    {"IdIsHuge", &ByteLevelJson, "/model/vocab/he", 4'000'000'000, "model.vocab[\"he\"]"},
    {"IdTwice", &ByteLevelJson, "/model/vocab/he", 257, "257"},
    {"IdGap", &ByteLevelJson, "/model/vocab/he", 300, "no token with id 256"},
    {"MergesMissing", &ByteLevelJson, "/model/merges", nullptr, "model.merges"},
    {"MergeOfOne", &ByteLevelJson, "/model/merges/0", Json::array({"h"}), "model.merges[0]"},
    {"MergeOfNumbers", &ByteLevelJson, "/model/merges/1", Json::array({1, 2}), "model.merges[1]"},
    {"MergeWithoutSpace", &ByteLevelJson, "/model/merges/1", "he", "model.merges[1]"},
    {"MergeOfUnknown", &ByteLevelJson, "/model/merges/0", Json::array({"h", "x"}), "merges[0]"},
    {"AddedIsObject", &ByteLevelJson, "/added_tokens", Json::object(), "added_tokens"},
    {"AddedWithoutId", &ByteLevelJson, "/added_tokens/0/id", nullptr, "added_tokens[0]"},
    {"AddedIdTaken", &ByteLevelJson, "/added_tokens/0/id", 3, "added_tokens[0]"},
    {"AddedEmpty", &ByteLevelJson, "/added_tokens/1/content", "", "added_tokens[1]"},
    {"Normalizer", &ByteLevelJson, "/normalizer", {{"type", "Nmt"}}, "normalizer"},
    {"PreTokenizer", &ByteLevelJson, "/pre_tokenizer", {{"type", "Whitespace"}}, "pre_tokenizer"},
    {"Decoder", &ByteLevelJson, "/decoder", {{"type", "WordPiece"}}, "decoder"},
    {"PostProcessor", &ByteLevelJson, "/post_processor", {{"type", "Other"}}, "post_processor"},
    {"NoByteFallback", &SentencePieceJson, "/model/byte_fallback", false, "model.byte_fallback"},
    {"NoByteToken",
     &SentencePieceJson,
     "/model/vocab",
     {{"<unk>", 0}, {"<s>", 1}, {"</s>", 2}},
     "<0x00>"},
    {"OtherNormalizer",
     &SentencePieceJson,
     "/normalizer/normalizers/0",
     {{"type", "NFKC"}},
     "normalizer"},
    {"OtherDecoder", &SentencePieceJson, "/decoder/decoders/3/start", 2, "decoder"},
    {"TemplateOfUnknown", &SentencePieceJson, "/post_processor/single/0/SpecialToken/id", "<x>",
     "post_processor.single"},
    {"TemplateOfNumbers", &SentencePieceJson, "/post_processor/single", Json::array({1}),
     "post_processor.single"},
    {"NormalizerGrows", &UnigramJson, "/normalizer", Growing(2), "normalizer: its steps together"},
    {"NormalizerTooMany", &UnigramJson, "/normalizer", Growing(17), "normalizer"},
    {"PatternTooLong",
     &UnigramJson,
     "/normalizer",
     {{"type", "Replace"}, {"pattern", {{"String", std::string(257, 'a')}}}, {"content", "b"}},
     "a pattern is empty, longer than 256"},
    {"CharsmapNotBase64",
     &UnigramJson,
     "/normalizer",
     {{"type", "Precompiled"}, {"precompiled_charsmap", "?"}},
     "precompiled_charsmap"},
    {"CharsmapCut",
     &UnigramJson,
     "/normalizer",
     {{"type", "Precompiled"}, {"precompiled_charsmap", "AAAA"}},
     "precompiled_charsmap at byte 0"},
    {"UnigramVocabIsObject", &UnigramJson, "/model/vocab", Json::object(), "model.vocab"},
    {"UnigramEntry", &UnigramJson, "/model/vocab/1", Json::array({"▁"}), "model.vocab[1]"},
    {"UnigramScoreIsText", &UnigramJson, "/model/vocab/2/1", "x", "model.vocab[2]"},
    {"UnigramScoreOverflows", &UnigramJson, "/model/vocab/2/1", 1e300, "scores[2]"},
    {"UnigramTokenTwice", &UnigramJson, "/model/vocab/2/0", "▁", "in the vocabulary twice"},
    {"UnigramNoUnknown", &UnigramJson, "/model/unk_id", nullptr, "model.unk_id"},
    {"UnigramUnknownOutside", &UnigramJson, "/model/unk_id", 3, "model.unk_id"},
    {"UnigramPre", &UnigramJson, "/pre_tokenizer/replacement", "_", "pre_tokenizer"},
    {"UnigramScheme", &UnigramJson, "/pre_tokenizer/prepend_scheme", "last", "prepend_scheme"},
    {"UnigramDecoder", &UnigramJson, "/decoder", {{"type", "Fuse"}}, "decoder"},
    {"WordPieceUnknown", &WordPieceJson, "/model/unk_token", "<unk>", "model.unk_token"},
    {"WordPieceLongest", &WordPieceJson, "/model/max_input_chars_per_word", 0,
     "model.max_input_chars_per_word"},
    {"WordPiecePrefix", &WordPieceJson, "/model/continuing_subword_prefix", 1,
     "model.continuing_subword_prefix"},
    {"WordPiecePre", &WordPieceJson, "/pre_tokenizer", nullptr, "pre_tokenizer"},
    {"WordPieceDecoder", &WordPieceJson, "/decoder/prefix", "@@", "decoder"},
    {"WordPieceCls", &WordPieceJson, "/post_processor/cls/1", 9, "post_processor.cls"},
    {"WordPieceSep", &WordPieceJson, "/post_processor/sep", "[SEP]", "post_processor.sep"},
};

INSTANTIATE_TEST_SUITE_P(All, BadTokenizerJson, testing::ValuesIn(kBadFiles),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(TokenizerJson, RefusesAPatternThatItDoesNotCompute) {
  Json json = ByteLevelJson();
  const Json bytes = {{"type", "ByteLevel"}, {"use_regex", false}};
  Json split = {{"type", "Split"}, {"behavior", "Isolated"}, {"invert", false}};
  split["pattern"]["Regex"] = PatternOf(PreTokenizer::kLlama3);
  json["pre_tokenizer"] = {{"type", "Sequence"}, {"pretokenizers", Json::array({split, bytes})}};
  EXPECT_TRUE(ReadTokenizerJson(json.dump()).ok());
  Json other = json;
  other["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] = "\\p{L}+";
  EXPECT_THAT(ReadTokenizerJson(other.dump()).status().message(), HasSubstr("pattern"));
  other = json;
  other["pre_tokenizer"]["pretokenizers"][0]["behavior"] = 3;
  EXPECT_THAT(ReadTokenizerJson(other.dump()).status().message(), HasSubstr("behavior"));
}

TEST(TokenizerJson, RefusesWhatIsNotJson) {
  const std::string text = ByteLevelJson().dump();
  for (const std::string& bad :
       {std::string(), text.substr(0, text.size() / 2), text + "x", std::string("[1]"),
        std::string("{\"model\":{\"vocab\":{\"a\":0,\"a\":1}}}"), std::string("\xFF\xFE")}) {
    EXPECT_FALSE(ReadTokenizerJson(bad).ok()) << bad.substr(0, 40);
  }
}

}  // namespace
}  // namespace parvis::text
