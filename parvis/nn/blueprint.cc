#include "parvis/nn/blueprint.h"

namespace parvis::nn {
namespace {

using Role = ParameterSpec::Role;

void AddNorm(std::vector<ParameterSpec>& all, const Norm& norm, const std::string& name,
             int64_t size) {
  all.push_back({name + ".weight", {size}, Role::kGain});
  if (norm.bias) all.push_back({name + ".bias", {size}, Role::kBias});
}

void AddLinear(std::vector<ParameterSpec>& all, const std::string& name, int64_t outputs,
               int64_t inputs, bool bias, bool residual = false) {
  all.push_back({name + ".weight", {outputs, inputs}, Role::kMatrix, residual});
  if (bias) all.push_back({name + ".bias", {outputs}, Role::kBias});
}

}  // namespace

std::vector<ParameterSpec> ParametersOf(const Blueprint& b) {
  std::vector<ParameterSpec> all;
  const int64_t size = b.hidden_size;
  all.push_back({"embedding.weight", {b.vocab_size, size}, Role::kEmbedding});
  if (std::holds_alternative<LearnedPositions>(b.positions)) {
    all.push_back({"position.weight", {b.context_length, size}, Role::kEmbedding});
  }
  if (b.embedding_norm) AddNorm(all, b.norm, "embedding_norm", size);
  const Attention& attention = b.attention;
  const int64_t q_size = attention.num_heads * attention.head_dim;
  const int64_t kv_size = attention.num_kv_heads * attention.head_dim;
  for (int64_t layer = 0; layer < b.num_layers; ++layer) {
    const std::string block = std::to_string(layer);
    AddNorm(all, b.norm, block + ".attention.norm", size);
    AddLinear(all, block + ".attention.q", q_size, size, attention.qkv_bias);
    AddLinear(all, block + ".attention.k", kv_size, size, attention.qkv_bias);
    AddLinear(all, block + ".attention.v", kv_size, size, attention.qkv_bias);
    if (attention.qk_norm) {
      all.push_back({block + ".attention.q_norm.weight", {attention.head_dim}, Role::kGain});
      all.push_back({block + ".attention.k_norm.weight", {attention.head_dim}, Role::kGain});
    }
    AddLinear(all, block + ".attention.out", size, q_size, attention.out_bias, true);
    if (b.residual != Residual::kParallelSharedNorm) {
      AddNorm(all, b.norm, block + ".feed_forward.norm", size);
    }
    const FeedForward& ffn = b.feed_forward;
    if (ffn.gated) AddLinear(all, block + ".feed_forward.gate", ffn.size, size, ffn.bias);
    AddLinear(all, block + ".feed_forward.up", ffn.size, size, ffn.bias);
    AddLinear(all, block + ".feed_forward.down", size, ffn.size, ffn.bias, true);
  }
  AddNorm(all, b.norm, "final_norm", size);
  if (!b.tied_embedding) AddLinear(all, "lm_head", b.vocab_size, size, b.output_bias);
  return all;
}

int64_t NumParameters(const Blueprint& blueprint) {
  int64_t count = 0;
  for (const ParameterSpec& spec : ParametersOf(blueprint)) count += NumElements(spec.shape);
  return count;
}

int64_t NumMultiplied(const Blueprint& blueprint) {
  int64_t count = blueprint.tied_embedding ? blueprint.vocab_size * blueprint.hidden_size : 0;
  for (const ParameterSpec& spec : ParametersOf(blueprint)) {
    if (spec.role == Role::kMatrix) count += NumElements(spec.shape);
  }
  return count;
}

}  // namespace parvis::nn
