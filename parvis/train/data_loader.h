#ifndef PARVIS_TRAIN_DATA_LOADER_H_
#define PARVIS_TRAIN_DATA_LOADER_H_

#include <cstdint>
#include <vector>

#include "parvis/train/batch.h"
#include "parvis/train/corpus.h"
#include "parvis/train/objective.h"
#include "parvis/train/plan.h"

namespace parvis::train {

// Rows for training, epoch after epoch. What comes next depends on the state only, so a run that
// restores a state continues with the same rows. Corpus and objective must outlive the loader.
class DataLoader {
 public:
  struct State {
    uint64_t epoch = 0;
    int64_t row = 0;  // of the epoch's order
  };

  DataLoader(const Corpus& corpus, const Objective& objective, int64_t row_length,
             std::vector<double> repeats, uint64_t seed);

  // REQUIRES: epoch_tokens() > 0.
  Batch Next(int64_t num_rows);
  // Passes rows by: those that other ranks learn from. The same.
  void Skip(int64_t num_rows);
  // Tokens in the rows of the first epoch; 0 when there is nothing to learn.
  int64_t epoch_tokens() const { return epoch_tokens_; }
  int64_t epoch_rows() const { return epoch_rows_; }
  // Pieces of the first epoch that no row can take.
  int64_t left_out() const { return left_out_; }
  const State& state() const { return state_; }
  // False: the epoch has no such row.
  bool Restore(const State& state);

 private:
  int64_t NextRow();

  const Corpus& corpus_;
  const Objective& objective_;
  Division division_;
  std::vector<double> repeats_;
  uint64_t seed_;
  State state_;
  EpochPlan plan_;
  int64_t epoch_tokens_ = 0, epoch_rows_ = 0, left_out_ = 0;
};

}  // namespace parvis::train

#endif  // PARVIS_TRAIN_DATA_LOADER_H_
