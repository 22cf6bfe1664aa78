// The transformer block, as the papers' figure has it. Families differ in what the blueprint says:
// the kind of norm, where positions enter, whether the feed-forward is gated, how both parts join
// the residual stream.

#include "parvis/nn/block.h"

#include <cmath>

#include "parvis/ops/activation.h"
#include "parvis/ops/norm.h"

namespace parvis::nn {
namespace {

// Every head of x (rows, heads * head_dim) on its own.
Tensor NormaliseHeads(const ops::Exec& exec, const Tensor& x, int64_t head_dim,
                      ops::Parameter& gain, float epsilon) {
  const Tensor heads = x.Reshape({x.size() / head_dim, head_dim});
  return ops::RmsNorm(exec, heads, gain, epsilon).Reshape(x.shape());
}

// x: (rows, hidden_size), normalised where norms stand before
Tensor SelfAttention(const ops::Exec& exec, const Blueprint& blueprint,
                     const BlockParameters& parameters, const BlockInput& input, int64_t layer,
                     const Tensor& x) {
  const Attention& attention = blueprint.attention;
  const ops::LinearSpec specs[] = {parameters.q, parameters.k, parameters.v};
  std::vector<Tensor> qkv = ops::Linears(exec, x, specs);
  Tensor &q = qkv[0], &k = qkv[1];
  const Tensor& v = qkv[2];  // (rows, heads * head_dim) each
  if (attention.qk_norm) {
    const float epsilon = blueprint.norm.epsilon;
    q = NormaliseHeads(exec, q, attention.head_dim, *parameters.q_norm, epsilon);
    k = NormaliseHeads(exec, k, attention.head_dim, *parameters.k_norm, epsilon);
  }
  if (input.rotation.cosine.defined()) {
    ops::Rope(exec, q, attention.head_dim, input.rotation);
    ops::Rope(exec, k, attention.head_dim, input.rotation);
  }
  ops::AttentionSpec spec = AttentionSpecOf(attention, layer);
  spec.causal = attention.causal && !input.encoder;
  spec.window = attention.window;
  spec.alibi_slopes = input.alibi_slopes;
  spec.bias = input.bias;
  if (input.encoder) spec.name = "encoder.";
  return ops::Linear(exec, ops::Attention(exec, q, k, v, spec, input.segments), parameters.out);
}

// x as above
Tensor EncoderAttention(const ops::Exec& exec, const Blueprint& blueprint,
                        const BlockParameters& parameters, const BlockInput& input, int64_t layer,
                        const Tensor& x) {
  const Tensor q = ops::Linear(exec, x, parameters.cross_q);
  std::vector<Tensor> kv(2);  // undefined where the memories hold them
  if (input.encoded.defined()) kv = CrossKeysAndValues(exec, parameters, input.encoded);
  ops::AttentionSpec spec = AttentionSpecOf(blueprint.attention, layer);
  spec.causal = false;
  return ops::Linear(
      exec, ops::CrossAttention(exec, q, kv[0], kv[1], spec, input.segments, input.memories),
      parameters.cross_out);
}

// x as above
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

ops::AttentionSpec AttentionSpecOf(const Attention& attention, int64_t layer) {
  return {
      .num_heads = attention.num_heads,
      .num_kv_heads = attention.num_kv_heads,
      .head_dim = attention.head_dim,
      .scale = attention.scaled ? 1.0f / std::sqrt(static_cast<float>(attention.head_dim)) : 1.0f,
      .layer = layer};
}

std::vector<Tensor> CrossKeysAndValues(const ops::Exec& exec, const BlockParameters& parameters,
                                       const Tensor& encoded) {
  const ops::LinearSpec specs[] = {parameters.cross_k, parameters.cross_v};
  return ops::Linears(exec, encoded, specs);
}

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
  if (blueprint.norm_place == NormPlace::kAfter) {
    const Tensor attended = SelfAttention(exec, blueprint, parameters, input, layer, x);
    const Tensor middle =
        Normalise(exec, blueprint.norm, parameters.attention_norm, ops::Add(exec, x, attended));
    const Tensor thought = FeedForwardNetwork(exec, blueprint.feed_forward, parameters, middle);
    return Normalise(exec, blueprint.norm, parameters.feed_forward_norm,
                     ops::Add(exec, middle, thought));
  }
  const Tensor normalised = Normalise(exec, blueprint.norm, parameters.attention_norm, x);
  const Tensor attended = SelfAttention(exec, blueprint, parameters, input, layer, normalised);
  if (blueprint.residual == Residual::kSequential) {
    Tensor middle = ops::Add(exec, x, attended);
    if (parameters.cross_q.weight != nullptr) {
      const Tensor y = Normalise(exec, blueprint.norm, parameters.cross_norm, middle);
      middle =
          ops::Add(exec, middle, EncoderAttention(exec, blueprint, parameters, input, layer, y));
    }
    const Tensor thought =
        FeedForwardNetwork(exec, blueprint.feed_forward, parameters,
                           Normalise(exec, blueprint.norm, parameters.feed_forward_norm, middle));
    return ops::Add(exec, middle, thought);
  }
  const Tensor second = blueprint.residual == Residual::kParallelSharedNorm
                            ? normalised
                            : Normalise(exec, blueprint.norm, parameters.feed_forward_norm, x);
  const Tensor thought = FeedForwardNetwork(exec, blueprint.feed_forward, parameters, second);
  return ops::Add(exec, ops::Add(exec, x, attended), thought);
}

}  // namespace parvis::nn
