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

// Named after the kind of head, so that one table of names per family serves all of them.
void AddHead(std::vector<ParameterSpec>& all, const Blueprint& b) {
  const std::string name = HeadName(b.head.kind);
  const int64_t size = b.hidden_size;
  if (b.head.dense) AddLinear(all, name + ".dense", size, size, true);
  switch (b.head.kind) {
    case Head::Kind::kNone:
    case Head::Kind::kPooler:
      return;
    case Head::Kind::kLanguage:
      if (b.head.dense) AddNorm(all, b.norm, name + ".norm", size);
      if (!b.tied_embedding) AddLinear(all, name, b.vocab_size, size, false);
      if (b.output_bias) all.push_back({name + ".bias", {b.vocab_size}, Role::kBias});
      return;
    case Head::Kind::kSequenceLabels:
    case Head::Kind::kTokenLabels:
    case Head::Kind::kSpan:
      AddLinear(all, name + ".out", NumOutputs(b), size, b.head.out_bias);
  }
}

void AddRelativeBias(std::vector<ParameterSpec>& all, const Blueprint& b, const std::string& name) {
  if (const auto* relative = std::get_if<RelativePositions>(&b.positions)) {
    all.push_back({name, {relative->buckets, b.attention.num_heads}, Role::kEmbedding});
  }
}

// Keys and values of a CrossAttention come from the encoder; else this is the block's own.
void AddAttention(std::vector<ParameterSpec>& all, const Blueprint& b, const std::string& name) {
  const Attention& attention = b.attention;
  const int64_t size = b.hidden_size;
  const int64_t q_size = attention.num_heads * attention.head_dim;
  const int64_t kv_size = attention.num_kv_heads * attention.head_dim;
  AddNorm(all, b.norm, name + ".norm", size);
  AddLinear(all, name + ".q", q_size, size, attention.qkv_bias);
  AddLinear(all, name + ".k", kv_size, size, attention.qkv_bias);
  AddLinear(all, name + ".v", kv_size, size, attention.qkv_bias);
  if (attention.qk_norm) {
    all.push_back({name + ".q_norm.weight", {attention.head_dim}, Role::kGain});
    all.push_back({name + ".k_norm.weight", {attention.head_dim}, Role::kGain});
  }
  AddLinear(all, name + ".out", size, q_size, attention.out_bias, true);
}

void AddBlock(std::vector<ParameterSpec>& all, const Blueprint& b, const std::string& block,
              bool cross) {
  const int64_t size = b.hidden_size;
  AddAttention(all, b, block + ".attention");
  if (cross) AddAttention(all, b, block + ".cross_attention");
  if (b.residual != Residual::kParallelSharedNorm) {
    AddNorm(all, b.norm, block + ".feed_forward.norm", size);
  }
  const FeedForward& ffn = b.feed_forward;
  if (ffn.gated) AddLinear(all, block + ".feed_forward.gate", ffn.size, size, ffn.bias);
  AddLinear(all, block + ".feed_forward.up", ffn.size, size, ffn.bias);
  AddLinear(all, block + ".feed_forward.down", size, ffn.size, ffn.bias, true);
}

}  // namespace

std::string HeadName(Head::Kind kind) {
  switch (kind) {
    case Head::Kind::kNone:
      return "";
    case Head::Kind::kLanguage:
      return "lm_head";
    case Head::Kind::kPooler:
      return "pooler";
    case Head::Kind::kSequenceLabels:
      return "sequence_labels";
    case Head::Kind::kTokenLabels:
      return "token_labels";
    case Head::Kind::kSpan:
      return "span";
  }
  return "";
}

std::vector<ParameterSpec> ParametersOf(const Blueprint& b) {
  std::vector<ParameterSpec> all;
  const int64_t size = b.hidden_size;
  all.push_back({"embedding.weight", {b.vocab_size, size}, Role::kEmbedding});
  if (const auto* learned = std::get_if<LearnedPositions>(&b.positions)) {
    all.push_back(
        {"position.weight", {learned->unused_rows + b.context_length, size}, Role::kEmbedding});
  }
  if (b.num_token_types > 0) {
    all.push_back({"token_type.weight", {b.num_token_types, size}, Role::kEmbedding});
  }
  if (b.embedding_norm) AddNorm(all, b.norm, "embedding_norm", size);
  if (b.encoder_layers > 0) {
    AddRelativeBias(all, b, "encoder.relative_bias.weight");
    for (int64_t layer = 0; layer < b.encoder_layers; ++layer) {
      AddBlock(all, b, "encoder." + std::to_string(layer), /*cross=*/false);
    }
    AddNorm(all, b.norm, "encoder.final_norm", size);
  }
  AddRelativeBias(all, b, "relative_bias.weight");
  for (int64_t layer = 0; layer < b.num_layers; ++layer) {
    AddBlock(all, b, std::to_string(layer), b.encoder_layers > 0);
  }
  if (b.norm_place == NormPlace::kBefore) AddNorm(all, b.norm, "final_norm", size);
  AddHead(all, b);
  return all;
}

int64_t NumOutputs(const Blueprint& b) {
  switch (b.head.kind) {
    case Head::Kind::kNone:
    case Head::Kind::kPooler:
      return b.hidden_size;
    case Head::Kind::kLanguage:
      return b.vocab_size;
    case Head::Kind::kSequenceLabels:
    case Head::Kind::kTokenLabels:
      return b.head.num_labels;
    case Head::Kind::kSpan:
      return 2;
  }
  return 0;
}

int64_t NumParameters(const Blueprint& blueprint) {
  int64_t count = 0;
  for (const ParameterSpec& spec : ParametersOf(blueprint)) count += NumElements(spec.shape);
  return count;
}

bool IsMultipliedByPrompt(const std::string& parameter) {
  return parameter.starts_with("encoder.") ||
         parameter.find(".cross_attention.k.") != std::string::npos ||
         parameter.find(".cross_attention.v.") != std::string::npos;
}

int64_t NumMultiplied(const Blueprint& blueprint) {
  const bool tied = blueprint.head.kind == Head::Kind::kLanguage && blueprint.tied_embedding;
  int64_t count = tied ? blueprint.vocab_size * blueprint.hidden_size : 0;
  for (const ParameterSpec& spec : ParametersOf(blueprint)) {
    if (spec.role == Role::kMatrix && !IsMultipliedByPrompt(spec.name))
      count += NumElements(spec.shape);
  }
  return count;
}

int64_t NumMultipliedByHead(const Blueprint& blueprint) {
  const std::string name = HeadName(blueprint.head.kind);
  if (name.empty()) return 0;
  const bool tied = blueprint.head.kind == Head::Kind::kLanguage && blueprint.tied_embedding;
  int64_t count = tied ? blueprint.vocab_size * blueprint.hidden_size : 0;
  for (const ParameterSpec& spec : ParametersOf(blueprint)) {
    if (spec.role == Role::kMatrix && spec.name.starts_with(name + "."))
      count += NumElements(spec.shape);
  }
  return count;
}

int64_t NumMultipliedByPrompt(const Blueprint& blueprint) {
  int64_t count = 0;
  for (const ParameterSpec& spec : ParametersOf(blueprint)) {
    if (spec.role == Role::kMatrix && IsMultipliedByPrompt(spec.name))
      count += NumElements(spec.shape);
  }
  return count;
}

}  // namespace parvis::nn
