#include "parvis/text/pretokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "parvis/text/utf8.h"

namespace parvis::text {
namespace {

using testing::ElementsAre;

std::vector<std::string> Split(PreTokenizer kind, std::string_view text) {
  std::vector<std::string> pieces;
  for (size_t at = 0; at < text.size();) {
    const size_t end = PieceEnd(kind, text, at);
    EXPECT_GT(end, at);
    EXPECT_LE(end, text.size());
    if (end <= at || end > text.size()) break;
    pieces.emplace_back(text.substr(at, end - at));
    at = end;
  }
  return pieces;
}

// By hand from the regular expressions; tests/golden has thousands of the reference's own.
TEST(PreTokenizer, SplitsAsGpt2) {
  const auto split = [](std::string_view text) { return Split(PreTokenizer::kGpt2, text); };
  EXPECT_THAT(split("I'll go  to 12345 m²!!\n\n x"),
              ElementsAre("I", "'ll", " go", " ", " to", " 12345", " m", "²", "!!", "\n\n", " x"));
  EXPECT_THAT(split("HE'LL 's'S"), ElementsAre("HE", "'", "LL", " '", "s", "'", "S"));
  EXPECT_THAT(split("a\n b \t"), ElementsAre("a", "\n", " b", " \t"));
}

TEST(PreTokenizer, SplitsAsLlama3) {
  const auto split = [](std::string_view text) { return Split(PreTokenizer::kLlama3, text); };
  EXPECT_THAT(
      split("I'LL go  to 12345 m²!!\n\n x"),
      ElementsAre("I", "'LL", " go", " ", " to", " ", "123", "45", " m", "²", "!!\n\n", " x"));
  EXPECT_THAT(split("it'\u017F\tend"), ElementsAre("it", "'\u017F", "\tend"));
  EXPECT_THAT(split(" \n  \r\n  x"), ElementsAre(" \n  \r\n", " ", " x"));
  EXPECT_THAT(split("(word) +x"), ElementsAre("(word", ")", " +", "x"));
}

TEST(PreTokenizer, SplitsAsQwen2) {
  EXPECT_THAT(Split(PreTokenizer::kQwen2, "a 123"), ElementsAre("a", " ", "1", "2", "3"));
}

TEST(PreTokenizer, PiecesAreTheWholeText) {
  std::mt19937 random(5);
  const std::vector<uint32_t> likely = {' ', '\n', '\r', '\t',  '\'',   's',   'L',    '7',
                                        '.', 0xE9, 0xA0, 0x301, 0x3000, 0x17F, 0x1F600};
  for (const PreTokenizer kind :
       {PreTokenizer::kGpt2, PreTokenizer::kLlama3, PreTokenizer::kQwen2}) {
    for (int round = 0; round < 3000; ++round) {
      std::string text, joined;
      for (uint32_t i = random() % 12; i > 0; --i)
        AppendUtf8(likely[random() % likely.size()], text);
      for (const std::string& piece : Split(kind, text)) {
        EXPECT_TRUE(IsValidUtf8(piece));
        joined += piece;
      }
      ASSERT_EQ(joined, text);
    }
  }
}

TEST(PreTokenizer, NamesAndPatternsAreFoundAgain) {
  for (const PreTokenizer kind :
       {PreTokenizer::kGpt2, PreTokenizer::kLlama3, PreTokenizer::kQwen2}) {
    EXPECT_EQ(PreTokenizerFromName(PreTokenizerName(kind)), kind);
    EXPECT_EQ(PreTokenizerFromPattern(PatternOf(kind)), kind);
  }
  EXPECT_EQ(PreTokenizerFromName("bert"), std::nullopt);
  EXPECT_EQ(PreTokenizerFromPattern(" ?\\p{L}+"), std::nullopt);
}

}  // namespace
}  // namespace parvis::text
