#include "parvis/text/added_tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tuple>

namespace parvis::text {
namespace {

using Found = std::vector<std::tuple<TokenId, size_t, size_t>>;

const std::vector<AddedToken>& Tokens() {
  static const std::vector<AddedToken> tokens = {
      {.id = 0, .content = "<a>"},
      {.id = 1, .content = "<a><b>", .normalized = true},
      {.id = 2, .content = "<b>"},
      {.id = 3, .content = "foo", .single_word = true},
      {.id = 4, .content = "<r>", .rstrip = true},
      {.id = 5, .content = "<l>", .lstrip = true},
      {.id = 6, .content = "<s>", .special = true},
      {.id = 7, .content = "<s>x"},
  };
  return tokens;
}

Found Find(std::string_view text, bool special = false) {
  Found found;
  size_t end = 0;
  for (const AddedTokens::Match& match : AddedTokens(Tokens()).Split(text, special)) {
    EXPECT_EQ(match.begin, end);  // the parts are the whole text, in order
    EXPECT_LT(match.begin, match.end);
    end = match.end;
    if (match.token != nullptr) found.emplace_back(match.token->id, match.begin, match.end);
  }
  EXPECT_EQ(end, text.size());
  return found;
}

// Expectations are what `tokenizers` 0.23.3 does with the same added tokens.
TEST(AddedTokens, FindsThemAsTheReference) {
  EXPECT_EQ(Find("<a><b>"), (Found{{0, 0, 3}, {2, 3, 6}}));  // those not normalized go first
  EXPECT_EQ(Find("x<a>y"), (Found{{0, 1, 4}}));
  EXPECT_EQ(Find("<a"), Found{});
  EXPECT_EQ(Find("foo food _foo foo. (foo)"), (Found{{3, 0, 3}, {3, 14, 17}, {3, 20, 23}}));
  EXPECT_EQ(Find("éfoo foo\u0301 foo"), (Found{{3, 12, 15}}));
  EXPECT_EQ(Find("a <r> \n b"), (Found{{4, 2, 8}}));
  EXPECT_EQ(Find("a \u00A0<l>b"), (Found{{5, 1, 7}}));
  EXPECT_EQ(Find("<l> <r> <l>"), (Found{{5, 0, 3}, {4, 4, 8}, {5, 8, 11}}));
  EXPECT_EQ(Find("<r>  <l>"), (Found{{4, 0, 5}, {5, 5, 8}}));
}

TEST(AddedTokens, SpecialOnesAreTextUnlessAskedFor) {
  EXPECT_EQ(Find("<s>"), Found{});
  EXPECT_EQ(Find("<s>", true), (Found{{6, 0, 3}}));
  EXPECT_EQ(Find("<s>x<s>y"), (Found{{7, 0, 4}}));
  EXPECT_EQ(Find("<s>x<s>y", true), (Found{{7, 0, 4}, {6, 4, 7}}));
}

}  // namespace
}  // namespace parvis::text
