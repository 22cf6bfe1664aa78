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
  // Undefined, or what is added to the scores of each head by the distance of a key from its query:
  // (num_heads, 2 * reach + 1), distance 0 in the middle (parvis/ops/relative_bias.h).
  Tensor bias = {};
  int64_t layer = 0;      // into the KV pages
  std::string name = {};  // before "attention.3" for whoever observes
};

// softmax(scale · q kᵀ) v for every sequence on its own: a row sees only rows of its own segment
// and what its KvView holds. Never stores rows × rows.
//   q: (rows, num_heads * head_dim)   k, v: (rows, num_kv_heads * head_dim)   result like q
// Dao et al., "FlashAttention", 2022, for the idea of not storing the scores.
Tensor Attention(const Exec& exec, const Tensor& q, const Tensor& k, const Tensor& v,
                 const AttentionSpec& spec, std::span<const Segment> segments);

// The same over other sequences' keys and values: a row of segments[i] sees all of memories[i],
// whose rows of k and v are [begin, begin + count). A memory with a KvView holds `position` of them
// from before; k and v may be undefined if nothing comes to that. REQUIRES: spec.causal is false,
// no window, slopes or bias (distances mean nothing between two sequences).
Tensor CrossAttention(const Exec& exec, const Tensor& q, const Tensor& k, const Tensor& v,
                      const AttentionSpec& spec, std::span<const Segment> segments,
                      std::span<const Segment> memories);

// Only writes keys and values into each segment's KvView, for a CrossAttention to come.
void StoreKeyValues(const Exec& exec, const Tensor& k, const Tensor& v, const AttentionSpec& spec,
                    std::span<const Segment> segments);

}  // namespace parvis::ops

#endif  // PARVIS_OPS_ATTENTION_H_
