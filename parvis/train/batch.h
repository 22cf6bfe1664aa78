#ifndef PARVIS_TRAIN_BATCH_H_
#define PARVIS_TRAIN_BATCH_H_

#include <algorithm>
#include <cstdint>
#include <vector>

#include "parvis/nn/stack.h"

namespace parvis::train {

// What one forward and backward pass looks at: pieces of documents side by side. Each piece is a
// segment of its own, so it sees nothing of its neighbours, and its positions begin at 0.
struct Batch {
  std::vector<int32_t> tokens;
  std::vector<int32_t> token_types;  // of each token; empty: all 0
  std::vector<nn::Segment> segments;
  std::vector<int64_t> documents;  // of each segment

  // What the encoder of a model with two stacks reads, one segment for each of those above: these
  // are then the decoder's. Else empty.
  std::vector<int32_t> prompt_tokens;
  std::vector<nn::Segment> prompt_segments;

  std::vector<int64_t> head_rows;  // rows of `tokens` that the head is given; empty: all
  // Equally many for each of these rows, or for each segment; -1: does not count.
  std::vector<int32_t> targets;
  // Of each segment, what the model at the start gave it (preferences); else empty.
  std::vector<float> references;

  nn::Step step() const { return {tokens, segments, token_types}; }
  int64_t num_tokens() const { return static_cast<int64_t>(tokens.size() + prompt_tokens.size()); }
  int64_t num_targets() const {
    return std::count_if(targets.begin(), targets.end(), [](int32_t t) { return t >= 0; });
  }
  int64_t num_head_rows() const {
    return static_cast<int64_t>(head_rows.empty() ? tokens.size() : head_rows.size());
  }
  // The row of `tokens` that a target belongs to; of a segment's targets its first.
  int64_t RowOf(size_t target) const {
    if (!head_rows.empty()) return head_rows[target * head_rows.size() / targets.size()];
    if (targets.size() == tokens.size()) return static_cast<int64_t>(target);
    return segments[target * segments.size() / targets.size()].begin;
  }
};

}  // namespace parvis::train

#endif  // PARVIS_TRAIN_BATCH_H_
