#ifndef PARVIS_TRAIN_PLAN_H_
#define PARVIS_TRAIN_PLAN_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "parvis/train/corpus.h"

namespace parvis::train {

// Part of a document: its tokens [begin, begin + count), or what an objective makes of them.
struct Piece {
  int64_t document;
  int64_t begin;
  int64_t count;
};

// How documents become pieces and pieces rows; an objective says it.
struct Division {
  // Tokens of a row at most, and of a piece. Documents longer than a piece are cut.
  int64_t row_length = 0;
  int64_t piece_length = 0;
  // The last tokens of a document that no piece has: causally, the last one predicts nothing.
  int64_t unused = 0;
  // Whether a piece that does not fit into the rest of a row goes on in the next one.
  bool split = false;
  // Tokens that a piece takes in a row; empty: its count. More than row_length: left out.
  std::function<int64_t(const Piece&)> room = {};
};

// The pieces of one epoch, packed into rows.
//
// A document longer than a piece is cut; whole pieces stand alone, and what is shorter (short
// documents, and the two ends of long ones) fills rows together. Where pieces may be split, the
// last of a row goes on in the next one, so only the last row of an epoch may be short; else each
// goes into the row that it fills best. Nothing is padding.
struct EpochPlan {
  std::vector<Piece> pieces;
  std::vector<int64_t> row_begin;  // of row r in `pieces`; one more at the end
  std::vector<int64_t> order;      // rows in the order in which they are used
  int64_t left_out = 0;            // pieces that no row can take

  int64_t num_rows() const { return static_cast<int64_t>(order.size()); }
};

// In the order of the documents, cut from their beginning: for evaluation.
EpochPlan PlanInOrder(const Corpus& corpus, const Division& division);

// Shuffled by `seed` and `epoch`: which pieces stand together, where long documents are cut, the
// order of rows. repeats[source]: how often a source's documents appear (0.5: half of them).
EpochPlan PlanShuffled(const Corpus& corpus, const Division& division,
                       const std::vector<double>& repeats, uint64_t seed, uint64_t epoch);

}  // namespace parvis::train

#endif  // PARVIS_TRAIN_PLAN_H_
