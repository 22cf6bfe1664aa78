#ifndef PARVIS_KERNELS_ATTENTION_INL_H_
#define PARVIS_KERNELS_ATTENTION_INL_H_

#include <cstddef>
#include <cstdint>

#include "parvis/kernels/attention_blocks.h"
#include "parvis/kernels/inlining.h"
#include "parvis/kernels/kernels.h"
#include "parvis/kernels/math-inl.h"
#include "parvis/kernels/tile-inl.h"
#include "parvis/kernels/vectors-inl.h"

// Attention over pages. A unit is one head of one query row. Up to kAttentionUnits units read keys
// and values together, but each has its own chain of sums: scores along head_dim, the softmax's sum
// by vectors of 16 absolute positions, the weighted values by position. Positions that only other
// units see enter with weight 0, which changes nothing.
namespace parvis::kernels {

struct KeyRange {
  size_t begin, end;
};

// Positions that a query row at `position` sees, of `num_keys` stored ones.
template <class V>
KeyRange VisibleKeys(size_t num_keys, size_t position, bool causal, size_t window) {
  size_t end = num_keys;
  if (causal && position + 1 < end) end = position + 1;
  const size_t begin = window > 0 && end > window ? end - window : 0;
  return {begin, end};
}

// What is added to the scores of one head: a slope times the distance, an array by distance.
struct HeadBias {
  float slope = 0.0f;
  const float* by_distance = nullptr;
};

// Scaled and biased scores of 16 positions from `first` on.
template <class V>
V BiasedScores(V products, float scale, HeadBias bias, size_t first, size_t position) {
  const int64_t distance = static_cast<int64_t>(first) - static_cast<int64_t>(position);
  V scores = V::Mul(products, V::Set(scale));
  if (bias.slope != 0.0f) {
    alignas(64) static constexpr float kIota[16] = {0, 1, 2,  3,  4,  5,  6,  7,
                                                    8, 9, 10, 11, 12, 13, 14, 15};
    const V distances = V::Add(V::Set(static_cast<float>(distance)), V::Load(kIota));
    scores = V::Fma(V::Set(bias.slope), distances, scores);
  }
  if (bias.by_distance != nullptr) scores = V::Add(scores, V::Load(bias.by_distance + distance));
  return scores;
}

template <class V, class Args>
HeadBias BiasOf(const Args& args, size_t head) {
  return {args.alibi_slopes ? args.alibi_slopes[head] : 0.0f,
          args.bias ? args.bias + head * args.bias_stride : nullptr};
}

template <class V>
void StoreKeyValue(const float* k, const float* v, size_t kv_stride, size_t head_dim,
                   size_t position, size_t count, float* const* pages, size_t key_offset,
                   size_t value_offset) {
  for (size_t i = 0; i < count; ++i, k += kv_stride, v += kv_stride) {
    const size_t at = (position + i) % kPageTokens;
    float* page = pages[(position + i) / kPageTokens];
    float* keys = page + key_offset + at / kLanes * head_dim * kLanes + at % kLanes;
    for (size_t d = 0; d < head_dim; ++d) keys[d * kLanes] = k[d];
    __builtin_memcpy(page + value_offset + at * head_dim, v, head_dim * sizeof(float));
  }
}

// The working arrays of one block of units, within args.scratch.
template <class V>
struct UnitBlock {
  const AttentionArgs& args;
  size_t first, count;  // units
  KeyRange keys;        // seen by any of them
  size_t score_stride;
  float *q, *scores, *sums;  // (units, head_dim), (units, score_stride), (units, padded head_dim)
  size_t padded_dim;

  size_t row(size_t unit) const { return (first + unit) / args.heads; }
  size_t head(size_t unit) const { return (first + unit) % args.heads; }
  size_t position(size_t unit) const { return args.first_position + row(unit); }
  KeyRange range(size_t unit) const {
    return VisibleKeys<V>(args.num_keys, position(unit), args.causal, args.window);
  }
  size_t base() const { return keys.begin / kLanes * kLanes; }  // position of scores[.][0]
};

template <class V>
PARVIS_FLATTEN void ScoreKeys(const UnitBlock<V>& block) {
  const size_t head_dim = block.args.head_dim;
  for (size_t p = block.base(); p < block.keys.end; p += kLanes) {
    const float* keys =
        block.args.pages[p / kPageTokens] + block.args.key_offset + p % kPageTokens * head_dim;
    ForRowTiles<V::kTileRows>(block.count, [&]<int R>(size_t u) {
      V products[R][1];
      for (int r = 0; r < R; ++r) products[r][0] = V::Zero();
      AddProducts<V, R, 1>({block.q + u * head_dim, head_dim, 1}, {keys, kLanes, 0}, head_dim,
                           products);
      for (int r = 0; r < R; ++r) {
        products[r][0].Store(block.scores + (u + r) * block.score_stride + (p - block.base()));
      }
    });
  }
}

// Scores of one unit become e^(score - largest), 0 where it sees nothing. Returns the sum's
// inverse.
template <class V>
PARVIS_FLATTEN float UnitSoftmax(const UnitBlock<V>& block, size_t unit) {
  const AttentionArgs& args = block.args;
  const float infinity = __builtin_inff();
  const KeyRange range = block.range(unit);
  const HeadBias bias = BiasOf<V>(args, block.head(unit));
  float* scores = block.scores + unit * block.score_stride;
  const auto keep = [&](V v, size_t p, float fill) {
    const int64_t first = static_cast<int64_t>(p);
    return V::Keep(v, static_cast<int64_t>(range.begin) - first,
                   static_cast<int64_t>(range.end) - first, fill);
  };
  V largest = V::Set(-infinity);
  for (size_t p = block.base(); p < block.keys.end; p += kLanes) {
    const V biased = keep(BiasedScores<V>(V::Load(scores + (p - block.base())), args.scale, bias, p,
                                          block.position(unit)),
                          p, -infinity);
    biased.Store(scores + (p - block.base()));
    largest = V::Max(largest, biased);
  }
  const float shift = V::ReduceMax(largest);
  V sum = V::Zero();
  for (size_t p = block.base(); p < block.keys.end; p += kLanes) {
    float* at = scores + (p - block.base());
    const V term = keep(Exp<V>(V::Sub(V::Load(at), V::Set(shift))), p, 0.0f);
    term.Store(at);
    sum = V::Add(sum, term);
  }
  const float total = V::ReduceAdd(sum);
  if (args.log_sum_exp) {
    args.log_sum_exp[block.row(unit) * args.lse_stride + block.head(unit)] = shift + Log<V>(total);
  }
  return range.begin < range.end ? 1.0f / total : 0.0f;
}

template <class V>
PARVIS_FLATTEN void WeighValues(const UnitBlock<V>& block) {
  const size_t head_dim = block.args.head_dim;
  __builtin_memset(block.sums, 0, block.count * block.padded_dim * sizeof(float));
  for (size_t p = block.keys.begin; p < block.keys.end;) {
    const size_t page_end = (p / kPageTokens + 1) * kPageTokens;
    const size_t end = page_end < block.keys.end ? page_end : block.keys.end;
    const float* values =
        block.args.pages[p / kPageTokens] + block.args.value_offset + p % kPageTokens * head_dim;
    for (size_t d = 0; d < head_dim; d += kLanes) {
      LaneSide lanes = {values + d, head_dim, 0};
      alignas(64) float tail[kPageTokens * kLanes];
      if (head_dim - d < kLanes) {
        for (size_t i = 0; i < end - p; ++i) {
          V::LoadPartial(values + i * head_dim + d, head_dim - d).Store(tail + i * kLanes);
        }
        lanes = {tail, kLanes, 0};
      }
      ForRowTiles<V::kTileRows>(block.count, [&]<int R>(size_t u) {
        V sums[R][1];
        float* at = block.sums + u * block.padded_dim + d;
        for (int r = 0; r < R; ++r) sums[r][0] = V::Load(at + r * block.padded_dim);
        AddProducts<V, R, 1>(
            {block.scores + u * block.score_stride + (p - block.base()), block.score_stride, 1},
            lanes, end - p, sums);
        for (int r = 0; r < R; ++r) sums[r][0].Store(at + r * block.padded_dim);
      });
    }
    p = end;
  }
}

// out = sums * inverse, and the softmax itself if asked for.
template <class V>
PARVIS_FLATTEN void FinishUnit(const UnitBlock<V>& block, size_t unit, float inverse) {
  const AttentionArgs& args = block.args;
  const size_t row = block.row(unit);
  const size_t head = block.head(unit);
  float* out = args.out + row * args.out_stride + head * args.head_dim;
  const float* sums = block.sums + unit * block.padded_dim;
  ForSpans<V>(0, args.head_dim,
              [&](auto at) { at.Store(V::Mul(at.Load(sums), V::Set(inverse)), out); });
  if (args.weights) {
    float* weights = args.weights + (head * args.num_rows + row) * args.num_keys;
    __builtin_memset(weights, 0, args.num_keys * sizeof(float));
    const float* terms = block.scores + unit * block.score_stride;
    for (size_t p = block.keys.begin; p < block.keys.end; ++p) {
      weights[p] = terms[p - block.base()] * inverse;
    }
  }
}

template <class V>
void Attention(const AttentionArgs& args) {
  const size_t units = args.num_rows * args.heads;
  const size_t padded_keys = (args.num_keys + kPageTokens - 1) / kPageTokens * kPageTokens;
  const size_t score_stride = padded_keys + kLanes;  // not a power of two
  float* q = args.scratch + kAttentionUnits * score_stride;
  UnitBlock<V> block = {.args = args,
                        .first = 0,
                        .count = 0,
                        .keys = {},
                        .score_stride = score_stride,
                        .q = q,
                        .scores = args.scratch,
                        .sums = q + kAttentionUnits * args.head_dim,
                        .padded_dim = (args.head_dim + kLanes - 1) / kLanes * kLanes};
  for (size_t first = 0; first < units; first += kAttentionUnits) {
    block.first = first;
    block.count = units - first < kAttentionUnits ? units - first : kAttentionUnits;
    block.keys = {block.range(0).begin, block.range(block.count - 1).end};
    for (size_t u = 0; u < block.count; ++u) {
      __builtin_memcpy(block.q + u * args.head_dim,
                       args.q + block.row(u) * args.q_stride + block.head(u) * args.head_dim,
                       args.head_dim * sizeof(float));
    }
    ScoreKeys<V>(block);
    float inverse[kAttentionUnits];
    for (size_t u = 0; u < block.count; ++u) inverse[u] = UnitSoftmax<V>(block, u);
    WeighValues<V>(block);
    for (size_t u = 0; u < block.count; ++u) FinishUnit<V>(block, u, inverse[u]);
  }
}

}  // namespace parvis::kernels

#endif  // PARVIS_KERNELS_ATTENTION_INL_H_
