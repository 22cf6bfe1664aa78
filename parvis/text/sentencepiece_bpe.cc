#include "parvis/text/sentencepiece_bpe.h"

#include <cmath>
#include <utility>

#include "parvis/text/merge_list.h"
#include "parvis/text/utf8.h"

namespace parvis::text {
namespace {

constexpr std::string_view kSpace = "\xE2\x96\x81";  // ▁

// The byte of a token written <0xXX>.
std::optional<uint8_t> ByteOfToken(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return std::nullopt;
  int value = 0;
  for (const char c : token.substr(3, 2)) {
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                             : -1;
    if (digit < 0) return std::nullopt;
    value = value * 16 + digit;
  }
  return static_cast<uint8_t>(value);
}

}  // namespace

SentencePieceBpe::SentencePieceBpe(Vocabulary vocabulary)
    : Tokenizer(std::move(vocabulary)), added_(this->vocabulary().added) {
  byte_ids_.fill(-1);
  const Vocabulary& v = this->vocabulary();
  for (size_t id = 0; id < v.tokens.size(); ++id) {
    if (v.kinds[id] == TokenKind::kByte) {
      if (const auto byte = ByteOfToken(v.tokens[id])) byte_ids_[*byte] = static_cast<TokenId>(id);
    } else if (v.kinds[id] == TokenKind::kNormal || v.kinds[id] == TokenKind::kUserDefined) {
      ids_.emplace(v.tokens[id], static_cast<TokenId>(id));
    }
  }
}

Result<std::unique_ptr<Tokenizer>> SentencePieceBpe::Make(Vocabulary vocabulary) {
  if (vocabulary.scores.size() != vocabulary.tokens.size()) {
    return DataLoss("scores: " + std::to_string(vocabulary.scores.size()) + " for " +
                    std::to_string(vocabulary.tokens.size()) + " tokens");
  }
  for (size_t id = 0; id < vocabulary.scores.size(); ++id) {
    if (!std::isfinite(vocabulary.scores[id])) {
      return DataLoss("scores[" + std::to_string(id) + "] is not a finite number");
    }
  }
  return std::unique_ptr<Tokenizer>(new SentencePieceBpe(std::move(vocabulary)));
}

std::optional<TokenId> SentencePieceBpe::Find(std::string_view token) const {
  const auto& tokens = vocabulary().tokens;
  if (const auto found = ids_.find(token); found != ids_.end()) return found->second;
  for (size_t id = 0; id < tokens.size(); ++id) {
    if (tokens[id] == token) return static_cast<TokenId>(id);
  }
  return std::nullopt;
}

// `text`: valid UTF-8 without added tokens; `origin`: where it begins in the whole.
void SentencePieceBpe::EncodeText(std::string_view text, size_t origin, bool first, bool offsets,
                                  Encoded& out) const {
  // Escaped text, and for each of its bytes where the character began in `text`.
  std::string escaped;
  std::vector<uint32_t> from;
  const auto append = [&](std::string_view bytes, size_t at) {
    escaped += bytes;
    from.resize(escaped.size(), static_cast<uint32_t>(at));
  };
  if (first && vocabulary().add_prefix_space) append(kSpace, 0);
  std::vector<Symbol> symbols;
  for (size_t at = 0; at < text.size();) {
    const Character c = ReadCharacter(text, at);
    append(c.code == ' ' ? kSpace : text.substr(at, c.size), at);
    at += c.size;
  }
  from.push_back(static_cast<uint32_t>(text.size()));
  const std::string_view view = escaped;
  for (size_t at = 0; at < view.size();) {
    const uint32_t size = ReadCharacter(view, at).size;
    const auto found = ids_.find(view.substr(at, size));
    symbols.push_back({found == ids_.end() ? -1 : found->second, static_cast<uint32_t>(at),
                       static_cast<uint32_t>(at + size)});
    at += size;
  }
  const std::vector<float>& scores = vocabulary().scores;
  MergeAll(symbols, [&](const Symbol& a, const Symbol& b) -> std::optional<Merge> {
    const auto found = ids_.find(view.substr(a.begin, b.end - a.begin));
    if (found == ids_.end()) return std::nullopt;
    return Merge{-static_cast<double>(scores[found->second]), found->second};
  });
  const auto emit = [&](TokenId id, const Symbol& symbol) {
    out.ids.push_back(id);
    if (offsets) {
      out.offsets.emplace_back(origin + from[symbol.begin], origin + from[symbol.end]);
    }
  };
  for (const Symbol& symbol : symbols) {
    if (symbol.id >= 0) {
      emit(symbol.id, symbol);
      continue;
    }
    for (uint32_t i = symbol.begin; i < symbol.end; ++i) {
      const TokenId id = byte_ids_[static_cast<unsigned char>(view[i])];
      if (id >= 0) {
        emit(id, symbol);
      } else if (vocabulary().unknown) {
        emit(*vocabulary().unknown, symbol);
        break;  // one for the whole character
      }
    }
  }
}

Encoded SentencePieceBpe::Encode(std::string_view input, const EncodeOptions& options) const {
  Repaired repaired;
  std::string_view text = input;
  if (!IsValidUtf8(input)) {
    repaired = Repair(input);
    text = repaired.text;
  }
  Encoded out;
  const Vocabulary& v = vocabulary();
  if (options.add_special && v.add_bos && v.bos) out.ids.push_back(*v.bos);
  if (options.offsets) out.offsets.resize(out.ids.size(), {0, 0});
  bool first = true;
  for (const AddedTokens::Match& match : added_.Split(text, options.parse_special)) {
    if (match.token == nullptr) {
      EncodeText(text.substr(match.begin, match.end - match.begin), match.begin, first,
                 options.offsets, out);
    } else {
      out.ids.push_back(match.token->id);
      if (options.offsets) out.offsets.emplace_back(match.begin, match.end);
    }
    first = match.token != nullptr;  // a word after a special token gets its space, too
  }
  if (!repaired.origin.empty()) {
    for (auto& [begin, end] : out.offsets) {
      begin = repaired.origin[begin];
      end = repaired.origin[end];
    }
  }
  if (options.add_special && v.add_eos && v.eos) {
    out.ids.push_back(*v.eos);
    if (options.offsets) out.offsets.emplace_back(0, 0);
  }
  return out;
}

std::string SentencePieceBpe::TokenBytes(TokenId id) const {
  if (id < 0 || id >= vocab_size()) return {};
  const std::string& token = vocabulary().tokens[id];
  if (vocabulary().kinds[id] == TokenKind::kByte) {
    if (const auto byte = ByteOfToken(token)) return std::string(1, static_cast<char>(*byte));
  }
  std::string bytes;
  for (size_t at = 0; at < token.size();) {
    const size_t next = token.find(kSpace, at);
    if (next == std::string::npos) return bytes + token.substr(at);
    bytes += token.substr(at, next - at) + ' ';
    at = next + kSpace.size();
  }
  return bytes;
}

std::string SentencePieceBpe::Decode(std::span<const TokenId> ids, bool skip_special) const {
  std::string text;
  bool first = vocabulary().add_prefix_space;
  for (const TokenId id : ids) {
    if (id < 0 || id >= vocab_size()) continue;
    if (IsSpecial(id)) {
      if (!skip_special) text += vocabulary().tokens[id];
      continue;
    }
    std::string bytes = TokenBytes(id);
    if (first && bytes.starts_with(' ')) bytes.erase(0, 1);
    first = false;
    text += bytes;
  }
  return text;
}

}  // namespace parvis::text
