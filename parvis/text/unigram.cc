#include "parvis/text/unigram.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "parvis/text/byte_alphabet.h"
#include "parvis/text/utf8.h"

namespace parvis::text {
namespace {

constexpr std::string_view kSpace = "\xE2\x96\x81";  // ▁
constexpr double kUnknownPenalty = 10.0;

bool IsNative(const Vocabulary& v) {
  return !v.normalizer.empty() && v.normalizer.back().kind == NormalizerStep::Kind::kSentencePiece;
}

// Control tokens are no part of a text, whatever their name: in the reference of tokenizer.json a
// text could spell them.
std::vector<std::pair<std::string_view, TokenId>> Tokens(const Vocabulary& v) {
  std::vector<std::pair<std::string_view, TokenId>> tokens;
  for (size_t id = 0; id < v.tokens.size(); ++id) {
    const TokenKind kind = v.kinds[id];
    const bool is_text = kind == TokenKind::kNormal || kind == TokenKind::kUserDefined ||
                         (kind == TokenKind::kByte && !IsNative(v));
    if (!is_text) continue;
    tokens.emplace_back(v.tokens[id], static_cast<TokenId>(id));
  }
  return tokens;
}

}  // namespace

struct Unigram::Piece {
  std::string_view text;
  const Section& section;
  size_t at;  // in the section, of the text's first byte but for `added` bytes put in front
  size_t added;
  // Bytes of `text` that stand for one space of the section.
  const std::vector<size_t>* spaces;
};

Unigram::Unigram(Vocabulary vocabulary, Normalizer normalizer)
    : Tokenizer(std::move(vocabulary), std::move(normalizer)),
      trie_(Tokens(this->vocabulary())),
      native_(IsNative(this->vocabulary())) {
  const Vocabulary& v = this->vocabulary();
  byte_ids_.fill(-1);
  double least = std::numeric_limits<double>::infinity();
  for (size_t id = 0; id < v.tokens.size(); ++id) {
    if (const auto byte = ByteOfToken(v.tokens[id])) byte_ids_[*byte] = static_cast<TokenId>(id);
    if (native_ && v.kinds[id] != TokenKind::kNormal) continue;
    least = std::min<double>(least, v.scores[id]);
  }
  has_bytes_ = v.byte_fallback &&
               std::all_of(byte_ids_.begin(), byte_ids_.end(), [](TokenId id) { return id >= 0; });
  unknown_score_ = (std::isfinite(least) ? least : 0.0) - kUnknownPenalty;
}

Result<std::unique_ptr<Tokenizer>> Unigram::Make(Vocabulary vocabulary, Normalizer normalizer) {
  if (vocabulary.scores.size() != vocabulary.tokens.size()) {
    return DataLoss("scores: " + std::to_string(vocabulary.scores.size()) + " for " +
                    std::to_string(vocabulary.tokens.size()) + " tokens");
  }
  for (size_t id = 0; id < vocabulary.scores.size(); ++id) {
    if (!std::isfinite(vocabulary.scores[id])) {
      return DataLoss("scores[" + std::to_string(id) + "] is not a finite number");
    }
  }
  if (!vocabulary.unknown) return DataLoss("the vocabulary has no unknown token");
  const std::string& pre = vocabulary.pre_tokenizer;
  if (!pre.empty() && pre != "metaspace" && pre != "whitespace+metaspace") {
    return Unimplemented("pre-tokeniser \"" + pre.substr(0, 80) +
                         "\" is not one that Parvis computes");
  }
  return std::unique_ptr<Tokenizer>(new Unigram(std::move(vocabulary), std::move(normalizer)));
}

void Unigram::EncodeSection(const Section& section, Encoded& out) const {
  const std::string& pre = vocabulary().pre_tokenizer;
  const std::string_view text = section.text;
  if (pre != "whitespace+metaspace") {
    EncodeMetaspace(section, 0, text.size(), out);
    return;
  }
  size_t word = 0;
  for (size_t at = 0; at <= text.size();) {
    const Character c = at < text.size() ? ReadCharacter(text, at) : Character{' ', 1, true};
    if (ClassOf(c.code) == CharacterClass::kSpace) {
      if (at > word) EncodeMetaspace(section, word, at, out);
      word = at + c.size;
    }
    at += c.size;
  }
}

void Unigram::EncodeMetaspace(const Section& section, size_t from, size_t to, Encoded& out) const {
  const Vocabulary& v = vocabulary();
  const bool metaspace = !v.pre_tokenizer.empty();
  const std::string_view text = section.text.substr(from, to - from);
  std::string escaped;
  std::vector<size_t> spaces;  // where in `text` they are
  size_t added = 0;
  if (metaspace && v.add_prefix_space && !text.empty() && !text.starts_with(' ') &&
      !text.starts_with(kSpace) && (!v.prefix_only_first || (from == 0 && section.is_first()))) {
    escaped = kSpace;
    added = kSpace.size();
  }
  // Piece by piece: each begins at a "▁", of the text or for a space.
  size_t begin = 0;
  const auto flush = [&](size_t end) {
    if (!escaped.empty()) EncodePiece({escaped, section, from + begin, added, &spaces}, out);
    escaped.clear();
    spaces.clear();
    added = 0;
    begin = end;
  };
  for (size_t at = 0; at < text.size();) {
    const bool space = metaspace && text[at] == ' ';
    const bool starts = space || text.substr(at).starts_with(kSpace);
    if (starts && metaspace) flush(at);
    const size_t size = space ? 1 : ReadCharacter(text, at).size;
    if (space) spaces.push_back(at);
    escaped += space ? kSpace : text.substr(at, size);
    at += size;
  }
  flush(text.size());
}

void Unigram::EncodePiece(const Piece& piece, Encoded& out) const {
  const Vocabulary& v = vocabulary();
  std::vector<BestEnd> path;
  std::vector<PathToken> tokens;
  FindBestPath(
      piece.text, [this](std::string_view text, const auto& visit) { trie_.Walk(text, visit); },
      [&](TokenId id) { return static_cast<double>(v.scores[id]); }, unknown_score_,
      [this](double a, double b) {
        return native_ ? static_cast<double>(static_cast<float>(a + b)) : a + b;
      },
      path, tokens);
  // A byte of the piece as a byte of the section. A piece begins with the space, if it has one.
  const size_t space = piece.spaces->empty() ? 0 : kSpace.size() - 1;
  const auto back = [&](size_t i) {
    if (i < piece.added) return piece.at;
    const size_t shift = piece.added + (space > 0 ? std::min(space, i - piece.added) : 0);
    return piece.at + i - shift;
  };
  const auto emit = [&](TokenId id, size_t begin, size_t end) {
    out.ids.push_back(id);
    if (!piece.section.offsets) return;
    const size_t from = back(begin);
    out.offsets.push_back(piece.section.RangeOf(from, std::max(back(end), from + 1)));
  };
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].id >= 0) {
      emit(tokens[i].id, tokens[i].begin, tokens[i].end);
      continue;
    }
    const size_t begin = tokens[i].begin;
    // SentencePiece itself joins unknown characters only where no bytes stand for them.
    const bool joins = !(native_ && has_bytes_);
    while (joins && i + 1 < tokens.size() && tokens[i + 1].id < 0) ++i;
    const size_t end = tokens[i].end;
    if (!has_bytes_) {
      emit(*v.unknown, begin, end);
      continue;
    }
    for (size_t at = begin; at < end; ++at) {
      emit(byte_ids_[static_cast<unsigned char>(piece.text[at])], begin, end);
    }
  }
}

std::string Unigram::TokenBytes(TokenId id) const {
  if (id < 0 || id >= vocab_size()) return {};
  const std::string& token = vocabulary().tokens[id];
  if (vocabulary().byte_fallback) {
    if (const auto byte = ByteOfToken(token)) return std::string(1, static_cast<char>(*byte));
  }
  std::string bytes;
  for (size_t at = 0; at < token.size();) {
    const size_t next = std::min(token.find(kSpace, at), token.size());
    bytes.append(token, at, next - at);
    if (next < token.size()) bytes += ' ';
    at = next + kSpace.size();
  }
  return bytes;
}

std::string Unigram::Decode(std::span<const TokenId> ids, bool skip_special) const {
  std::string text;
  bool first = vocabulary().add_prefix_space;
  for (const TokenId id : ids) {
    if (id < 0 || id >= vocab_size() || (skip_special && IsSpecial(id))) continue;
    std::string bytes = TokenBytes(id);
    if (first && vocabulary().tokens[id].starts_with(kSpace))
      bytes.erase(0, std::min(bytes.find_first_not_of(' '), bytes.size()));
    first = false;
    text += bytes;
  }
  return text;
}

}  // namespace parvis::text
