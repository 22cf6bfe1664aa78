// The transformer block, as the papers' figure has it. GPT-2 and LLaMA differ in what the blueprint
// says: the kind of norm, where positions enter, whether the feed-forward is gated.

#include "parvis/nn/block.h"

#include <cmath>

#include "parvis/ops/activation.h"
#include "parvis/ops/norm.h"

namespace parvis::nn {
namespace {

// x: normalised, (rows, hidden_size)
Tensor SelfAttention(const ops::Exec& exec, const Attention& attention,
                     const BlockParameters& parameters, const BlockInput& input, int64_t layer,
                     const Tensor& x) {
  const ops::LinearSpec specs[] = {parameters.q, parameters.k, parameters.v};
  const std::vector<Tensor> qkv = ops::Linears(exec, x, specs);
  const Tensor &q = qkv[0], &k = qkv[1], &v = qkv[2];  // (rows, heads * head_dim)
  if (input.rotation.cosine.defined()) {
    ops::Rope(exec, q, attention.head_dim, input.rotation);
    ops::Rope(exec, k, attention.head_dim, input.rotation);
  }
  const ops::AttentionSpec spec{.num_heads = attention.num_heads,
                                .num_kv_heads = attention.num_kv_heads,
                                .head_dim = attention.head_dim,
                                .scale = 1.0f / std::sqrt(static_cast<float>(attention.head_dim)),
                                .layer = layer};
  return ops::Linear(exec, ops::Attention(exec, q, k, v, spec, input.segments), parameters.out);
}

// x: normalised, (rows, hidden_size)
Tensor FeedForwardNetwork(const ops::Exec& exec, const FeedForward& feed_forward,
                          const BlockParameters& parameters, const Tensor& x) {
  if (!feed_forward.gated) {
    const Tensor up = ops::Linear(exec, x, parameters.up);  // (rows, ffn_size)
    return ops::Linear(exec, ops::Activate(exec, feed_forward.activation, up), parameters.down);
  }
  const ops::LinearSpec specs[] = {parameters.gate, parameters.up};
  const std::vector<Tensor> wide = ops::Linears(exec, x, specs);  // (rows, ffn_size) each
  return ops::Linear(exec, ops::Gated(exec, feed_forward.activation, wide[0], wide[1]),
                     parameters.down);
}

}  // namespace

Tensor Normalise(const ops::Exec& exec, const Norm& norm, const NormParameters& parameters,
                 const Tensor& x) {
  switch (norm.kind) {
    case Norm::Kind::kRmsNorm:
      return ops::RmsNorm(exec, x, *parameters.weight, norm.epsilon);
    case Norm::Kind::kLayerNorm:
      return ops::LayerNorm(exec, x, *parameters.weight, parameters.bias, norm.epsilon);
  }
  return {};
}

Tensor Block(const ops::Exec& exec, const Blueprint& blueprint, const BlockParameters& parameters,
             const BlockInput& input, int64_t layer, const Tensor& x) {
  const Tensor attended =
      SelfAttention(exec, blueprint.attention, parameters, input, layer,
                    Normalise(exec, blueprint.norm, parameters.attention_norm, x));
  const Tensor middle = ops::Add(exec, x, attended);
  const Tensor thought =
      FeedForwardNetwork(exec, blueprint.feed_forward, parameters,
                         Normalise(exec, blueprint.norm, parameters.feed_forward_norm, middle));
  return ops::Add(exec, middle, thought);
}

}  // namespace parvis::nn
