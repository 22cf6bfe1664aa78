#ifndef PARVIS_KERNELS_ATTENTION_BACKWARD_INL_H_
#define PARVIS_KERNELS_ATTENTION_BACKWARD_INL_H_

#include <cstddef>

#include "parvis/kernels/attention-inl.h"
#include "parvis/kernels/attention_blocks.h"
#include "parvis/kernels/inlining.h"
#include "parvis/kernels/kernels.h"
#include "parvis/kernels/math-inl.h"
#include "parvis/kernels/tile-inl.h"
#include "parvis/kernels/vectors-inl.h"

// Gradients of attention, without ever holding rows × rows: for every block of keys and block of
// query rows the softmax P is computed anew from the saved log-sum-exp (Dao et al.,
// "FlashAttention", 2022, algorithm 4). With O the result and D = sum over dims of O * dO:
//   dV = Pᵀ dO    dS = scale * P * (dO Vᵀ - D)    dQ = dS K    dK = dSᵀ Q
// A bias gets, for each distance, the sum of dS / scale over the pairs that are so far apart.
// Gradients grow in memory, key block by key block, row block by row block: a fixed order.
namespace parvis::kernels {

template <class V>
struct BackwardBlock {
  const AttentionBackwardArgs& args;
  size_t head;
  float *keys, *values;  // (kBackwardKeys / 16, head_dim, 16): the block's, one lane a position
  float *p, *ds;         // (kBackwardRows, kBackwardKeys)
  float* d;              // (num_rows)

  size_t offset() const { return head * args.head_dim; }
};

// `count` positions from `first` on, transposed; zeros up to kBackwardKeys.
template <class V>
void TransposeKeys(const float* source, size_t stride, size_t head_dim, size_t count,
                   float* lanes) {
  for (size_t key = 0; key < kBackwardKeys; ++key) {
    float* to = lanes + key / kLanes * head_dim * kLanes + key % kLanes;
    for (size_t i = 0; i < head_dim; ++i) {
      to[i * kLanes] = key < count ? source[key * stride + i] : 0.0f;
    }
  }
}

// P and dS of rows [row, row + rows) and the block's `count` keys from `key` on.
template <class V>
PARVIS_FLATTEN void Recompute(const BackwardBlock<V>& block, size_t row, size_t rows, size_t key,
                              size_t count) {
  const AttentionBackwardArgs& args = block.args;
  const HeadBias bias = BiasOf<V>(args, block.head);
  float* grad_bias =
      args.grad_bias != nullptr ? args.grad_bias + block.head * args.bias_stride : nullptr;
  for (size_t tile = 0; tile * kLanes < count; ++tile) {
    const size_t first = key + tile * kLanes;
    const LaneSide keys = {block.keys + tile * args.head_dim * kLanes, kLanes, 0};
    const LaneSide values = {block.values + tile * args.head_dim * kLanes, kLanes, 0};
    ForRowTiles<V::kTileRows>(rows, [&]<int R>(size_t at) {
      const size_t offset = (row + at) * args.q_stride + block.offset();
      V scores[R][1], grads[R][1];
      for (int r = 0; r < R; ++r) scores[r][0] = grads[r][0] = V::Zero();
      AddProducts<V, R, 1>({args.q + offset, args.q_stride, 1}, keys, args.head_dim, scores);
      AddProducts<V, R, 1>({args.grad_out + offset, args.q_stride, 1}, values, args.head_dim,
                           grads);
      for (int r = 0; r < R; ++r) {
        const size_t i = row + at + r;
        const KeyRange range = VisibleKeys<V>(args.num_keys, i, args.causal, args.window);
        const V biased = BiasedScores<V>(scores[r][0], args.scale, bias, first, i);
        const V lse = V::Set(args.log_sum_exp[i * args.lse_stride + block.head]);
        const int64_t base = static_cast<int64_t>(first);
        const V p = V::Keep(Exp<V>(V::Sub(biased, lse)), static_cast<int64_t>(range.begin) - base,
                            static_cast<int64_t>(range.end) - base, 0.0f);
        const V unscaled = V::Mul(p, V::Sub(grads[r][0], V::Set(block.d[i])));
        if (grad_bias != nullptr) {
          float* at_distance = grad_bias + (base - static_cast<int64_t>(i));
          V::Add(V::Load(at_distance), unscaled).Store(at_distance);
        }
        const V ds = V::Mul(unscaled, V::Set(args.scale));
        p.Store(block.p + (at + r) * kBackwardKeys + tile * kLanes);
        ds.Store(block.ds + (at + r) * kBackwardKeys + tile * kLanes);
      }
    });
  }
}

// out[i][j] += sum over k of rows[i][k] * lanes[k][j], i < count, j < size, k < steps <= 64.
template <class V>
PARVIS_FLATTEN void AddProduct(const RowSide& rows, size_t count, const float* lanes,
                               size_t lane_stride, size_t steps, size_t size, float* out,
                               size_t out_stride) {
  ForSpans<V>(0, size, [&](auto span) {
    LaneSide side = {lanes + span.at, lane_stride, 0};
    alignas(64) float tail[kBackwardKeys * kLanes];
    if (span.count < kLanes) {
      for (size_t i = 0; i < steps; ++i) {
        span.Load(lanes + i * lane_stride).Store(tail + i * kLanes);
      }
      side = {tail, kLanes, 0};
    }
    ForRowTiles<V::kTileRows>(count, [&]<int R>(size_t i) {
      V sums[R][1];
      for (int r = 0; r < R; ++r) sums[r][0] = span.Load(out + (i + r) * out_stride);
      AddProducts<V, R, 1>({rows.data + i * rows.row, rows.row, rows.step}, side, steps, sums);
      for (int r = 0; r < R; ++r) span.Store(sums[r][0], out + (i + r) * out_stride);
    });
  });
}

template <class V>
void BackwardKeyBlock(const BackwardBlock<V>& block, size_t key, size_t keys) {
  const AttentionBackwardArgs& args = block.args;
  const size_t dim = args.head_dim;
  const float* k = args.k + key * args.kv_stride;
  TransposeKeys<V>(k, args.kv_stride, dim, keys, block.keys);
  TransposeKeys<V>(args.v + key * args.kv_stride, args.kv_stride, dim, keys, block.values);
  const size_t first = args.causal ? key / kBackwardRows * kBackwardRows : 0;
  for (size_t row = first; row < args.num_rows; row += kBackwardRows) {
    if (VisibleKeys<V>(args.num_keys, row, args.causal, args.window).begin >= key + keys) break;
    const size_t rest = args.num_rows - row;
    const size_t rows = rest < kBackwardRows ? rest : kBackwardRows;
    const size_t offset = row * args.q_stride + block.offset();
    Recompute<V>(block, row, rows, key, keys);
    AddProduct<V>({block.p, 1, kBackwardKeys}, keys, args.grad_out + offset, args.q_stride, rows,
                  dim, args.grad_v + key * args.kv_stride, args.kv_stride);
    AddProduct<V>({block.ds, 1, kBackwardKeys}, keys, args.q + offset, args.q_stride, rows, dim,
                  args.grad_k + key * args.kv_stride, args.kv_stride);
    AddProduct<V>({block.ds, kBackwardKeys, 1}, rows, k, args.kv_stride, keys, dim,
                  args.grad_q + offset, args.q_stride);
  }
}

template <class V>
void AttentionBackward(const AttentionBackwardArgs& args) {
  static_assert(kBackwardRows <= kBackwardKeys);
  BackwardBlock<V> block = {args};
  block.keys = args.scratch;
  block.values = block.keys + kBackwardKeys * args.head_dim;
  block.p = block.values + kBackwardKeys * args.head_dim;
  block.ds = block.p + kBackwardRows * kBackwardKeys;
  block.d = block.ds + kBackwardRows * kBackwardKeys;
  for (size_t r = 0; r < args.num_keys; ++r) {
    __builtin_memset(args.grad_k + r * args.kv_stride, 0, args.head_dim * sizeof(float));
    __builtin_memset(args.grad_v + r * args.kv_stride, 0, args.head_dim * sizeof(float));
  }
  for (size_t r = 0; r < args.num_rows; ++r) {
    __builtin_memset(args.grad_q + r * args.q_stride, 0,
                     args.heads * args.head_dim * sizeof(float));
  }
  for (block.head = 0; block.head < args.heads; ++block.head) {
    for (size_t r = 0; r < args.num_rows; ++r) {
      const size_t offset = r * args.q_stride + block.offset();
      V sum = V::Zero();
      ForSpans<V>(0, args.head_dim, [&](auto at) {
        sum = V::Fma(at.Load(args.out + offset), at.Load(args.grad_out + offset), sum);
      });
      block.d[r] = V::ReduceAdd(sum);
    }
    for (size_t key = 0; key < args.num_keys; key += kBackwardKeys) {
      const size_t rest = args.num_keys - key;
      BackwardKeyBlock<V>(block, key, rest < kBackwardKeys ? rest : kBackwardKeys);
    }
  }
}

}  // namespace parvis::kernels

#endif  // PARVIS_KERNELS_ATTENTION_BACKWARD_INL_H_
