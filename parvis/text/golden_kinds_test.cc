// Each kind of tokeniser under tests/golden/tokenizers against what Hugging Face's `tokenizers` and
// SentencePiece did with the strings of strings.jsonl: ids, offsets, decoded text, pairs
// (tools/goldens/README.md).

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "parvis/core/json.h"
#include "parvis/text/base64.h"
#include "parvis/text/tokenizer.h"
#include "parvis/text/utf8.h"

namespace parvis::text {
namespace {

std::string ReadGolden(const std::string& name) {
  std::ifstream file(std::string(PARVIS_SOURCE_DIR) + "/tests/golden/tokenizers/" + name,
                     std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<Json> ReadLines(const std::string& name) {
  std::vector<Json> values;
  std::istringstream lines(ReadGolden(name));
  for (std::string line; std::getline(lines, line);) {
    values.push_back(std::move(ParseJson(line)).value());
  }
  return values;
}

std::vector<std::string> ReadStrings() {
  std::vector<std::string> strings;
  for (const Json& line : ReadLines("strings.jsonl")) {
    strings.push_back(line.is_string() ? line.get<std::string>()
                                       : FromBase64(line[0].get<std::string>()).value());
  }
  return strings;
}

// The first half of FNV-1a's 64 bits: the goldens hold long things as their hash.
std::string HashOf(const std::string& text) {
  uint64_t hash = 0xCBF29CE484222325u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  std::ostringstream hex;
  hex << std::hex;
  hex.width(16);
  hex.fill('0');
  hex << hash;
  return hex.str().substr(0, 8);
}

template <typename T>
std::string Joined(const std::vector<T>& values) {
  std::string text;
  for (const T value : values) text += (text.empty() ? "" : " ") + std::to_string(value);
  return text;
}

// Golden numbers are a list, or its size and hash.
template <typename T>
void ExpectNumbers(const std::vector<T>& got, const Json& golden, const char* what) {
  if (golden.size() == 2 && golden[1].is_string()) {
    ASSERT_EQ(got.size(), golden[0].get<size_t>()) << what;
    ASSERT_EQ(HashOf(Joined(got)), golden[1].get<std::string>()) << what << ": " << Joined(got);
  } else {
    ASSERT_EQ(Joined(got), Joined(golden.get<std::vector<T>>())) << what;
  }
}

// Our offsets point into the input; the golden's into the repaired text.
std::string OffsetsInRepaired(const Encoded& encoded, const Repaired& repaired) {
  std::vector<uint32_t> place(repaired.origin.empty() ? 1 : repaired.origin.back() + 1, 0);
  for (size_t i = repaired.origin.size(); i-- > 0;) {
    place[repaired.origin[i]] = static_cast<uint32_t>(i);
  }
  std::vector<uint32_t> flat;
  for (const auto& [begin, end] : encoded.offsets) {
    flat.push_back(place[begin]);
    flat.push_back(place[end]);
  }
  return Joined(flat);
}

struct Golden {
  const char* name;
  bool native;  // a SentencePiece model, judged by SentencePiece itself
};

class Kinds : public testing::TestWithParam<Golden> {
 protected:
  void SetUp() override {
    const std::string folder = GetParam().name;
    auto made = GetParam().native ? ReadSentencePieceModel(ReadGolden(folder + "/tokenizer.model"))
                                  : ReadTokenizerJson(ReadGolden(folder + "/tokenizer.json"));
    ASSERT_TRUE(made.ok()) << made.status().message();
    tokenizer_ = std::move(*made);
    strings_ = ReadStrings();
    vectors_ = ReadLines(folder + "/vectors.jsonl");
    ASSERT_GE(strings_.size(), 2000u);
    ASSERT_GE(vectors_.size(), strings_.size());
  }

  std::unique_ptr<Tokenizer> tokenizer_;
  std::vector<std::string> strings_;
  std::vector<Json> vectors_;
};

TEST_P(Kinds, EncodesAndDecodesAsTheReference) {
  const bool native = GetParam().native;
  for (size_t i = 0; i < strings_.size(); ++i) {
    const std::string& input = strings_[i];
    const Json& vector = vectors_[i];
    SCOPED_TRACE(testing::PrintToString(input));
    const Encoded got = tokenizer_->Encode(
        input, {.add_special = !native, .parse_special = !native, .offsets = true});
    ASSERT_NO_FATAL_FAILURE(ExpectNumbers(got.ids, vector[0], "ids"));
    const std::string offsets = OffsetsInRepaired(got, Repair(input));
    ASSERT_EQ(HashOf(offsets), vector[1].get<std::string>()) << offsets;
    if (vector[2] != "") {
      const std::string decoded = Repair(tokenizer_->Decode(got.ids, false)).text;
      ASSERT_EQ(HashOf(decoded), vector[2].get<std::string>()) << decoded;
    }
    if (vector[3] != "") {
      const std::string plain = Repair(tokenizer_->Decode(got.ids)).text;
      ASSERT_EQ(HashOf(plain), vector[3].get<std::string>()) << plain;
    }
    if (vector.size() > 4) {
      const Encoded text = tokenizer_->Encode(input, {.add_special = false});
      ASSERT_NO_FATAL_FAILURE(ExpectNumbers(text.ids, vector[4], "special tokens as text"));
    }
  }
}

TEST_P(Kinds, PairsAndDecodesAsTheReference) {
  int pairs = 0, decoded = 0;
  for (size_t i = strings_.size(); i < vectors_.size(); ++i) {
    const Json& vector = vectors_[i];
    if (vector.contains("pair")) {
      const Encoded got = tokenizer_->EncodePair(strings_[vector["pair"][0].get<size_t>()],
                                                 strings_[vector["pair"][1].get<size_t>()],
                                                 {.parse_special = true, .offsets = true});
      ASSERT_NO_FATAL_FAILURE(ExpectNumbers(got.ids, vector["ids"], "ids"));
      ASSERT_NO_FATAL_FAILURE(ExpectNumbers(got.types, vector["types"], "types"));
      ASSERT_EQ(got.offsets.size(), got.ids.size());
      ++pairs;
    } else {
      const auto ids = vector["decode"].get<std::vector<TokenId>>();
      const auto text = vector["decoded"].get<std::string>();
      // The reference replaces every byte of a broken character, we the character.
      if (text.find("\uFFFD") != std::string::npos) continue;
      EXPECT_EQ(tokenizer_->Decode(ids, /*skip_special=*/false), text) << Joined(ids);
      ++decoded;
    }
  }
  if (GetParam().native) return;
  EXPECT_GE(pairs, 100);
  EXPECT_GE(decoded, 10);
}

TEST_P(Kinds, ComesBackFromTokenizerJson) {
  const auto again =
      ReadTokenizerJson(WriteTokenizerJson(*tokenizer_), WriteTokenizerConfigJson(*tokenizer_));
  ASSERT_TRUE(again.ok()) << again.status().message();
  const Vocabulary &a = tokenizer_->vocabulary(), &b = (*again)->vocabulary();
  EXPECT_EQ(a.tokens, b.tokens);
  EXPECT_EQ(a.bos, b.bos);
  EXPECT_EQ(a.eos, b.eos);
  EXPECT_EQ(a.add_bos, b.add_bos);
  EXPECT_EQ(a.add_eos, b.add_eos);
  if (GetParam().native) return;  // written as the nearest that the reference knows
  EXPECT_EQ(a.normalizer, b.normalizer);
  EXPECT_EQ(a.pre_tokenizer, b.pre_tokenizer);
  EXPECT_EQ(a.kinds, b.kinds);
  EXPECT_EQ(a.scores, b.scores);
  EXPECT_EQ(a.trim_offsets, b.trim_offsets);
  for (size_t i = 0; i < strings_.size(); i += 5) {
    EXPECT_EQ(tokenizer_->Encode(strings_[i]).ids, (*again)->Encode(strings_[i]).ids);
  }
}

INSTANTIATE_TEST_SUITE_P(All, Kinds,
                         testing::Values(Golden{"bert_uncased", false}, Golden{"bert_cased", false},
                                         Golden{"t5", false}, Golden{"mt5", false},
                                         Golden{"llama2_legacy", false},
                                         Golden{"llama2_first", false},
                                         Golden{"bloom_style", false}, Golden{"qwen2_style", false},
                                         Golden{"neox_style", false},
                                         Golden{"roberta_style", false}, Golden{"t5_model", true},
                                         Golden{"mt5_model", true}, Golden{"llama2_model", true}),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace parvis::text
