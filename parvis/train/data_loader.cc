#include "parvis/train/data_loader.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "parvis/core/check.h"

namespace parvis::train {
namespace {

template <typename T>
void Shuffle(Random& random, std::vector<T>& items) {
  for (size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[random.Below(i)]);
}

// Cuts one document into whole rows and shorter ends. The first cut is after `first` tokens.
void Cut(int64_t document, int64_t size, int64_t first, int64_t context_length,
         std::vector<Piece>& whole, std::vector<Piece>& ends) {
  int64_t begin = 0;
  int64_t count = std::min(first, size);
  while (begin < size) {
    (count == context_length ? whole : ends).push_back(Piece{document, begin, count});
    begin += count;
    count = std::min(context_length, size - begin);
  }
}

// Whole rows first, then `ends` packed one after another.
void Pack(const std::vector<Piece>& whole, const std::vector<Piece>& ends, int64_t context_length,
          EpochPlan& plan) {
  for (const Piece& piece : whole) {
    plan.row_begin.push_back(static_cast<int64_t>(plan.pieces.size()));
    plan.pieces.push_back(piece);
  }
  int64_t left = 0;  // in the row that is being filled
  for (Piece piece : ends) {
    while (piece.count > 0) {
      if (left == 0) {
        plan.row_begin.push_back(static_cast<int64_t>(plan.pieces.size()));
        left = context_length;
      }
      const int64_t count = std::min(left, piece.count);
      plan.pieces.push_back(Piece{piece.document, piece.begin, count});
      piece.begin += count;
      piece.count -= count;
      left -= count;
    }
  }
  plan.order.resize(plan.row_begin.size());
  std::iota(plan.order.begin(), plan.order.end(), 0);
  plan.row_begin.push_back(static_cast<int64_t>(plan.pieces.size()));
}

// The last token of a document predicts nothing.
int64_t PredictingTokens(const Corpus& corpus, int64_t document) {
  return static_cast<int64_t>(corpus.Tokens(document).size()) - 1;
}

}  // namespace

void EpochPlan::AppendRow(const Corpus& corpus, int64_t row, Batch& batch) const {
  for (int64_t i = row_begin[row]; i < row_begin[row + 1]; ++i) {
    const Piece& piece = pieces[i];
    const auto tokens = corpus.Tokens(piece.document).subspan(piece.begin, piece.count + 1);
    batch.segments.push_back(
        nn::Segment{static_cast<int64_t>(batch.tokens.size()), piece.count, 0, nullptr});
    batch.documents.push_back(piece.document);
    batch.tokens.insert(batch.tokens.end(), tokens.begin(), tokens.end() - 1);
    batch.targets.insert(batch.targets.end(), tokens.begin() + 1, tokens.end());
  }
}

EpochPlan PlanInOrder(const Corpus& corpus, int64_t context_length) {
  std::vector<Piece> whole, ends;
  for (int64_t document = 0; document < corpus.num_documents(); ++document) {
    const int64_t size = PredictingTokens(corpus, document);
    Cut(document, size, context_length, context_length, whole, ends);
  }
  EpochPlan plan;
  Pack(whole, ends, context_length, plan);
  return plan;
}

EpochPlan PlanShuffled(const Corpus& corpus, int64_t context_length,
                       const std::vector<double>& repeats, uint64_t seed, uint64_t epoch) {
  Random random(seed, epoch + 1);
  std::vector<Piece> whole, ends;
  for (int64_t document = 0; document < corpus.num_documents(); ++document) {
    const int64_t size = PredictingTokens(corpus, document);
    const double wanted = repeats[corpus.source(document)];
    const double floor = std::floor(wanted);
    const int64_t times = static_cast<int64_t>(floor) + (random.Uniform() < wanted - floor ? 1 : 0);
    for (int64_t i = 0; i < times; ++i) {
      const int64_t first = size <= context_length
                                ? context_length
                                : 1 + static_cast<int64_t>(random.Below(context_length));
      Cut(document, size, first, context_length, whole, ends);
    }
  }
  Shuffle(random, ends);
  EpochPlan plan;
  Pack(whole, ends, context_length, plan);
  Shuffle(random, plan.order);
  return plan;
}

DataLoader::DataLoader(const Corpus& corpus, int64_t context_length, std::vector<double> repeats,
                       uint64_t seed)
    : corpus_(corpus),
      context_length_(context_length),
      repeats_(std::move(repeats)),
      seed_(seed),
      plan_(PlanShuffled(corpus, context_length, repeats_, seed, 0)) {
  for (const Piece& piece : plan_.pieces) epoch_tokens_ += piece.count;
}

Batch DataLoader::Next(int64_t num_rows) {
  PARVIS_CHECK(epoch_tokens_ > 0);
  Batch batch;
  for (int64_t i = 0; i < num_rows; ++i) {
    while (state_.row == plan_.num_rows()) {  // an epoch of a repeat below 1 may have no row
      state_ = State{state_.epoch + 1, 0};
      plan_ = PlanShuffled(corpus_, context_length_, repeats_, seed_, state_.epoch);
    }
    plan_.AppendRow(corpus_, plan_.order[state_.row++], batch);
  }
  return batch;
}

bool DataLoader::Restore(const State& state) {
  EpochPlan plan = PlanShuffled(corpus_, context_length_, repeats_, seed_, state.epoch);
  if (state.row < 0 || state.row > plan.num_rows()) return false;
  plan_ = std::move(plan);
  state_ = state;
  return true;
}

}  // namespace parvis::train
