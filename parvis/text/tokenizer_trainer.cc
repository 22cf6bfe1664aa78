#include "parvis/text/tokenizer_trainer.h"

#include <algorithm>
#include <map>
#include <utility>

#include "parvis/core/check.h"
#include "parvis/text/learners.h"
#include "parvis/text/utf8.h"

namespace parvis::text {
namespace {

using Kind = TokenizerTrainerOptions::Kind;

void SplitPattern(PreTokenizer pre_tokenizer, std::string_view text,
                  const PieceCounter::Emit& emit) {
  for (size_t at = 0; at < text.size();) {
    const size_t end = PieceEnd(pre_tokenizer, text, at);
    emit(text.substr(at, end - at));
    at = end;
  }
}

// Words before they are normalised: spaces and line breaks stay white space whatever stands around
// them, other white space is found by the normaliser's reader. With `punctuation`, that of ASCII
// stands alone.
void SplitWords(bool punctuation, std::string_view text, const PieceCounter::Emit& emit) {
  size_t word = 0;
  const auto flush = [&](size_t end) {
    if (end > word) emit(text.substr(word, end - word));
  };
  for (size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
      flush(at);
      word = at + 1;
    } else if (punctuation && static_cast<unsigned char>(c) < 128 &&
               IsPunctuation(static_cast<unsigned char>(c))) {
      flush(at);
      emit(text.substr(at, 1));
      word = at + 1;
    }
  }
  flush(text.size());
}

PieceCounter::Split SplitOf(const TokenizerTrainerOptions& options) {
  if (options.kind == Kind::kByteBpe) {
    return [kind = options.pre_tokenizer](std::string_view text, const PieceCounter::Emit& emit) {
      SplitPattern(kind, text, emit);
    };
  }
  const bool punctuation = options.kind == Kind::kWordPiece;
  return [punctuation](std::string_view text, const PieceCounter::Emit& emit) {
    SplitWords(punctuation, text, emit);
  };
}

}  // namespace

std::optional<Kind> TokenizerKindFromName(std::string_view name) {
  if (name == "bpe" || name == "byte_bpe") return Kind::kByteBpe;
  if (name == "unigram") return Kind::kUnigram;
  if (name == "wordpiece") return Kind::kWordPiece;
  return std::nullopt;
}

TokenId AddControl(const std::string& token, Vocabulary& v) {
  const auto id = static_cast<TokenId>(v.tokens.size());
  v.added.push_back({.id = id, .content = token, .special = true});
  v.tokens.push_back(token);
  return id;
}

CountedPieces NormalizedWords(const std::vector<NormalizerStep>& steps, const CountedPieces& pieces,
                              const PieceCounter::Split& split, ThreadPool& pool) {
  const Result<Normalizer> normalizer = Normalizer::Make(steps);
  PARVIS_CHECK(normalizer.ok());
  constexpr int64_t kPiecesAtATime = 4096;
  const auto count = static_cast<int64_t>(pieces.size());
  std::vector<CountedPieces> parts(
      static_cast<size_t>((count + kPiecesAtATime - 1) / kPiecesAtATime));
  pool.Dynamic(static_cast<int64_t>(parts.size()), 1, [&](int64_t first, int64_t last) {
    for (int64_t part = first; part < last; ++part) {
      const int64_t end = std::min((part + 1) * kPiecesAtATime, count);
      for (int64_t i = part * kPiecesAtATime; i < end; ++i) {
        split(normalizer->Apply(pieces[i].first), [&](std::string_view word) {
          parts[part].emplace_back(std::string(word), pieces[i].second);
        });
      }
    }
  });
  PieceCounts sums;
  for (CountedPieces& part : parts) {
    for (const auto& [word, times] : part) sums.Add(word, times);
    part = {};
  }
  CountedPieces words;
  words.reserve(sums.size());
  sums.ForEach([&](std::string_view word, int64_t times, uint64_t) {
    words.emplace_back(std::string(word), times);
  });
  std::sort(words.begin(), words.end());
  return words;
}

std::vector<std::pair<uint32_t, int64_t>> AlphabetOf(const CountedPieces& words, int64_t limit) {
  std::map<uint32_t, int64_t> counts;
  for (const auto& [word, count] : words) {
    for (size_t at = 0; at < word.size();) {
      const Character c = ReadCharacter(word, at);
      counts[c.code] += count;
      at += c.size;
    }
  }
  std::vector<std::pair<uint32_t, int64_t>> alphabet(counts.begin(), counts.end());
  std::stable_sort(alphabet.begin(), alphabet.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  alphabet.resize(std::min(alphabet.size(), static_cast<size_t>(limit)));
  std::sort(alphabet.begin(), alphabet.end());
  return alphabet;
}

TokenizerTrainer::TokenizerTrainer(TokenizerTrainerOptions options, ThreadPool& pool)
    : options_(std::move(options)), pool_(pool), counter_(pool, SplitOf(options_)) {}

void TokenizerTrainer::Add(std::string_view text) {
  counter_.Add(IsValidUtf8(text) ? std::string(text) : Repair(text).text);
}

Result<std::unique_ptr<Tokenizer>> TokenizerTrainer::Train(const LearnProgress& progress) {
  if (counter_.empty()) return InvalidArgument("there is no text to learn a tokeniser from");
  const CountedPieces pieces = counter_.Take();
  Result<Vocabulary> learned =
      options_.kind == Kind::kByteBpe   ? LearnByteBpe(options_, pieces, progress)
      : options_.kind == Kind::kUnigram ? LearnUnigram(options_, pieces, pool_, progress)
                                        : LearnWordPiece(options_, pieces, pool_, progress);
  if (!learned.ok()) return learned.status();
  Vocabulary& v = *learned;
  v.kinds.assign(v.tokens.size(), TokenKind::kNormal);
  for (const AddedToken& added : v.added) v.kinds[added.id] = TokenKind::kControl;
  if (v.unknown) v.kinds[*v.unknown] = TokenKind::kUnknown;
  return MakeTokenizer(std::move(v));
}

}  // namespace parvis::text
