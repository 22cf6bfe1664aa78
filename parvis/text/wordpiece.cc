#include "parvis/text/wordpiece.h"

#include <utility>

#include "parvis/text/best_path.h"
#include "parvis/text/utf8.h"

namespace parvis::text {
namespace {

std::vector<std::pair<std::string_view, TokenId>> Tokens(const Vocabulary& v,
                                                         std::string_view prefix) {
  std::vector<std::pair<std::string_view, TokenId>> tokens;
  for (size_t id = 0; id < v.tokens.size(); ++id) {
    const std::string_view token = v.tokens[id];
    // A text cannot spell a control token.
    if (v.kinds[id] != TokenKind::kNormal && v.kinds[id] != TokenKind::kUserDefined) continue;
    if (!token.starts_with(prefix)) continue;
    tokens.emplace_back(token.substr(prefix.size()), static_cast<TokenId>(id));
  }
  return tokens;
}

void ReplaceAll(std::string_view from, std::string_view to, std::string& text) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

}  // namespace

WordPiece::WordPiece(Vocabulary vocabulary, Normalizer normalizer)
    : Tokenizer(std::move(vocabulary), std::move(normalizer)),
      first_(Tokens(this->vocabulary(), "")),
      rest_(Tokens(this->vocabulary(), this->vocabulary().continuing_prefix)) {}

Result<std::unique_ptr<Tokenizer>> WordPiece::Make(Vocabulary vocabulary, Normalizer normalizer) {
  if (!vocabulary.unknown) return DataLoss("the vocabulary has no unknown token");
  if (vocabulary.max_word_characters < 1 || vocabulary.max_word_characters > 1'000'000) {
    return DataLoss("max_input_chars_per_word " + std::to_string(vocabulary.max_word_characters) +
                    " is not between 1 and 1000000");
  }
  return std::unique_ptr<Tokenizer>(new WordPiece(std::move(vocabulary), std::move(normalizer)));
}

void WordPiece::EncodeSection(const Section& section, Encoded& out) const {
  const std::string_view text = section.text;
  size_t word = 0;
  const auto end_word = [&](size_t at) {
    if (at > word) EncodeWord(section, word, at, out);
  };
  for (size_t at = 0; at < text.size();) {
    const Character c = ReadCharacter(text, at);
    const size_t next = at + c.size;
    if (ClassOf(c.code) == CharacterClass::kSpace) {
      end_word(at);
      word = next;
    } else if (IsPunctuation(c.code)) {
      end_word(at);
      EncodeWord(section, at, next, out);
      word = next;
    }
    at = next;
  }
  end_word(text.size());
}

void WordPiece::EncodeWord(const Section& section, size_t from, size_t to, Encoded& out) const {
  const std::string_view word = section.text.substr(from, to - from);
  int64_t characters = 0;
  for (const char c : word) characters += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  std::vector<PathToken> tokens;
  const bool known = characters <= vocabulary().max_word_characters &&
                     CutGreedily(
                         word,
                         [this](bool first, std::string_view rest, const auto& visit) {
                           (first ? first_ : rest_).Walk(rest, visit);
                         },
                         tokens);
  if (!known) tokens.assign(1, {*vocabulary().unknown, 0, word.size()});
  for (const PathToken& token : tokens) {
    out.ids.push_back(token.id);
    if (!section.offsets) continue;
    out.offsets.push_back(section.RangeOf(from + token.begin, from + token.end));
  }
}

// The reference's list of spaces to take away, in its order.
std::string WordPiece::TextOf(TokenId id, bool first) const {
  const Vocabulary& v = vocabulary();
  std::string text = v.tokens[id];
  if (!first) {
    const bool goes_on = !v.continuing_prefix.empty() && text.starts_with(v.continuing_prefix);
    text = goes_on ? text.substr(v.continuing_prefix.size()) : ' ' + text;
  }
  if (!v.decoder_cleanup) return text;
  constexpr std::pair<std::string_view, std::string_view> kCleanup[] = {
      {" .", "."},   {" ?", "?"},     {" !", "!"},     {" ,", ","},
      {" ' ", "'"},  {" n't", "n't"}, {" 'm", "'m"},   {" do not", " don't"},
      {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"},
  };
  for (const auto& [from, to] : kCleanup) ReplaceAll(from, to, text);
  return text;
}

std::string WordPiece::TokenBytes(TokenId id) const {
  return id >= 0 && id < vocab_size() ? TextOf(id, false) : std::string();
}

std::string WordPiece::Decode(std::span<const TokenId> ids, bool skip_special) const {
  std::string text;
  bool first = true;
  for (const TokenId id : ids) {
    // The reference skips the added tokens that are special, and shows the unknown one otherwise.
    if (id < 0 || id >= vocab_size() || (skip_special && IsSpecial(id))) continue;
    text += TextOf(id, first);
    first = false;
  }
  return text;
}

}  // namespace parvis::text
