// SentencePiece's table of replacements: a small one made by hand, and hostile ones.

#include "parvis/text/charsmap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

namespace parvis::text {
namespace {

using testing::HasSubstr;

constexpr uint32_t kValue = uint32_t{1} << 31;

// label, has a value, offset (below 2^21)
uint32_t Unit(uint32_t label, bool value, uint32_t offset) {
  return label | (value ? 1u << 8 : 0u) | offset << 10;
}

std::string Bytes(const std::vector<uint32_t>& units, const std::string& strings) {
  const auto size = static_cast<uint32_t>(units.size() * 4);
  std::string bytes(4 + size, '\0');
  std::memcpy(bytes.data(), &size, 4);
  std::memcpy(bytes.data() + 4, units.data(), size);
  return bytes + strings;
}

// "a" becomes "x", "ab" becomes "yé". Children of the root lie from 256, those of "a" from 512.
std::vector<uint32_t> Units() {
  std::vector<uint32_t> units(768, 0);
  units[0] = Unit(0, false, 256);
  const uint32_t a = 256 ^ 'a';
  units[a] = Unit('a', true, a ^ 512);
  units[512] = kValue | 0;
  const uint32_t ab = 512 ^ 'b';
  units[ab] = Unit('b', true, ab ^ 700);
  units[700] = kValue | 2;
  return units;
}
const std::string kStrings = std::string("x\0yé\0", 6);

TEST(Charsmap, FindsTheLongestAndTheShortest) {
  const auto map = Charsmap::Parse(Bytes(Units(), kStrings));
  ASSERT_TRUE(map.ok()) << map.status().message();
  EXPECT_EQ(map->Longest("cab", 1).size, 2u);
  EXPECT_EQ(map->Longest("cab", 1).replacement, "yé");
  EXPECT_EQ(map->Shortest("cab", 1).size, 1u);
  EXPECT_EQ(map->Shortest("cab", 1).replacement, "x");
  EXPECT_EQ(map->Longest("ac", 0).replacement, "x");
  EXPECT_EQ(map->Longest("cab", 0).size, 0u);
  EXPECT_EQ(map->Longest(std::string_view("\0a", 2), 0).size, 0u);
}

// A unit that leads to itself: the walk along a run of its letter ends all the same.
TEST(Charsmap, ARingIsNoWayThroughTheText) {
  std::vector<uint32_t> units(768, 0);
  units[0] = Unit(0, false, 256);
  const uint32_t a = 256 ^ 'a';
  units[a] = Unit('a', true, 'a');
  units[a ^ 'a'] = kValue | 0;
  const auto map = Charsmap::Parse(Bytes(units, std::string("x\0", 2)));
  ASSERT_TRUE(map.ok()) << map.status().message();
  EXPECT_EQ(map->Longest(std::string(10000, 'a'), 0).size, Charsmap::kMaxKey);
}

TEST(Charsmap, RefusesWhatPointsOutside) {
  const auto refusal = [](const std::string& bytes) {
    const auto map = Charsmap::Parse(bytes);
    return map.ok() ? std::string("accepted") : map.status().message();
  };
  EXPECT_THAT(refusal(""), HasSubstr("precompiled_charsmap at byte 0: needs 4 bytes"));
  EXPECT_THAT(refusal(std::string(4, '\0')), HasSubstr("a trie of 0 bytes"));
  EXPECT_THAT(refusal(Bytes(Units(), kStrings).substr(0, 100)), HasSubstr("a trie of 3072 bytes"));
  EXPECT_THAT(refusal(Bytes(Units(), "x")), HasSubstr("zero-ended"));
  EXPECT_THAT(refusal(Bytes(Units(), std::string("\xFF\0", 2))), HasSubstr("zero-ended UTF-8"));
  std::vector<uint32_t> units = Units();
  units[0] = Unit(0, false, 4096);
  EXPECT_THAT(refusal(Bytes(units, kStrings)), HasSubstr("byte 4: a unit points outside"));
  units = Units();
  units[700] = kValue | 99;
  EXPECT_THAT(refusal(Bytes(units, kStrings)), HasSubstr("a value points outside the strings"));
  units[700] = kValue | 4;  // the second byte of é
  EXPECT_THAT(refusal(Bytes(units, kStrings)), HasSubstr("a value points into a character"));
  EXPECT_THAT(refusal(Bytes(Units(), "x" + std::string(300, 'y') + std::string(1, '\0'))),
              HasSubstr("longer than 256 bytes"));
}

}  // namespace
}  // namespace parvis::text
