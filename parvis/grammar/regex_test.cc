// Patterns find what ECMA-262 finds.

#include "parvis/grammar/regex.h"

#include <string>
#include <tuple>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace parvis::grammar {
namespace {

Dfa Compiled(std::string_view pattern) {
  Budget budget;
  auto dfa = CompilePattern(pattern, budget);
  EXPECT_TRUE(dfa.ok()) << pattern << ": " << dfa.status().message();
  return dfa.ok() ? std::move(dfa).value() : Dfa();
}

TEST(RegexTest, IsFoundAnywhere) {
  const std::tuple<const char*, const char*, bool> cases[] = {
      {"b", "abc", true},          {"^b", "abc", false},
      {"^a", "abc", true},         {"c$", "abc", true},
      {"b$", "abc", false},        {"^$", "", true},
      {"^$", "a", false},          {"", "anything", true},
      {"^(a|b)+$", "abba", true},  {"^a{2,3}$", "a", false},
      {"^a{2,3}$", "aaa", true},   {"^a{2,3}$", "aaaa", false},
      {"^a{2,}$", "aaaaa", true},  {"^(ab?)*?$", "aab", true},
      {"a$b", "a$b", false},       {"x|^a", "ba", false},
      {"x|^a", "bx", true},        {"^[^a-c]$", "d", true},
      {"^[^a-c]$", "b", false},    {"^.$", "é", true},
      {"^.$", "\n", false},        {"^\\w+$", "é", false},
      {"^\\W$", "é", true},        {"^\\s$", "\xC2\xA0", true},
      {"^\\d{3}$", "123", true},   {"^\\u00e9$", "é", true},
      {"^\\u{1F600}$", "😀", true}, {"^\\ud83d\\ude00$", "😀", true},
      {"^[à-ü]+$", "éè", true},    {"^[à-ü]+$", "e", false},
      {"^[\\d-]+$", "1-2", true},  {"^[-a]$", "-", true},
      {"^[]$", "", false},         {"^[^]$", "\n", true},
      {"^a\\.b$", "a.b", true},    {"^a\\.b$", "axb", false},
      {"^\\cJ$", "\n", true},      {"^\\x41$", "A", true},
      {"^(?:a|b)c$", "bc", true},  {"(^a|b$)", "xb", true},
      {"(^a|b$)", "bx", false},    {"^[😀-😂]$", "😁", true},
  };
  for (const auto& [pattern, text, found] : cases) {
    EXPECT_EQ(Compiled(pattern).Matches(text), found) << pattern << " in " << text;
  }
}

TEST(RegexTest, TakesNothingThatIsNotUtf8) {
  const Dfa any = Compiled("[^a]*");
  EXPECT_TRUE(any.Matches("\xF4\x8F\xBF\xBF"));
  for (const char* text : {"\xFF", "\xC3", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80"}) {
    EXPECT_FALSE(any.Matches(text));
  }
}

TEST(RegexTest, RefusesWhatItDoesNotRead) {
  const std::pair<const char*, const char*> cases[] = {
      {"a(?=b)", "byte 2"},        {"(a)\\1", "byte 4"},     {"\\bx", "byte 1"},
      {"\\p{L}", "byte 1"},        {"a**", "byte 2"},        {"*a", "byte 0"},
      {"(a", "not closed"},        {"a)", "closes nothing"}, {"[a", "not closed"},
      {"[b-a]", "no range"},       {"a{3,2}", "not less"},   {"a{9999}", "at most"},
      {"\\", "at the end"},        {"a{", "expected"},       {"\\xZZ", "hexa"},
      {"\\ud800", "no character"}, {"[\\d-z]", "no range"},
  };
  for (const auto& [pattern, message] : cases) {
    Budget budget;
    const auto dfa = CompilePattern(pattern, budget);
    EXPECT_FALSE(dfa.ok()) << pattern;
    EXPECT_THAT(dfa.status().message(), testing::HasSubstr(message)) << pattern;
  }
}

TEST(DfaTest, CombinesLanguages) {
  Budget budget;
  const Dfa both = Intersection(Compiled("^[a-f]+$"), Compiled("d.e"), budget).value();
  EXPECT_TRUE(both.Matches("adaef"));
  EXPECT_FALSE(both.Matches("addf"));
  EXPECT_TRUE(Intersection(Compiled("^a$"), Compiled("^b$"), budget).value().empty());
  const Dfa others = AnyTextBut(Compiled("^(a|ab|é)$"), budget).value();
  for (const char* text : {"", "b", "abc", "è", "aa"}) EXPECT_TRUE(others.Matches(text)) << text;
  for (const char* text : {"a", "ab", "é", "\xC3"}) EXPECT_FALSE(others.Matches(text)) << text;
  const Dfa long_ones = AtLeast(Compiled("^é{1,3}$"), 2, budget).value();
  EXPECT_FALSE(long_ones.Matches("é"));
  EXPECT_TRUE(long_ones.Matches("éé"));
  EXPECT_TRUE(AtLeast(Compiled("^é{1,3}$"), 4, budget).value().empty());
}

}  // namespace
}  // namespace parvis::grammar
