#ifndef PARVIS_NN_BLOCK_H_
#define PARVIS_NN_BLOCK_H_

#include <span>
#include <vector>

#include "parvis/nn/blueprint.h"
#include "parvis/ops/attention.h"
#include "parvis/ops/matmul.h"
#include "parvis/ops/rope.h"

namespace parvis::nn {

// A gain and, for some LayerNorms, a bias.
struct NormParameters {
  ops::Parameter* weight = nullptr;
  ops::Parameter* bias = nullptr;
};

// The parameters of one block. Matrices that the blueprint does not ask for have no weight.
struct BlockParameters {
  NormParameters attention_norm, feed_forward_norm;     // the second: none if the first is shared
  ops::Parameter *q_norm = nullptr, *k_norm = nullptr;  // (head_dim)
  ops::LinearSpec q, k, v, out;
  NormParameters cross_norm;  // of the attention to an encoder, where there
  ops::LinearSpec cross_q, cross_k, cross_v, cross_out;  // is one
  ops::LinearSpec gate, up, down;
};

// What all blocks of one forward pass share.
struct BlockInput {
  std::span<const ops::Segment> segments;
  ops::Rotation rotation;                       // undefined tensors where positions are not rotary
  std::span<const float> alibi_slopes = {};     // (num_heads); empty where positions are not ALiBi
  Tensor bias = {};                             // ops::RelativeBias; undefined elsewhere
  bool encoder = false;                         // each row sees all others
  std::span<const ops::Segment> memories = {};  // what each segment sees of an encoder's result,
  Tensor encoded = {};                          // and that, unless keys and values are kept
};

Tensor Normalise(const ops::Exec& exec, const Norm& norm, const NormParameters& parameters,
                 const Tensor& x);

// One transformer block: x (rows, hidden_size) in, the same shape out.
Tensor Block(const ops::Exec& exec, const Blueprint& blueprint, const BlockParameters& parameters,
             const BlockInput& input, int64_t layer, const Tensor& x);

// The same on a recording `exec`, keeping nothing but `x` and the input: backward runs the block
// again, on a tape of its own. The same bits; but gradients of `input.encoded` are summed block by
// block. What the input's spans look at must outlive the tape's RunBackward.
Tensor RecomputedBlock(const ops::Exec& exec, const Blueprint& blueprint,
                       const BlockParameters& parameters, const BlockInput& input, int64_t layer,
                       const Tensor& x);

// The keys and values of `encoded` that a decoder's block sees, (rows, heads * head_dim) each.
std::vector<Tensor> CrossKeysAndValues(const ops::Exec& exec, const BlockParameters& parameters,
                                       const Tensor& encoded);
// How both attentions compute; without positions.
ops::AttentionSpec AttentionSpecOf(const Attention& attention, int64_t layer);

}  // namespace parvis::nn

#endif  // PARVIS_NN_BLOCK_H_
