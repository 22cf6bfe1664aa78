// The tokenisers under tests/golden/tokenizers against what Hugging Face's `tokenizers` did with
// them: ids, offsets and decoded text of every vector (tools/goldens/README.md).

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "parvis/core/json.h"
#include "parvis/text/tokenizer.h"
#include "parvis/text/utf8.h"

namespace parvis::text {
namespace {

std::string ReadGolden(const std::string& name) {
  std::ifstream file(std::string(PARVIS_SOURCE_DIR) + "/tests/golden/tokenizers/" + name);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string FromBase64(const std::string& text) {
  static const std::string kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    if (c == '=') break;
    bits = bits << 6 | static_cast<uint32_t>(kDigits.find(c));
    if ((count += 6) >= 8) bytes += static_cast<char>(bits >> (count -= 8) & 0xFF);
  }
  return bytes;
}

class Goldens : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    auto made = ReadTokenizerJson(ReadGolden(std::string(GetParam()) + "/tokenizer.json"));
    ASSERT_TRUE(made.ok()) << made.status().message();
    tokenizer_ = std::move(*made);
    std::istringstream lines(ReadGolden(std::string(GetParam()) + "/vectors.jsonl"));
    for (std::string line; std::getline(lines, line);) {
      Result<Json> vector = ParseJson(line);
      ASSERT_TRUE(vector.ok()) << line;
      vectors_.push_back(std::move(*vector));
    }
    ASSERT_GT(vectors_.size(), 2000u);
  }

  std::unique_ptr<Tokenizer> tokenizer_;
  std::vector<Json> vectors_;
};

TEST_P(Goldens, EncodesAndDecodesAsTheReference) {
  int encoded = 0;
  for (const Json& vector : vectors_) {
    if (vector.contains("decode")) continue;
    ++encoded;
    const std::string input =
        vector.contains("text") ? vector["text"].get<std::string>() : FromBase64(vector["base64"]);
    SCOPED_TRACE(testing::PrintToString(input));
    const auto ids = vector["ids"].get<std::vector<TokenId>>();
    const Encoded got = tokenizer_->Encode(input, {.parse_special = true, .offsets = true});
    ASSERT_EQ(got.ids, ids);
    // Ours point into the input, the reference's into the repaired text.
    const Repaired repaired = Repair(input);
    const auto flat = vector["offsets"].get<std::vector<uint32_t>>();
    ASSERT_EQ(got.offsets.size() * 2, flat.size());
    for (size_t i = 0; i < got.offsets.size(); ++i) {
      EXPECT_EQ(got.offsets[i].first, repaired.origin[flat[2 * i]]) << "token " << i;
      EXPECT_EQ(got.offsets[i].second, repaired.origin[flat[2 * i + 1]]) << "token " << i;
    }
    EXPECT_EQ(tokenizer_->Encode(input).ids,
              vector.contains("ids_special_as_text")
                  ? vector["ids_special_as_text"].get<std::vector<TokenId>>()
                  : ids);
    const std::string& begin =
        tokenizer_->add_bos() ? tokenizer_->vocabulary().tokens[*tokenizer_->bos()] : std::string();
    EXPECT_EQ(
        Repair(tokenizer_->Decode(ids, /*skip_special=*/false)).text,
        vector.contains("decoded") ? vector["decoded"].get<std::string>() : begin + repaired.text);
    EXPECT_EQ(Repair(tokenizer_->Decode(ids)).text,
              vector.contains("decoded_without_special")
                  ? vector["decoded_without_special"].get<std::string>()
                  : repaired.text);
  }
  EXPECT_GE(encoded, 2000);
}

TEST_P(Goldens, DecodesPartsOfCharactersAsTheReference) {
  int decoded = 0;
  for (const Json& vector : vectors_) {
    if (!vector.contains("decode")) continue;
    ++decoded;
    const auto ids = vector["decode"].get<std::vector<TokenId>>();
    EXPECT_EQ(Repair(tokenizer_->Decode(ids, /*skip_special=*/false)).text,
              vector["decoded"].get<std::string>());
  }
  EXPECT_GE(decoded, 100);
}

INSTANTIATE_TEST_SUITE_P(All, Goldens, testing::Values("gpt2_style", "llama3_style"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace parvis::text
