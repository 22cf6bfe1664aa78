#ifndef PARVIS_TEXT_PAIR_COUNTS_H_
#define PARVIS_TEXT_PAIR_COUNTS_H_

#include <cstdint>
#include <queue>
#include <unordered_map>
#include <utility>
#include <vector>

#include "parvis/text/vocabulary.h"

namespace parvis::text {

// A word as the tokens that it is cut into so far, and how often it was seen.
struct CountedWord {
  std::vector<TokenId> ids;
  int64_t count;
};

// Counts of neighbouring pairs of tokens over all words, kept up to date while pairs are merged:
// what a trainer of BPE or WordPiece asks.
class PairCounts {
 public:
  using Pair = std::pair<TokenId, TokenId>;
  struct Candidate {
    int64_t count;
    Pair pair;
    bool operator<(const Candidate& other) const {  // the greatest is merged next
      return count != other.count ? count < other.count : pair > other.pair;
    }
  };

  explicit PairCounts(std::vector<CountedWord> words);

  // The most frequent pair, of equal counts that with the smaller ids; count 0 when there is none.
  // It must be merged before the next is asked for.
  Candidate Best();
  // Puts `merged` in the place of each such pair.
  void Merge(const Pair& pair, TokenId merged);

 private:
  struct Entry {
    int64_t count = 0;
    std::vector<uint32_t> words;  // that held the pair once
  };

  void Change(const Pair& pair, int64_t by, uint32_t word);
  void MergeInWord(uint32_t w, const Pair& pair, TokenId merged, std::vector<Pair>& grown);

  std::vector<CountedWord> words_;
  std::unordered_map<uint64_t, Entry> entries_;
  std::priority_queue<Candidate> queue_;
};

}  // namespace parvis::text

#endif  // PARVIS_TEXT_PAIR_COUNTS_H_
