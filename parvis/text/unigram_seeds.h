#ifndef PARVIS_TEXT_UNIGRAM_SEEDS_H_
#define PARVIS_TEXT_UNIGRAM_SEEDS_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "parvis/core/result.h"
#include "parvis/core/thread_pool.h"
#include "parvis/text/learners.h"

namespace parvis::text {

constexpr size_t kMaxUnigramCharacters = 16;  // of a token, as in SentencePiece

// Parts of words (of two characters or more, up to kMaxUnigramCharacters) that may become tokens,
// and how often they occur: of all parts that stand in the same places only the longest to the
// right. The `limit` of them that cover most characters, by their bytes.
struct UnigramSeeds {
  CountedPieces of_text;   // each occurrence counts as often as its word was seen
  CountedPieces of_words;  // … once
};

// A sorted list of all ends of words (a suffix array; Manber and Myers, 1993) gives them: parts
// that begin several ends lie side by side. Memory: 8 bytes for each character of the distinct
// words.
Result<UnigramSeeds> FindSeeds(const CountedPieces& words, int64_t min_count, size_t limit,
                               ThreadPool& pool);

}  // namespace parvis::text

#endif  // PARVIS_TEXT_UNIGRAM_SEEDS_H_
