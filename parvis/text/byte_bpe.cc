#include "parvis/text/byte_bpe.h"

#include <utility>

#include "parvis/text/byte_alphabet.h"
#include "parvis/text/utf8.h"

namespace parvis::text {
namespace {

// Offsets speak of characters: a token that begins or ends within one covers all of it.
uint32_t CharacterBegin(std::string_view text, size_t at) {
  while (at > 0 && at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return static_cast<uint32_t>(at);
}
uint32_t CharacterEnd(std::string_view text, size_t at) {
  while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
  return static_cast<uint32_t>(at);
}

}  // namespace

ByteBpe::ByteBpe(Vocabulary vocabulary, PreTokenizer pre_tokenizer)
    : Tokenizer(std::move(vocabulary)),
      pre_tokenizer_(pre_tokenizer),
      is_added_(this->vocabulary().tokens.size(), false),
      bytes_(this->vocabulary().tokens.size()),
      ids_(this->vocabulary().tokens, bytes_.size()),
      words_(bytes_, bytes_.size()),
      added_(this->vocabulary().added) {}

Result<std::unique_ptr<Tokenizer>> ByteBpe::Make(Vocabulary vocabulary) {
  const auto pre_tokenizer = PreTokenizerFromName(vocabulary.pre_tokenizer);
  if (!pre_tokenizer) {
    return Unimplemented("pre-tokeniser \"" + vocabulary.pre_tokenizer.substr(0, 80) +
                         "\" is not one that Parvis computes (gpt2, llama3, qwen2)");
  }
  std::unique_ptr<ByteBpe> tokenizer(new ByteBpe(std::move(vocabulary), *pre_tokenizer));
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

std::optional<TokenId> ByteBpe::Find(std::string_view token) const {
  const TokenId id = ids_.Find(token);
  return id < 0 ? std::nullopt : std::optional(id);
}

void ByteBpe::MergeBytes(std::string_view piece, std::vector<Symbol>& symbols) const {
  symbols.clear();
  for (uint32_t i = 0; i < piece.size(); ++i) {
    const TokenId id = byte_ids_[static_cast<unsigned char>(piece[i])];
    if (id >= 0) symbols.push_back({id, i, i + 1});  // the reference, too, drops an unknown byte
  }
  MergeAll(symbols, [this](const Symbol& a, const Symbol& b) { return merges_.Find(a.id, b.id); });
}

// `text`: valid UTF-8 without added tokens; `origin`: where it begins in the whole.
void ByteBpe::EncodeText(std::string_view text, size_t origin, bool offsets, Encoded& out) const {
  std::string prefixed;
  size_t added = 0;  // bytes that are not of the input
  if (vocabulary().add_prefix_space && !text.starts_with(' ')) {
    prefixed = ' ' + std::string(text);
    text = prefixed;
    added = 1;
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
      if (!offsets) continue;
      const uint32_t first = CharacterBegin(text, at + symbol.begin);
      const uint32_t last = CharacterEnd(text, at + symbol.end);
      const auto back = [&](uint32_t i) {
        return static_cast<uint32_t>(origin + (i > added ? i - added : 0));
      };
      out.offsets.emplace_back(back(first), back(last));
    }
    at = end;
  }
}

Encoded ByteBpe::Encode(std::string_view input, const EncodeOptions& options) const {
  PARVIS_CHECK(input.size() <= kMaxTextBytes);
  const ReadableText readable(input);
  const std::string_view text = readable.text();
  Encoded out;
  const Vocabulary& v = vocabulary();
  if (options.add_special && v.add_bos) out.ids.push_back(*v.bos);
  if (options.offsets) out.offsets.resize(out.ids.size(), {0, 0});
  for (const AddedTokens::Match& match : added_.Split(text, options.parse_special)) {
    if (match.token == nullptr) {
      EncodeText(text.substr(match.begin, match.end - match.begin), match.begin, options.offsets,
                 out);
    } else {
      out.ids.push_back(match.token->id);
      if (options.offsets) out.offsets.emplace_back(match.begin, match.end);
    }
  }
  readable.PointIntoInput(out.offsets);
  if (options.add_special && v.add_eos) {
    out.ids.push_back(*v.eos);
    if (options.offsets) out.offsets.emplace_back(0, 0);
  }
  return out;
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
