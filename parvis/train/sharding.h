#ifndef PARVIS_TRAIN_SHARDING_H_
#define PARVIS_TRAIN_SHARDING_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "parvis/nn/stack.h"

namespace parvis::train {

// Elements [begin, end) of one of the learned parameters, counted row by row.
struct Slice {
  size_t parameter;  // index into Stack::Learned()
  int64_t begin, end;

  int64_t size() const { return end - begin; }
  bool operator==(const Slice&) const = default;
};

// Who keeps what of the optimiser's state (ZeRO stage 1: Rajbhandari et al. 2020).
//
// The learned parameters stand one after another in the order in which backward completes their
// gradients, and are cut into buckets, which travel one by one; every rank owns an equal part of
// every bucket. It sums the gradients of its part, updates it, and sends the values to the others.
// In a world of one its own are the parameters as they are, in their order, without buckets.
class Sharding {
 public:
  Sharding(std::span<ops::Parameter* const> learned, int rank, int size);

  int rank() const { return rank_; }
  int size() const { return size_; }
  size_t num_buckets() const { return buckets_.size(); }
  // How many buckets are complete once backward has reached this mark (Stack::MarkOf), and all that
  // come before it in the order.
  size_t CompleteAt(const std::string& mark) const;
  // The part of a bucket that a rank owns; empty where a bucket is too small for all.
  const std::vector<Slice>& SlicesOf(size_t bucket, int rank) const {
    return buckets_[bucket][static_cast<size_t>(rank)];
  }
  // Of all buckets.
  std::vector<Slice> SlicesOf(int rank) const;
  const std::vector<Slice>& own() const { return own_; }

 private:
  int rank_, size_;
  std::vector<std::vector<std::vector<Slice>>> buckets_;  // by bucket and rank
  std::vector<std::pair<std::string, size_t>> complete_;  // marks, with the buckets before the next
  std::vector<Slice> own_;
};

// Elements of all slices.
int64_t TotalSize(std::span<const Slice> slices);

}  // namespace parvis::train

#endif  // PARVIS_TRAIN_SHARDING_H_
