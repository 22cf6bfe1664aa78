// One MiB of any single repeated character takes work that grows with its size, in every kind of
// tokeniser. Work is counted, not timed.

#include <gtest/gtest.h>

#include "parvis/text/best_path.h"
#include "parvis/text/byte_alphabet.h"
#include "parvis/text/token_trie.h"
#include "parvis/text/tokenizer.h"

namespace parvis::text {
namespace {

constexpr size_t kSize = size_t{1} << 20;

std::string Repeat(const std::string& unit) {
  std::string text;
  while (text.size() < kSize) text += unit;
  return text;
}

TEST(LinearWork, BestPathAsksOnceForEachCharacter) {
  const std::vector<std::string> tokens = {"a", "aa", "aaaa", "aaaaaaaa", "b"};
  std::vector<std::pair<std::string_view, TokenId>> list;
  for (size_t i = 0; i < tokens.size(); ++i) list.emplace_back(tokens[i], static_cast<TokenId>(i));
  const TokenTrie trie(list);
  const std::string text = Repeat("a");
  size_t walks = 0, visits = 0;
  std::vector<BestEnd> path;
  std::vector<PathToken> found;
  FindBestPath(
      text,
      [&](std::string_view rest, const auto& visit) {
        ++walks;
        trie.Walk(rest, [&](size_t size, TokenId id) {
          ++visits;
          visit(size, id);
        });
      },
      [](TokenId id) { return -1.0 - id; }, -20.0, [](double a, double b) { return a + b; }, path,
      found);
  EXPECT_EQ(walks, text.size());
  EXPECT_LE(visits, 4 * text.size());
  EXPECT_EQ(found.size(), text.size() / 8);  // eight letters for -4 beat all others
}

TEST(LinearWork, GreedyCutAsksOnceForEachToken) {
  const std::vector<std::string> tokens = {"a", "aa", "aaaa", "b"};
  std::vector<std::pair<std::string_view, TokenId>> list;
  for (size_t i = 0; i < tokens.size(); ++i) list.emplace_back(tokens[i], static_cast<TokenId>(i));
  const TokenTrie trie(list);
  const std::string text = Repeat("a");
  size_t walks = 0, visits = 0;
  std::vector<PathToken> found;
  const bool whole = CutGreedily(
      text,
      [&](bool, std::string_view rest, const auto& visit) {
        ++walks;
        trie.Walk(rest, [&](size_t size, TokenId id) {
          ++visits;
          visit(size, id);
        });
      },
      found);
  EXPECT_TRUE(whole);
  EXPECT_EQ(walks, text.size() / 4);
  EXPECT_EQ(visits, 3 * walks);
  EXPECT_EQ(found.size(), walks);
}

// A small vocabulary of a kind, with runs of one letter among its tokens.
Vocabulary Small(const std::string& model) {
  Vocabulary v;
  v.model = model;
  const auto add = [&](const std::string& token, TokenKind kind = TokenKind::kNormal) {
    v.tokens.push_back(token);
    v.kinds.push_back(kind);
    v.scores.push_back(-static_cast<float>(v.tokens.size()));
  };
  if (model == "byte_bpe") {
    for (int byte = 0; byte < 256; ++byte) {
      add(ToByteAlphabet(std::string(1, static_cast<char>(byte))));
    }
    for (const char* token : {"aa", "aaaa", "ĠĠ"}) add(token);
    v.merges = {{"a", "a"}, {"aa", "aa"}, {"Ġ", "Ġ"}};
    v.pre_tokenizer = "gpt2";
    v.normalizer = {{.kind = NormalizerStep::Kind::kNfc}};
    v.scores.clear();
    return v;
  }
  add("<unk>", TokenKind::kUnknown);
  v.unknown = 0;
  for (const char* token : {"a", "aa", "aaaa", "▁", "▁a", "##a", "##aa", "é"}) add(token);
  if (model == "wordpiece") {
    v.normalizer = {{.kind = NormalizerStep::Kind::kBert,
                     .clean_text = true,
                     .chinese = true,
                     .strip_accents = true,
                     .lowercase = true}};
    v.max_word_characters = 1'000'000;
  } else {
    v.add_prefix_space = true;
  }
  if (model == "unigram") v.pre_tokenizer = "metaspace";
  return v;
}

class LinearTime : public testing::TestWithParam<const char*> {};

// Whatever the character, a MiB of it comes to an end (with quadratic work it would not within the
// test's ten minutes), with ranges that cover it.
TEST_P(LinearTime, AMebibyteOfOneCharacter) {
  const auto tokenizer = MakeTokenizer(Small(GetParam()));
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  for (const char* unit : {"a", " ", "\n", "1", ".", "é", "\u0301", "中", "😀", "\xFF", "▁", "ﷺ"}) {
    const std::string text = Repeat(unit);
    const Encoded encoded = (*tokenizer)->Encode(text, {.offsets = true});
    ASSERT_EQ(encoded.ids.size(), encoded.offsets.size());
    if (encoded.ids.empty()) continue;
    EXPECT_LE(encoded.offsets.back().second, text.size());
  }
}

INSTANTIATE_TEST_SUITE_P(All, LinearTime,
                         testing::Values("byte_bpe", "sentencepiece_bpe", "unigram", "wordpiece"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace parvis::text
