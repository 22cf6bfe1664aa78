#include "parvis/text/words.h"

#include <algorithm>
#include <string>

#include "parvis/text/pretokenizer.h"
#include "parvis/text/utf8.h"

namespace parvis::text {
namespace {

bool IsText(const Encoded& encoded, size_t i) { return encoded.texts[i] != Encoded::kNobody; }

bool HasPrefix(const Tokenizer& tokenizer, TokenId id) {
  const Vocabulary& v = tokenizer.vocabulary();
  return v.tokens[static_cast<size_t>(id)].starts_with(v.continuing_prefix);
}

// Where the pieces of a text end.
std::vector<size_t> PieceEnds(const Tokenizer& tokenizer, std::string_view text) {
  std::vector<size_t> ends;
  const auto kind = PreTokenizerFromName(tokenizer.vocabulary().pre_tokenizer);
  if (!kind || !IsValidUtf8(text)) return ends;
  for (size_t at = 0; at < text.size(); at = ends.back()) {
    ends.push_back(PieceEnd(*kind, text, at));
  }
  return ends;
}

}  // namespace

std::vector<bool> ContinuesWord(const Tokenizer& tokenizer, const Encoded& encoded,
                                std::string_view text) {
  const bool marked = tokenizer.kind() == "wordpiece";
  std::vector<bool> result(encoded.ids.size());
  for (size_t i = 0; i < encoded.ids.size(); ++i) {
    if (!IsText(encoded, i) || encoded.ids[i] == tokenizer.unknown()) continue;
    const uint32_t begin = encoded.offsets[i].first;
    if (marked) {
      result[i] = HasPrefix(tokenizer, encoded.ids[i]);
    } else {
      result[i] = begin > 0 && text.substr(begin - 1, 2).find(' ') == std::string_view::npos;
    }
  }
  return result;
}

std::vector<int64_t> WordsOf(const Tokenizer& tokenizer, const Encoded& encoded,
                             std::string_view text) {
  std::vector<int64_t> words(encoded.ids.size(), -1);
  const bool marked = tokenizer.kind() == "wordpiece";
  const std::vector<size_t> ends = marked ? std::vector<size_t>() : PieceEnds(tokenizer, text);
  int64_t word = -1;
  for (size_t i = 0; i < encoded.ids.size(); ++i) {
    if (!IsText(encoded, i)) continue;
    if (ends.empty()) {  // by marks; without any, each token is a word
      if (!marked || !HasPrefix(tokenizer, encoded.ids[i])) ++word;
    } else {
      word = std::upper_bound(ends.begin(), ends.end(), encoded.offsets[i].first) - ends.begin();
    }
    words[i] = word;
  }
  return words;
}

}  // namespace parvis::text
