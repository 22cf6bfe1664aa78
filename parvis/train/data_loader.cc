#include "parvis/train/data_loader.h"

#include <utility>

#include "parvis/core/check.h"

namespace parvis::train {

DataLoader::DataLoader(const Corpus& corpus, const Objective& objective, int64_t row_length,
                       std::vector<double> repeats, uint64_t seed)
    : corpus_(corpus),
      objective_(objective),
      division_(objective.DivisionOf(corpus, row_length)),
      repeats_(std::move(repeats)),
      seed_(seed),
      plan_(PlanShuffled(corpus, division_, repeats_, seed, 0)),
      epoch_rows_(plan_.num_rows()),
      left_out_(plan_.left_out) {
  for (const Piece& piece : plan_.pieces) {
    epoch_tokens_ += division_.room ? division_.room(piece) : piece.count;
  }
}

int64_t DataLoader::NextRow() {
  PARVIS_CHECK(epoch_tokens_ > 0);
  while (state_.row == plan_.num_rows()) {  // an epoch of a repeat below 1 may have no row
    state_ = State{state_.epoch + 1, 0};
    plan_ = PlanShuffled(corpus_, division_, repeats_, seed_, state_.epoch);
  }
  return plan_.order[state_.row++];
}

Batch DataLoader::Next(int64_t num_rows) {
  Batch batch;
  for (int64_t i = 0; i < num_rows; ++i) {
    const int64_t row = NextRow();
    AppendRow(corpus_, objective_, plan_, row, seed_, state_.epoch, batch);
  }
  return batch;
}

void DataLoader::Skip(int64_t num_rows) {
  for (int64_t i = 0; i < num_rows; ++i) NextRow();
}

bool DataLoader::Restore(const State& state) {
  EpochPlan plan = PlanShuffled(corpus_, division_, repeats_, seed_, state.epoch);
  if (state.row < 0 || state.row > plan.num_rows()) return false;
  plan_ = std::move(plan);
  state_ = state;
  return true;
}

}  // namespace parvis::train
