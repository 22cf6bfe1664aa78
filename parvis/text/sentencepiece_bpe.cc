#include "parvis/text/sentencepiece_bpe.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "parvis/text/byte_alphabet.h"
#include "parvis/text/utf8.h"

namespace parvis::text {
namespace {

constexpr std::string_view kSpace = "\xE2\x96\x81";  // ▁

// Where the next word begins: the first space after another character after `at`, or the end.
size_t WordBegin(std::string_view text, size_t at) {
  while (text.substr(at).starts_with(kSpace)) at += kSpace.size();
  return std::min(text.find(kSpace, at), text.size());
}

}  // namespace

SentencePieceBpe::SentencePieceBpe(Vocabulary vocabulary, Normalizer normalizer)
    : Tokenizer(std::move(vocabulary), std::move(normalizer)),
      ids_(this->vocabulary().tokens, this->vocabulary().tokens.size()),
      pieces_(this->vocabulary().tokens, this->vocabulary().tokens.size()) {
  byte_ids_.fill(-1);
  const Vocabulary& v = this->vocabulary();
  escapes_ =
      v.normalizer.empty() || v.normalizer.back().kind != NormalizerStep::Kind::kSentencePiece;
  for (size_t i = 0; i < v.tokens.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    const std::string& token = v.tokens[i];
    ids_.Add(id);
    if (v.kinds[i] == TokenKind::kByte) {
      if (const auto byte = ByteOfToken(token)) byte_ids_[*byte] = id;
    } else if (v.kinds[i] == TokenKind::kNormal || v.kinds[i] == TokenKind::kUserDefined) {
      pieces_.Add(id);
      if (WordBegin(token, 0) < token.size()) words_apart_ = false;
    }
  }
}

Result<std::unique_ptr<Tokenizer>> SentencePieceBpe::Make(Vocabulary vocabulary,
                                                          Normalizer normalizer) {
  if (vocabulary.scores.size() != vocabulary.tokens.size()) {
    return DataLoss("scores: " + std::to_string(vocabulary.scores.size()) + " for " +
                    std::to_string(vocabulary.tokens.size()) + " tokens");
  }
  for (size_t id = 0; id < vocabulary.scores.size(); ++id) {
    if (!std::isfinite(vocabulary.scores[id])) {
      return DataLoss("scores[" + std::to_string(id) + "] is not a finite number");
    }
  }
  std::unique_ptr<SentencePieceBpe> tokenizer(
      new SentencePieceBpe(std::move(vocabulary), std::move(normalizer)));
  tokenizer->RankScores();
  PARVIS_RETURN_IF_ERROR(tokenizer->merges_.Build(tokenizer->vocabulary().merges, tokenizer->ids_));
  return std::unique_ptr<Tokenizer>(std::move(tokenizer));
}

// The best score has rank 0; equal scores have equal ranks.
void SentencePieceBpe::RankScores() {
  const std::vector<float>& scores = vocabulary().scores;
  std::vector<float> distinct = scores;
  std::sort(distinct.begin(), distinct.end(), std::greater<>());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  for (const float score : scores) {
    const auto at = std::lower_bound(distinct.begin(), distinct.end(), score, std::greater<>());
    ranks_.push_back(static_cast<uint32_t>(at - distinct.begin()));
  }
}

void SentencePieceBpe::MergePiece(std::string_view piece, std::vector<Symbol>& symbols) const {
  symbols.clear();
  for (size_t at = 0; at < piece.size();) {
    const size_t end = at + ReadCharacter(piece, at).size;
    symbols.push_back({pieces_.Find(piece.substr(at, end - at)), static_cast<uint32_t>(at),
                       static_cast<uint32_t>(end)});
    at = end;
  }
  if (!vocabulary().merges.empty()) {
    MergeAll(symbols, [&](const Symbol& a, const Symbol& b) { return merges_.Find(a.id, b.id); });
    return;
  }
  MergeAll(symbols, [&](const Symbol& a, const Symbol& b) -> Merge {
    const TokenId id = pieces_.Find(piece.substr(a.begin, b.end - a.begin));
    return id < 0 ? Merge{} : Merge{ranks_[id], id};
  });
}

// The tokens of a symbol: itself, else its bytes, else "unknown", once for a run of characters.
void SentencePieceBpe::Emit(std::string_view piece, const Symbol& symbol,
                            std::vector<Symbol>& tokens) const {
  if (symbol.id >= 0) {
    tokens.push_back(symbol);
    return;
  }
  const std::string_view bytes = piece.substr(symbol.begin, symbol.end - symbol.begin);
  const bool has_bytes = std::all_of(bytes.begin(), bytes.end(), [this](char byte) {
    return byte_ids_[static_cast<unsigned char>(byte)] >= 0;
  });
  if (has_bytes) {
    for (const char byte : bytes) {
      tokens.push_back({byte_ids_[static_cast<unsigned char>(byte)], symbol.begin, symbol.end});
    }
  } else if (const auto unknown = vocabulary().unknown) {
    if (!tokens.empty() && tokens.back().id == *unknown) {
      tokens.back().end = symbol.end;
    } else {
      tokens.push_back({*unknown, symbol.begin, symbol.end});
    }
  }
}

void SentencePieceBpe::EncodeSection(const Section& section, Encoded& out) const {
  // Escaped text, and for each of its bytes the range of its character in the input.
  std::string escaped;
  std::vector<std::pair<uint32_t, uint32_t>> from;
  const auto append = [&](std::string_view bytes, size_t at, size_t size) {
    escaped += bytes;
    if (section.offsets) from.resize(escaped.size(), section.RangeOf(at, at + size));
  };
  const std::string_view text = section.text;
  const bool spaced = vocabulary().pre_tokenizer == "metaspace" &&
                      (text.starts_with(' ') || text.starts_with(kSpace));
  const bool prefix = escapes_ && vocabulary().add_prefix_space && !spaced && !text.empty() &&
                      (!vocabulary().prefix_only_first || section.is_first());
  if (prefix) append(kSpace, 0, 1);
  for (size_t at = 0; at < text.size();) {
    const size_t size = ReadCharacter(text, at).size;
    append(escapes_ && text[at] == ' ' ? kSpace : text.substr(at, size), at, size);
    at += size;
  }
  const std::string_view view = escaped;
  std::vector<Symbol> symbols, tokens;
  for (size_t at = 0; at < view.size();) {
    const size_t end = words_apart_ ? WordBegin(view, at) : view.size();
    const std::string_view piece = view.substr(at, end - at);
    MergePiece(piece, symbols);
    for (Symbol symbol : symbols) {
      symbol.begin += at;
      symbol.end += at;
      Emit(view, symbol, tokens);
    }
    at = end;
  }
  for (const Symbol& token : tokens) {
    out.ids.push_back(token.id);
    if (section.offsets) {
      out.offsets.emplace_back(from[token.begin].first, from[token.end - 1].second);
    }
  }
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
      if (skip_special) continue;
      text += vocabulary().tokens[id];
      first = false;
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
