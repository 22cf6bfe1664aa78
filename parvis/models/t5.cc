// T5: an encoder that reads the whole input and a decoder that writes the answer and looks at what
// the encoder made of it in every block. RMSNorm, no biases, scores without a scale but with a
// learned number for the distance between two positions, one table for each stack. Version 1.0 has
// a plain ReLU feed-forward and multiplies with its embedding again at the end; 1.1 (and FLAN-T5)
// gates with GELU and has an output matrix of its own; mT5 is 1.1 with many languages.
// Raffel et al., "Exploring the Limits of Transfer Learning with a Unified Text-to-Text
// Transformer", 2020; Xue et al., "mT5: A Massively Multilingual Pre-trained Text-to-Text
// Transformer", 2021.
//
// `parvis describe MODEL` prints the forward pass that this file stands for.

#include <cmath>

#include "parvis/models/family.h"

namespace parvis::models {
namespace {

struct Named {
  std::string_view name;
  nn::Activation activation;
  bool gated;
};

// feed_forward_proj. The gated "gelu" is the approximation by tanh, the plain one is not.
constexpr Named kFeedForwards[] = {
    {"relu", nn::Activation::kRelu, false},          {"gelu", nn::Activation::kGeluErf, false},
    {"gelu_new", nn::Activation::kGeluTanh, false},  {"silu", nn::Activation::kSilu, false},
    {"gated-gelu", nn::Activation::kGeluTanh, true}, {"gated-relu", nn::Activation::kRelu, true},
    {"gated-silu", nn::Activation::kSilu, true}};

nn::FeedForward FeedForwardOf(Config& config, std::string_view otherwise) {
  nn::FeedForward feed_forward{.size = config.Int({"d_ff", "feed_forward_length"})};
  const std::string kind = config.TextOr({"feed_forward_proj"}, std::string(otherwise));
  for (const Named& known : kFeedForwards) {
    if (known.name != kind) continue;
    feed_forward.activation = known.activation;
    feed_forward.gated = known.gated;
    return feed_forward;
  }
  config.Refuse("feed_forward_proj: \"" + kind + "\" is not one that Parvis computes for T5");
  return feed_forward;
}

nn::Blueprint DescribeAny(Config& config, const char* family, bool tied, const char* feed_forward) {
  nn::Blueprint b;
  b.family = family;
  b.vocab_size = config.Int({"vocab_size"});
  b.hidden_size = config.Int({"d_model", "embedding_length"});
  b.encoder_layers = config.Int({"num_layers", "block_count"});
  b.num_layers = config.IntOr({"num_decoder_layers", "decoder_block_count"}, b.encoder_layers);
  // Distances have no limit; this is how long the texts of its training were.
  b.context_length = config.IntOr({"n_positions", "context_length"}, 512);
  b.decoder_start_token = config.IntOr({"decoder_start_token_id"}, 0, 0);
  b.positions = nn::RelativePositions{
      .buckets = config.IntOr(
          {"relative_attention_num_buckets", "attention.relative_buckets_count"}, 32, 4),
      .max_distance = config.IntOr(
          {"relative_attention_max_distance", "attention.relative_max_distance"}, 128)};
  b.norm = {
      .kind = nn::Norm::Kind::kRmsNorm,
      .epsilon = config.FloatOr({"layer_norm_epsilon", "attention.layer_norm_rms_epsilon"}, 1e-6f)};
  const int64_t num_heads = config.Int({"num_heads", "attention.head_count"});
  b.attention = {.num_heads = num_heads,
                 .num_kv_heads = num_heads,
                 .head_dim = config.IntOr({"d_kv", "attention.key_length"}, 64),
                 .scaled = false};
  b.feed_forward = FeedForwardOf(config, feed_forward);
  b.tied_embedding = config.BoolOr({"tie_word_embeddings"}, tied);
  // llama.cpp's files do not say whether outputs are scaled. Untied: no. Tied and without gates, so
  // version 1.0: yes. Tied with gates, as transformers 5 saves version 1.1: who knows.
  if (config.Has({"block_count"}) && !config.Has({"scale_decoder_outputs"}) && b.tied_embedding &&
      b.feed_forward.gated) {
    config.Refuse("t5.scale_decoder_outputs: missing from a tied model with gates");
  }
  const bool scaled = b.tied_embedding && b.family == "t5";
  if (config.BoolOr({"scale_decoder_outputs"}, scaled)) {
    b.output_scale = 1.0f / std::sqrt(static_cast<float>(b.hidden_size));
  }
  const auto& relative = std::get<nn::RelativePositions>(b.positions);
  if (relative.buckets % 4 != 0) {
    config.Refuse("relative_attention_num_buckets: " + std::to_string(relative.buckets) +
                  " is not a multiple of 4");
  }
  if (relative.max_distance <= relative.buckets / 2) {
    config.Refuse("relative_attention_max_distance: " + std::to_string(relative.max_distance) +
                  " leaves nothing to the buckets of far distances");
  }
  if (b.decoder_start_token >= b.vocab_size) {
    config.Refuse("decoder_start_token_id: there is no such token");
  }
  return b;
}

nn::Blueprint DescribeT5(Config& config) {
  // GGUF files do not name the feed-forward; those with a gate are 1.1.
  const bool gated = config.BoolOr({"feed_forward_gated"}, false);
  return DescribeAny(config, "t5", /*tied=*/true, gated ? "gated-gelu" : "relu");
}

nn::Blueprint DescribeMt5(Config& config) {
  return DescribeAny(config, "mt5", /*tied=*/false, "gated-gelu");
}

Json HfConfig(const nn::Blueprint& b) {
  const auto& relative = std::get<nn::RelativePositions>(b.positions);
  Json json = {{"model_type", b.family},
               {"architectures",
                {b.family == "mt5" ? "MT5ForConditionalGeneration" : "T5ForConditionalGeneration"}},
               {"is_encoder_decoder", true},
               {"vocab_size", b.vocab_size},
               {"d_model", b.hidden_size},
               {"d_kv", b.attention.head_dim},
               {"d_ff", b.feed_forward.size},
               {"num_layers", b.encoder_layers},
               {"num_decoder_layers", b.num_layers},
               {"num_heads", b.attention.num_heads},
               {"relative_attention_num_buckets", relative.buckets},
               {"relative_attention_max_distance", relative.max_distance},
               {"layer_norm_epsilon", b.norm.epsilon},
               {"n_positions", b.context_length},
               {"decoder_start_token_id", b.decoder_start_token},
               {"tie_word_embeddings", b.tied_embedding}};
  const bool scaled = b.output_scale != 1.0f;
  if (b.family == "t5" && scaled != b.tied_embedding) json["scale_decoder_outputs"] = scaled;
  for (const Named& known : kFeedForwards) {
    if (known.activation == b.feed_forward.activation && known.gated == b.feed_forward.gated) {
      json["feed_forward_proj"] = known.name;
    }
  }
  return json;
}

Json GgufMetadata(const nn::Blueprint& b) {
  const auto& relative = std::get<nn::RelativePositions>(b.positions);
  return {{"context_length", b.context_length},
          {"embedding_length", b.hidden_size},
          {"block_count", b.encoder_layers},
          {"decoder_block_count", b.num_layers},
          {"feed_forward_length", b.feed_forward.size},
          {"feed_forward_proj", HfConfig(b)["feed_forward_proj"]},
          {"attention.head_count", b.attention.num_heads},
          {"attention.key_length", b.attention.head_dim},
          {"attention.value_length", b.attention.head_dim},
          {"attention.layer_norm_epsilon", b.norm.epsilon},
          {"attention.layer_norm_rms_epsilon", b.norm.epsilon},
          {"attention.relative_buckets_count", relative.buckets},
          {"attention.relative_max_distance", relative.max_distance},
          {"decoder_start_token_id", b.decoder_start_token},
          {"scale_decoder_outputs", b.output_scale != 1.0f}};
}

// clang-format off
// Checkpoints hold the shared embedding under one or more of these.
constexpr NameAlias kAliases[] = {{"shared.", "encoder.embed_tokens."},
                                  {"shared.", "decoder.embed_tokens."}};

constexpr TensorName kTensors[] = {
    // Parvis, Hugging Face, GGUF
    {"embedding.weight", "shared.weight", "token_embd.weight"},
    {"encoder.relative_bias.weight",
     "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight",
     "enc.blk.0.attn_rel_b.weight"},
    {"encoder.#.attention.norm*", "encoder.block.#.layer.0.layer_norm*", "enc.blk.#.attn_norm*"},
    {"encoder.#.attention.q*", "encoder.block.#.layer.0.SelfAttention.q*", "enc.blk.#.attn_q*"},
    {"encoder.#.attention.k*", "encoder.block.#.layer.0.SelfAttention.k*", "enc.blk.#.attn_k*"},
    {"encoder.#.attention.v*", "encoder.block.#.layer.0.SelfAttention.v*", "enc.blk.#.attn_v*"},
    {"encoder.#.attention.out*", "encoder.block.#.layer.0.SelfAttention.o*", "enc.blk.#.attn_o*"},
    {"encoder.#.feed_forward.norm*", "encoder.block.#.layer.1.layer_norm*", "enc.blk.#.ffn_norm*"},
    {"encoder.#.feed_forward.gate*", "encoder.block.#.layer.1.DenseReluDense.wi_0*",
     "enc.blk.#.ffn_gate*"},
    {"encoder.#.feed_forward.up*", "encoder.block.#.layer.1.DenseReluDense.wi_1*",
     "enc.blk.#.ffn_up*", Layout::kSame, When::kGated},
    {"encoder.#.feed_forward.up*", "encoder.block.#.layer.1.DenseReluDense.wi*",
     "enc.blk.#.ffn_up*", Layout::kSame, When::kNotGated},
    {"encoder.#.feed_forward.down*", "encoder.block.#.layer.1.DenseReluDense.wo*",
     "enc.blk.#.ffn_down*"},
    {"encoder.final_norm*", "encoder.final_layer_norm*", "enc.output_norm*"},
    {"relative_bias.weight", "decoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight",
     "dec.blk.0.attn_rel_b.weight"},
    {"#.attention.norm*", "decoder.block.#.layer.0.layer_norm*", "dec.blk.#.attn_norm*"},
    {"#.attention.q*", "decoder.block.#.layer.0.SelfAttention.q*", "dec.blk.#.attn_q*"},
    {"#.attention.k*", "decoder.block.#.layer.0.SelfAttention.k*", "dec.blk.#.attn_k*"},
    {"#.attention.v*", "decoder.block.#.layer.0.SelfAttention.v*", "dec.blk.#.attn_v*"},
    {"#.attention.out*", "decoder.block.#.layer.0.SelfAttention.o*", "dec.blk.#.attn_o*"},
    {"#.cross_attention.norm*", "decoder.block.#.layer.1.layer_norm*",
     "dec.blk.#.cross_attn_norm*"},
    {"#.cross_attention.q*", "decoder.block.#.layer.1.EncDecAttention.q*",
     "dec.blk.#.cross_attn_q*"},
    {"#.cross_attention.k*", "decoder.block.#.layer.1.EncDecAttention.k*",
     "dec.blk.#.cross_attn_k*"},
    {"#.cross_attention.v*", "decoder.block.#.layer.1.EncDecAttention.v*",
     "dec.blk.#.cross_attn_v*"},
    {"#.cross_attention.out*", "decoder.block.#.layer.1.EncDecAttention.o*",
     "dec.blk.#.cross_attn_o*"},
    {"#.feed_forward.norm*", "decoder.block.#.layer.2.layer_norm*", "dec.blk.#.ffn_norm*"},
    {"#.feed_forward.gate*", "decoder.block.#.layer.2.DenseReluDense.wi_0*", "dec.blk.#.ffn_gate*"},
    {"#.feed_forward.up*", "decoder.block.#.layer.2.DenseReluDense.wi_1*",
     "dec.blk.#.ffn_up*", Layout::kSame, When::kGated},
    {"#.feed_forward.up*", "decoder.block.#.layer.2.DenseReluDense.wi*",
     "dec.blk.#.ffn_up*", Layout::kSame, When::kNotGated},
    {"#.feed_forward.down*", "decoder.block.#.layer.2.DenseReluDense.wo*", "dec.blk.#.ffn_down*"},
    {"final_norm*", "decoder.final_layer_norm*", "dec.output_norm*"},
    {"lm_head.weight", "lm_head.weight", "output.weight"},
};
// clang-format on

}  // namespace

const Family kT5 = {.name = "t5",
                    .gguf = "t5",
                    .hf_prefix = "",
                    .describe = &DescribeT5,
                    .config = &HfConfig,
                    .gguf_metadata = &GgufMetadata,
                    .tensors = kTensors,
                    .hf_aliases = kAliases};

const Family kMt5 = {.name = "mt5",
                     .gguf = "t5",
                     .hf_prefix = "",
                     .describe = &DescribeMt5,
                     .config = &HfConfig,
                     .gguf_metadata = &GgufMetadata,
                     .tensors = kTensors,
                     .hf_aliases = kAliases};

}  // namespace parvis::models
