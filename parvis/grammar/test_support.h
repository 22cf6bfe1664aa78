#ifndef PARVIS_GRAMMAR_TEST_SUPPORT_H_
#define PARVIS_GRAMMAR_TEST_SUPPORT_H_

// Vocabularies and answers for tests only.

#include <algorithm>
#include <cmath>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "parvis/core/random.h"
#include "parvis/grammar/constrainer.h"
#include "parvis/grammar/stacks.h"

namespace parvis::grammar {

// All bytes, an end token, a control token that looks like JSON, and whatever else is given.
class ListTokenizer : public text::Tokenizer {
 public:
  static constexpr int32_t kEnd = 256, kControl = 257;

  explicit ListTokenizer(const std::vector<std::string>& more) : Tokenizer(Listed(more)) {}
  std::string Decode(std::span<const text::TokenId> ids, bool) const override {
    std::string text;
    for (const text::TokenId id : ids) text += TokenBytes(id);
    return text;
  }
  std::string TokenBytes(text::TokenId id) const override { return vocabulary().tokens[id]; }

 private:
  void EncodeSection(const Section& section, text::Encoded& out) const override {
    for (const char c : section.text) out.ids.push_back(static_cast<unsigned char>(c));
  }
  static text::Vocabulary Listed(const std::vector<std::string>& more) {
    text::Vocabulary vocabulary;
    for (int byte = 0; byte < 256; ++byte) {
      vocabulary.tokens.emplace_back(1, static_cast<char>(byte));
    }
    vocabulary.kinds.assign(256, text::TokenKind::kNormal);
    vocabulary.tokens.insert(vocabulary.tokens.end(), {"<end>", "\"}"});
    vocabulary.kinds.insert(vocabulary.kinds.end(), 2, text::TokenKind::kControl);
    vocabulary.tokens.insert(vocabulary.tokens.end(), more.begin(), more.end());
    vocabulary.kinds.resize(vocabulary.tokens.size(), text::TokenKind::kNormal);
    vocabulary.eos = kEnd;
    return vocabulary;
  }
};

// Pieces of JSON as tokenisers have them, halves of characters, and `count` random ones.
inline std::vector<std::string> SomeTokens(size_t count, uint64_t seed = 1) {
  std::vector<std::string> tokens = {
      "{\"", "\": \"", "\", \"", "\"}",    "\":",      "\",",      "},",       "]}",
      "}}",  "[[",     " {",     "\n  ",   "  ",       "true",     "false",    "null",
      "12",  "0.5",    "-1",     "e+1",    "\xC3\xA9", "\xE2\x82", "\x9F\x98", "\\n",
      "\\u", "\\u00",  "name",   "\"name", "ame\"",    "\": {",    "[1",       ", ",
      "],",  "\"]",    "\\\"",   "é\"",    "\"\"",     "\"a\":",   "{}",       "[]"};
  constexpr std::string_view kPieces = "abcdefghij \"\"{}[]:,0123456789\\n.-\n\xC3\xA9\xF0\x9F";
  std::set<std::string> all(tokens.begin(), tokens.end());
  Random random(seed);
  while (tokens.size() < count) {
    std::string token;
    const uint64_t size = 2 + random.Below(5);
    for (uint64_t i = 0; i < size; ++i) token += kPieces[random.Below(kPieces.size())];
    if (all.insert(token).second) tokens.push_back(token);
  }
  return tokens;
}

// Whether the machine accepts a text as a whole.
inline bool Accepts(const Automaton& machine, std::string_view text) {
  Stacks stacks(machine);
  std::vector<StackId> live, next;
  stacks.Begin(live);
  for (const char c : text) {
    stacks.Step(live, static_cast<uint8_t>(c), next);
    live.swap(next);
    stacks.Compact(live);
  }
  return std::any_of(live.begin(), live.end(), [&](StackId id) { return stacks.MayEnd(id); });
}

// An answer that is drawn from what the constraint leaves, with a liking for what ends things;
// nothing if it has not ended after so many tokens.
inline std::string Draw(const runtime::Constraint& constraint, const text::Tokenizer& tokenizer,
                        uint64_t seed, int most, bool* ended) {
  Random random(seed);
  const auto state = constraint.Begin();
  std::string text;
  *ended = false;
  std::vector<float> logits(static_cast<size_t>(tokenizer.vocab_size()));
  for (int i = 0; i < most; ++i) {
    if (state->Finished()) return *ended = true, text;
    std::fill(logits.begin(), logits.end(), 0.0f);
    const Status status = state->Mask(logits);
    EXPECT_TRUE(status.ok()) << status.message() << " after " << text;
    if (!status.ok()) return text;
    std::vector<int32_t> possible, ending;
    for (size_t id = 0; id < logits.size(); ++id) {
      if (std::isinf(logits[id])) continue;
      const std::string bytes = tokenizer.TokenBytes(static_cast<int32_t>(id));
      const bool ends = id == ListTokenizer::kEnd || bytes.starts_with('"') ||
                        bytes.starts_with(']') || bytes.starts_with('}');
      (ends ? ending : possible).push_back(static_cast<int32_t>(id));
    }
    const bool end = !ending.empty() && (possible.empty() || random.Below(3) == 0);
    const auto& from = end ? ending : possible;
    const int32_t token = from[random.Below(from.size())];
    state->Accept(token);
    if (token == ListTokenizer::kEnd) return *ended = true, text;
    text += tokenizer.TokenBytes(token);
  }
  return text;
}

}  // namespace parvis::grammar

#endif  // PARVIS_GRAMMAR_TEST_SUPPORT_H_
