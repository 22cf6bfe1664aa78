#ifndef PARVIS_TRAIN_DATA_LOADER_H_
#define PARVIS_TRAIN_DATA_LOADER_H_

#include <cstdint>
#include <vector>

#include "parvis/core/random.h"
#include "parvis/nn/stack.h"
#include "parvis/train/corpus.h"

namespace parvis::train {

// What one forward and backward pass looks at: pieces of documents side by side. Each piece is a
// segment of its own, so it sees nothing of its neighbours, and its positions begin at 0.
struct Batch {
  std::vector<int32_t> tokens;
  std::vector<int32_t> targets;  // the next token of the same document: every row has one
  std::vector<nn::Segment> segments;
  std::vector<int64_t> documents;  // of each segment

  nn::Step step() const { return {tokens, segments}; }
  int64_t num_targets() const { return static_cast<int64_t>(targets.size()); }
};

// Part of a document: the tokens [begin, begin + count), whose targets are one further.
struct Piece {
  int64_t document;
  int64_t begin;
  int64_t count;
};

// The pieces of one epoch, packed into rows of at most `context_length` tokens.
//
// A document longer than that is cut; its whole rows stand alone, and what is shorter (short
// documents, and the two ends of long ones) fills rows together, the last piece of a row going on
// in the next one. So only the last row of an epoch may be short, nothing is padding, and each
// token but the first of a document is predicted exactly once.
struct EpochPlan {
  std::vector<Piece> pieces;
  std::vector<int64_t> row_begin;  // of row r in `pieces`; one more at the end
  std::vector<int64_t> order;      // rows in the order in which they are used

  int64_t num_rows() const { return static_cast<int64_t>(order.size()); }
  void AppendRow(const Corpus& corpus, int64_t row, Batch& batch) const;
};

// In the order of the documents, cut from their beginning: for evaluation.
EpochPlan PlanInOrder(const Corpus& corpus, int64_t context_length);

// Shuffled by `seed` and `epoch`: which pieces stand together, where long documents are cut, the
// order of rows. repeats[source]: how often a source's documents appear (0.5: half of them).
EpochPlan PlanShuffled(const Corpus& corpus, int64_t context_length,
                       const std::vector<double>& repeats, uint64_t seed, uint64_t epoch);

// Rows for training, epoch after epoch. What comes next depends on the state only, so a run that
// restores a state continues with the same rows. The corpus must outlive the loader.
class DataLoader {
 public:
  struct State {
    uint64_t epoch = 0;
    int64_t row = 0;  // of the epoch's order
  };

  DataLoader(const Corpus& corpus, int64_t context_length, std::vector<double> repeats,
             uint64_t seed);

  // REQUIRES: epoch_tokens() > 0.
  Batch Next(int64_t num_rows);
  // Predicted tokens of the first epoch; 0 when there is nothing to predict.
  int64_t epoch_tokens() const { return epoch_tokens_; }
  const State& state() const { return state_; }
  // False: the epoch has no such row.
  bool Restore(const State& state);

 private:
  const Corpus& corpus_;
  int64_t context_length_;
  std::vector<double> repeats_;
  uint64_t seed_;
  State state_;
  EpochPlan plan_;
  int64_t epoch_tokens_ = 0;
};

}  // namespace parvis::train

#endif  // PARVIS_TRAIN_DATA_LOADER_H_
