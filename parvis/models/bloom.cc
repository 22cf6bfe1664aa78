// BLOOM: GPT-2's decoder with ALiBi instead of a position table and a LayerNorm right after the
// embedding. Its Hugging Face files hold q, k and v head after head in one tensor.
// BigScience Workshop, "BLOOM: A 176B-Parameter Open-Access Multilingual Language Model", 2022.

#include "parvis/models/family.h"

namespace parvis::models {
namespace {

nn::Blueprint Describe(Config& config) {
  nn::Blueprint b;
  b.family = "bloom";
  b.vocab_size = config.Int({"vocab_size"});
  b.hidden_size = config.Int({"hidden_size", "n_embed", "embedding_length"});
  b.num_layers = config.Int({"n_layer", "num_hidden_layers", "block_count"});
  b.context_length = config.IntOr({"seq_length", "context_length"}, 2048);  // ALiBi has no limit
  b.positions = nn::AlibiPositions{};
  b.norm = {
      .kind = nn::Norm::Kind::kLayerNorm,
      .epsilon = config.FloatOr({"layer_norm_epsilon", "attention.layer_norm_epsilon"}, 1e-5f),
      .bias = true};
  b.embedding_norm = true;
  const int64_t num_heads = config.Int({"n_head", "num_attention_heads", "attention.head_count"});
  if (b.hidden_size % num_heads != 0) config.Refuse("hidden_size is not a multiple of n_head");
  b.attention = {.num_heads = num_heads,
                 .num_kv_heads = num_heads,
                 .head_dim = b.hidden_size / num_heads,
                 .qkv_bias = true,
                 .out_bias = true};
  b.feed_forward = {.size = config.IntOr({"feed_forward_length"}, 4 * b.hidden_size),
                    .activation = nn::Activation::kGeluTanh,
                    .gated = false,
                    .bias = true};
  if (config.BoolOr({"apply_residual_connection_post_layernorm"}, false)) {
    config.Refuse("apply_residual_connection_post_layernorm: not computed");
  }
  b.tied_embedding = config.BoolOr({"tie_word_embeddings"}, true);
  return b;
}

Json HfConfig(const nn::Blueprint& b) {
  return {{"model_type", "bloom"},
          {"architectures", {"BloomForCausalLM"}},
          {"vocab_size", b.vocab_size},
          {"hidden_size", b.hidden_size},
          {"n_layer", b.num_layers},
          {"n_head", b.attention.num_heads},
          {"seq_length", b.context_length},
          {"layer_norm_epsilon", b.norm.epsilon},
          {"tie_word_embeddings", b.tied_embedding}};
}

Json GgufMetadata(const nn::Blueprint& b) {
  return {{"context_length", b.context_length},
          {"embedding_length", b.hidden_size},
          {"block_count", b.num_layers},
          {"feed_forward_length", b.feed_forward.size},
          {"attention.head_count", b.attention.num_heads},
          {"attention.head_count_kv", b.attention.num_kv_heads},
          {"attention.layer_norm_epsilon", b.norm.epsilon}};
}

// clang-format off
constexpr TensorName kTensors[] = {
    // Parvis                Hugging Face                                          GGUF
    {"embedding.weight",     "transformer.word_embeddings.weight",                 "token_embd.weight"},
    {"embedding_norm*",      "transformer.word_embeddings_layernorm*",             "token_embd_norm*"},
    {"#.attention.norm*",    "transformer.h.#.input_layernorm*",                   "blk.#.attn_norm*"},
    {"#.attention.qkv*",     "transformer.h.#.self_attention.query_key_value*",    "blk.#.attn_qkv*",
     Layout::kQkvPerHeadInHf},
    {"#.attention.out*",     "transformer.h.#.self_attention.dense*",              "blk.#.attn_output*"},
    {"#.feed_forward.norm*", "transformer.h.#.post_attention_layernorm*",          "blk.#.ffn_norm*"},
    {"#.feed_forward.up*",   "transformer.h.#.mlp.dense_h_to_4h*",                 "blk.#.ffn_up*"},
    {"#.feed_forward.down*", "transformer.h.#.mlp.dense_4h_to_h*",                 "blk.#.ffn_down*"},
    {"final_norm*",          "transformer.ln_f*",                                  "output_norm*"},
    {"lm_head.weight",       "lm_head.weight",                                     "output.weight"},
};
// clang-format on

}  // namespace

const Family kBloom = {.name = "bloom",
                       .gguf = "bloom",
                       .hf_prefix = "transformer.",
                       .describe = &Describe,
                       .config = &HfConfig,
                       .gguf_metadata = &GgufMetadata,
                       .tensors = kTensors};

}  // namespace parvis::models
