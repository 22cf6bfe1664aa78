#include "parvis/train/plan.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "parvis/core/random.h"

namespace parvis::train {
namespace {

template <typename T>
void Shuffle(Random& random, std::vector<T>& items) {
  for (size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[random.Below(i)]);
}

// Pieces that fill a row alone, and those that fill rows together.
struct Pieces {
  std::vector<Piece> whole, ends;
  int64_t left_out = 0;
};

int64_t RoomOf(const Division& division, const Piece& piece) {
  return division.room ? division.room(piece) : piece.count;
}

// Cuts one document into whole pieces and shorter ends. The first cut is after `first` tokens.
void Cut(int64_t document, int64_t size, int64_t first, const Division& division, Pieces& pieces) {
  int64_t begin = 0;
  int64_t count = std::min(first, size);
  while (begin < size) {
    const Piece piece{document, begin, count};
    if (RoomOf(division, piece) <= division.row_length) {
      (count == division.piece_length ? pieces.whole : pieces.ends).push_back(piece);
    } else {
      ++pieces.left_out;
    }
    begin += count;
    count = std::min(division.piece_length, size - begin);
  }
}

void BeginRow(EpochPlan& plan) {
  plan.row_begin.push_back(static_cast<int64_t>(plan.pieces.size()));
}

// Rows are filled to the last token, one after another.
void PackSplitting(const std::vector<Piece>& ends, int64_t row_length, EpochPlan& plan) {
  int64_t left = 0;  // in the row that is being filled
  for (Piece piece : ends) {
    while (piece.count > 0) {
      if (left == 0) {
        BeginRow(plan);
        left = row_length;
      }
      const int64_t count = std::min(left, piece.count);
      plan.pieces.push_back(Piece{piece.document, piece.begin, count});
      piece.begin += count;
      piece.count -= count;
      left -= count;
    }
  }
}

// Each piece goes into the fullest row that has room for it ("best fit"), of equal ones the first.
void PackWhole(const std::vector<Piece>& ends, const Division& division, EpochPlan& plan) {
  std::vector<std::vector<Piece>> rows;
  std::map<int64_t, std::vector<size_t>> by_room;  // rows with so much room left, latest first
  for (const Piece& piece : ends) {
    const int64_t room = RoomOf(division, piece);
    size_t row = rows.size();
    int64_t left = division.row_length;
    if (const auto found = by_room.lower_bound(room); found != by_room.end()) {
      left = found->first;
      row = found->second.back();
      found->second.pop_back();
      if (found->second.empty()) by_room.erase(found);
    } else {
      rows.emplace_back();
    }
    rows[row].push_back(piece);
    if (left > room) by_room[left - room].push_back(row);
  }
  for (const std::vector<Piece>& row : rows) {
    BeginRow(plan);
    plan.pieces.insert(plan.pieces.end(), row.begin(), row.end());
  }
}

// Whole pieces first, then the ends packed.
EpochPlan Pack(const Pieces& pieces, const Division& division) {
  EpochPlan plan;
  plan.left_out = pieces.left_out;
  for (const Piece& piece : pieces.whole) {
    BeginRow(plan);
    plan.pieces.push_back(piece);
  }
  if (division.split) {
    PackSplitting(pieces.ends, division.row_length, plan);
  } else {
    PackWhole(pieces.ends, division, plan);
  }
  plan.order.resize(plan.row_begin.size());
  std::iota(plan.order.begin(), plan.order.end(), 0);
  BeginRow(plan);
  return plan;
}

int64_t SizeOf(const Corpus& corpus, int64_t document, const Division& division) {
  return corpus.size(document) - division.unused;
}

}  // namespace

EpochPlan PlanInOrder(const Corpus& corpus, const Division& division) {
  Pieces pieces;
  for (int64_t document = 0; document < corpus.num_documents(); ++document) {
    const int64_t size = SizeOf(corpus, document, division);
    Cut(document, size, division.piece_length, division, pieces);
  }
  return Pack(pieces, division);
}

EpochPlan PlanShuffled(const Corpus& corpus, const Division& division,
                       const std::vector<double>& repeats, uint64_t seed, uint64_t epoch) {
  Random random(seed, epoch + 1);
  Pieces pieces;
  for (int64_t document = 0; document < corpus.num_documents(); ++document) {
    const int64_t size = SizeOf(corpus, document, division);
    const double wanted = repeats[corpus.source(document)];
    const double floor = std::floor(wanted);
    const int64_t times = static_cast<int64_t>(floor) + (random.Uniform() < wanted - floor ? 1 : 0);
    for (int64_t i = 0; i < times; ++i) {
      const int64_t first = size <= division.piece_length
                                ? division.piece_length
                                : 1 + static_cast<int64_t>(random.Below(division.piece_length));
      Cut(document, size, first, division, pieces);
    }
  }
  Shuffle(random, pieces.ends);
  EpochPlan plan = Pack(pieces, division);
  Shuffle(random, plan.order);
  return plan;
}

}  // namespace parvis::train
