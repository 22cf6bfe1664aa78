#include "parvis/text/utf8.h"

#include <gtest/gtest.h>

namespace parvis::text {
namespace {

constexpr const char* kBad = "\uFFFD";

std::string Bad(int count) {
  std::string text;
  while (count-- > 0) text += kBad;
  return text;
}

// The examples of the Unicode Standard 15.0, section 3.9, tables 3-8 to 3-11.
TEST(Utf8, RepairsMaximalPartsAsUnicodeSays) {
  EXPECT_EQ(Repair("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41").text, Bad(8) + "A");
  EXPECT_EQ(Repair("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41").text, Bad(8) + "A");
  EXPECT_EQ(Repair("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42").text, Bad(5) + "A" + Bad(2) + "B");
  EXPECT_EQ(Repair("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41").text, Bad(4) + "A");
}

TEST(Utf8, RepairTellsWhereTextCameFrom) {
  const Repaired repaired = Repair("a\xE2\x82z\xC3\xA9");
  EXPECT_EQ(repaired.text, "a\uFFFDzé");
  EXPECT_EQ(repaired.origin, (std::vector<uint32_t>{0, 1, 1, 1, 3, 4, 5, 6}));
}

TEST(Utf8, EveryCharacterIsReadAsItWasWritten) {
  for (uint32_t code = 0; code < 0x110000; ++code) {
    if (code >= 0xD800 && code < 0xE000) continue;
    std::string text;
    AppendUtf8(code, text);
    const Character c = ReadCharacter(text, 0);
    ASSERT_TRUE(c.valid);
    ASSERT_EQ(c.code, code);
    ASSERT_EQ(c.size, text.size());
  }
}

TEST(Utf8, CutCharactersAreNotValid) {
  EXPECT_TRUE(IsValidUtf8(""));
  EXPECT_TRUE(IsValidUtf8("né 😀"));
  EXPECT_FALSE(IsValidUtf8("n\xC3"));
  EXPECT_FALSE(IsValidUtf8("\xF0\x9F\x98"));
}

TEST(Utf8, RangesOfAReadableTextPointIntoTheInput) {
  using Ranges = std::vector<std::pair<uint32_t, uint32_t>>;
  const std::string plain = "né";
  const ReadableText same(plain);
  EXPECT_EQ(same.text().data(), plain.data());  // no copy
  Ranges ranges = {{0, 1}, {1, 3}};
  same.PointIntoInput(ranges);
  EXPECT_EQ(ranges, (Ranges{{0, 1}, {1, 3}}));

  const std::string broken = "a\xC3z\xFF";
  const ReadableText repaired(broken);
  EXPECT_EQ(repaired.text(), "a\uFFFDz\uFFFD");
  ranges = {{0, 1}, {1, 4}, {4, 5}, {5, 8}, {0, 8}};
  repaired.PointIntoInput(ranges);
  EXPECT_EQ(ranges, (Ranges{{0, 1}, {1, 2}, {2, 3}, {3, 4}, {0, 4}}));
}

TEST(Utf8, ClassesAreThoseOfTheRegularExpressions) {
  for (const uint32_t code :
       std::initializer_list<uint32_t>{'a', 'Z', 0xE9, 0xAA, 0x4E2D, 0x1C5, 0x2B0}) {
    EXPECT_EQ(ClassOf(code), CharacterClass::kLetter) << code;
  }
  for (const uint32_t code : std::initializer_list<uint32_t>{'7', 0xBD, 0x2167, 0x0663, 0x3007}) {
    EXPECT_EQ(ClassOf(code), CharacterClass::kNumber) << code;
  }
  for (const uint32_t code : std::initializer_list<uint32_t>{' ', '\t', '\v', 0x85, 0xA0, 0x1680,
                                                             0x2003, 0x2028, 0x3000}) {
    EXPECT_EQ(ClassOf(code), CharacterClass::kSpace) << code;
  }
  for (const uint32_t code :
       std::initializer_list<uint32_t>{'_', '\'', 0x301, 0x200B, 0x180E, 0xFEFF, 0x1F600, 0x1C}) {
    EXPECT_EQ(ClassOf(code), CharacterClass::kOther) << code;
  }
}

}  // namespace
}  // namespace parvis::text
