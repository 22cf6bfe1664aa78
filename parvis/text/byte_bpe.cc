#include "parvis/text/byte_bpe.h"

#include <algorithm>
#include <utility>

#include "parvis/text/byte_alphabet.h"
#include "parvis/text/utf8.h"

namespace parvis::text {

ByteBpe::ByteBpe(Vocabulary vocabulary, Normalizer normalizer, PreTokenizer pre_tokenizer)
    : Tokenizer(std::move(vocabulary), std::move(normalizer)),
      pre_tokenizer_(pre_tokenizer),
      is_added_(this->vocabulary().tokens.size(), false),
      bytes_(this->vocabulary().tokens.size()),
      ids_(this->vocabulary().tokens, bytes_.size()),
      words_(bytes_, bytes_.size()) {}

Result<std::unique_ptr<Tokenizer>> ByteBpe::Make(Vocabulary vocabulary, Normalizer normalizer) {
  const auto pre_tokenizer = PreTokenizerFromName(vocabulary.pre_tokenizer);
  if (!pre_tokenizer) {
    return Unimplemented("pre-tokeniser \"" + vocabulary.pre_tokenizer.substr(0, 80) +
                         "\" is not one that Parvis computes");
  }
  std::unique_ptr<ByteBpe> tokenizer(
      new ByteBpe(std::move(vocabulary), std::move(normalizer), *pre_tokenizer));
  tokenizer->IndexTokens();
  PARVIS_RETURN_IF_ERROR(tokenizer->merges_.Build(tokenizer->vocabulary().merges, tokenizer->ids_));
  tokenizer->IndexWords();
  return std::unique_ptr<Tokenizer>(std::move(tokenizer));
}

void ByteBpe::IndexTokens() {
  const Vocabulary& v = vocabulary();
  byte_ids_.fill(-1);
  for (const AddedToken& added : v.added) is_added_[added.id] = true;
  for (size_t i = 0; i < v.tokens.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    ids_.Add(id);
    std::optional<std::string> bytes;
    if (!is_added_[i]) bytes = FromByteAlphabet(v.tokens[i]);
    bytes_[i] = bytes ? *bytes : v.tokens[i];
    if (bytes && bytes->size() == 1) byte_ids_[static_cast<unsigned char>(bytes->front())] = id;
  }
}

void ByteBpe::IndexWords() {
  std::vector<Symbol> symbols;
  for (size_t i = 0; i < bytes_.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    if (is_added_[i]) continue;
    bool is_word = vocabulary().ignore_merges;
    if (!is_word) {
      MergeBytes(bytes_[i], symbols);
      is_word = symbols.size() == 1 && symbols[0].id == id && symbols[0].end == bytes_[i].size();
    }
    if (is_word) words_.Add(id);
  }
}

void ByteBpe::MergeBytes(std::string_view piece, std::vector<Symbol>& symbols) const {
  symbols.clear();
  for (uint32_t i = 0; i < piece.size(); ++i) {
    const TokenId id = byte_ids_[static_cast<unsigned char>(piece[i])];
    if (id >= 0) symbols.push_back({id, i, i + 1});  // the reference, too, drops an unknown byte
  }
  MergeAll(symbols, [this](const Symbol& a, const Symbol& b) { return merges_.Find(a.id, b.id); });
}

// The range of a token, from and to counted with `prefix` bytes that are not of the section.
void ByteBpe::AddRange(const Section& section, size_t from, size_t to, size_t prefix, TokenId id,
                       Encoded& out) const {
  // A space that was put in front has the range of the first character.
  from = from > prefix ? from - prefix : 0;
  to = to > prefix ? to - prefix : std::min<size_t>(1, section.text.size());
  out.offsets.push_back(section.RangeOf(from, to));
  TrimRange(bytes_[id], /*any=*/false, out);
}

// Leaves the white space that a token begins and ends with out of its range: spaces, or with
// `any` what else is white space.
void ByteBpe::TrimRange(std::string_view token, bool any, Encoded& out) const {
  if (!vocabulary().trim_offsets) return;
  uint32_t before = 0, after = 0;
  bool inside = false;
  for (size_t at = 0; at < token.size();) {
    const Character c = ReadCharacter(token, at);
    const bool space = c.code == ' ' || (any && ClassOf(c.code) == CharacterClass::kSpace);
    inside |= !space;
    if (!inside) before += c.size;
    after = space ? after + c.size : 0;
    at += c.size;
  }
  auto& [begin, end] = out.offsets.back();
  const bool keeps = vocabulary().trim_keeps_prefix && (out.ids.size() == 1 || begin == 0);
  if (before == 1 && keeps) before = 0;  // several were not put there by us
  begin = std::min(begin + before, end);
  if (end >= after) end = std::max(end - after, begin);
}

void ByteBpe::TrimAdded(std::string_view written, Encoded& out) const {
  TrimRange(written, /*any=*/true, out);
}

void ByteBpe::EncodeSection(const Section& section, Encoded& out) const {
  std::string_view text = section.text;
  std::string prefixed;
  size_t prefix = 0;
  if (vocabulary().add_prefix_space && !text.empty() && !text.starts_with(' ')) {
    prefixed = ' ' + std::string(text);
    text = prefixed;
    prefix = 1;
  }
  std::vector<Symbol> symbols;
  for (size_t at = 0; at < text.size();) {
    const size_t end = PieceEnd(pre_tokenizer_, text, at);
    const std::string_view piece = text.substr(at, end - at);
    if (const TokenId word = words_.Find(piece); word >= 0) {
      symbols.assign(1, {word, 0, static_cast<uint32_t>(piece.size())});
    } else {
      MergeBytes(piece, symbols);
    }
    for (const Symbol& symbol : symbols) {
      out.ids.push_back(symbol.id);
      if (section.offsets)
        AddRange(section, at + symbol.begin, at + symbol.end, prefix, symbol.id, out);
    }
    at = end;
  }
}

std::string ByteBpe::TokenBytes(TokenId id) const {
  return id >= 0 && id < vocab_size() ? bytes_[id] : std::string();
}

std::string ByteBpe::Decode(std::span<const TokenId> ids, bool skip_special) const {
  std::string text;
  for (const TokenId id : ids) {
    if (id < 0 || id >= vocab_size() || (skip_special && IsSpecial(id))) continue;
    text += bytes_[id];
  }
  return text;
}

}  // namespace parvis::text
