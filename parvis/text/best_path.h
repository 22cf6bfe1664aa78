#ifndef PARVIS_TEXT_BEST_PATH_H_
#define PARVIS_TEXT_BEST_PATH_H_

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "parvis/text/utf8.h"
#include "parvis/text/vocabulary.h"

namespace parvis::text {

// Of the character at `at`, as ReadCharacter has it; ASCII without a call.
inline size_t CharacterSize(std::string_view text, size_t at) {
  return static_cast<unsigned char>(text[at]) < 128 ? 1 : ReadCharacter(text, at).size;
}

// A token of a path: bytes [begin, end) of the piece; id -1: an unknown character.
struct PathToken {
  TokenId id;
  size_t begin, end;
};

// Cuts a piece into tokens so that the sum of their scores is greatest (Viterbi), of equal sums the
// one found first. A character that is no token by itself may stand alone as unknown.
//
// `walk(text, visit)` calls visit(size, id) for each token that `text` begins with; it is called
// once for each character, so that time grows with the piece times the longest token. `score(id)`;
// `add(a, b)` sums two scores in the precision of the reference. `path` is only scratch: its memory
// is kept from piece to piece.
struct BestEnd {
  double score;
  TokenId id;
  size_t begin;  // SIZE_MAX: no path ends here
};

template <typename Walk, typename Score, typename Add>
void FindBestPath(std::string_view piece, const Walk& walk, const Score& score, double unknown,
                  const Add& add, std::vector<BestEnd>& path, std::vector<PathToken>& tokens) {
  path.assign(piece.size() + 1, {0.0, -1, SIZE_MAX});
  for (size_t at = 0; at < piece.size();) {
    const double here = path[at].score;
    const size_t character = CharacterSize(piece, at);
    bool has_character = false;
    const auto consider = [&](size_t size, TokenId id, double more) {
      BestEnd& end = path[at + size];
      const double sum = add(more, here);
      if (end.begin == SIZE_MAX || sum > end.score) end = {sum, id, at};
    };
    walk(piece.substr(at), [&](size_t size, TokenId id) {
      has_character |= size == character;
      consider(size, id, score(id));
    });
    if (!has_character) consider(character, -1, unknown);
    at += character;
  }
  const size_t first = tokens.size();
  for (size_t end = piece.size(); end > 0; end = path[end].begin) {
    tokens.push_back({path[end].id, path[end].begin, end});
  }
  std::reverse(tokens.begin() + static_cast<ptrdiff_t>(first), tokens.end());
}

// Cuts a word into tokens, each time the longest that the rest begins with; `walk` as above, told
// by `first` whether nothing has been cut off yet. Returns false, with some tokens, if there is a
// rest that begins with none. `walk` is called once for each token.
template <typename Walk>
bool CutGreedily(std::string_view word, const Walk& walk, std::vector<PathToken>& tokens) {
  for (size_t at = 0; at < word.size();) {
    PathToken longest = {-1, at, at};
    walk(at == 0, word.substr(at), [&](size_t size, TokenId id) { longest = {id, at, at + size}; });
    if (longest.id < 0) return false;
    tokens.push_back(longest);
    at = longest.end;
  }
  return true;
}

}  // namespace parvis::text

#endif  // PARVIS_TEXT_BEST_PATH_H_
