#ifndef PARVIS_TEXT_UNIGRAM_MODEL_H_
#define PARVIS_TEXT_UNIGRAM_MODEL_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "parvis/core/thread_pool.h"
#include "parvis/text/learners.h"
#include "parvis/text/token_trie.h"

namespace parvis::text {

// Pieces with the logarithms of their probabilities, fitted to words: what is learned for Unigram.
// Kudo, "Subword Regularization", 2018, section 3.2; with SentencePiece's choices where the paper
// leaves one. Sums over words are sums of whole numbers, so they depend on no order and no number
// of threads.
class UnigramModel {
 public:
  struct Piece {
    std::string text;
    double score;    // logarithm of its probability
    bool character;  // one character: never dropped
  };

  // Characters and longer pieces with their counts; the words must outlive the model.
  UnigramModel(const CountedPieces& characters, const CountedPieces& seeds,
               const CountedPieces& words, ThreadPool& pool);

  const std::vector<Piece>& pieces() const { return pieces_; }

  // One step of expectation maximisation. Pieces that are hardly ever expected go.
  void Fit();
  // Tokens of all words, each cut in the best way.
  int64_t CountTokens() const;
  // Keeps `size` pieces: those without which the words would lose most probability.
  void Prune(size_t size);

 private:
  // visit(word, count, sums): for all words, on all threads; `sums` has a place for each piece.
  template <typename Visit>
  std::vector<int64_t> SumOverWords(const Visit& visit) const;
  std::vector<int64_t> Expected() const;
  std::vector<int64_t> BestUses() const;
  void Index();

  const CountedPieces& words_;
  ThreadPool& pool_;
  std::vector<Piece> pieces_;
  TokenTrie trie_;
  double unknown_ = 0;  // score of a character that is no piece
};

}  // namespace parvis::text

#endif  // PARVIS_TEXT_UNIGRAM_MODEL_H_
