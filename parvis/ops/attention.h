#ifndef PARVIS_OPS_ATTENTION_H_
#define PARVIS_OPS_ATTENTION_H_

#include <cstdint>
#include <span>
#include <string>

#include "parvis/ops/exec.h"

namespace parvis::ops {

using kernels::kPageTokens;
using kernels::PageLayout;

// The keys and values that a sequence has already, in pages that somebody else owns (the runtime's
// KV cache). Page p holds positions [p * kPageTokens, (p + 1) * kPageTokens) of all layers, laid
// out as `layout` says. An op writes a step's keys and values into them before it reads.
struct KvView {
  std::span<float* const> pages;  // enough for the step's last position
  PageLayout layout;
};

// Rows [begin, begin + count) of a step belong to one sequence, at positions position, position + 1
// …
struct Segment {
  int64_t begin;
  int64_t count;
  int64_t position = 0;
  const KvView* kv = nullptr;  // null: the sequence starts here and is not kept (training, scoring)
};

struct AttentionSpec {
  int64_t num_heads;
  int64_t num_kv_heads;
  int64_t head_dim;
  float scale;
  bool causal = true;
  int64_t window = 0;
  std::span<const float> alibi_slopes = {};  // (num_heads) or empty
  int64_t layer = 0;                         // into the KV pages
};

// softmax(scale · q kᵀ) v for every sequence on its own: a row sees only rows of its own segment
// and what its KvView holds. Never stores rows × rows.
//   q: (rows, num_heads * head_dim)   k, v: (rows, num_kv_heads * head_dim)   result like q
// Dao et al., "FlashAttention", 2022, for the idea of not storing the scores.
Tensor Attention(const Exec& exec, const Tensor& q, const Tensor& k, const Tensor& v,
                 const AttentionSpec& spec, std::span<const Segment> segments);

}  // namespace parvis::ops

#endif  // PARVIS_OPS_ATTENTION_H_
