// GPT-J: one LayerNorm a block, which attention and feed-forward share; neighbouring dimensions are
// rotated; biases in the feed-forward and after the output matrix only. No published program reads
// its GGUF files; ours have the names that llama.cpp reserves.
// Wang and Komatsuzaki, "GPT-J-6B: A 6 Billion Parameter Autoregressive Language Model", 2021.

#include "parvis/models/family.h"
#include "parvis/models/rope_config.h"

namespace parvis::models {
namespace {

nn::Blueprint Describe(Config& config) {
  nn::Blueprint b;
  b.family = "gptj";
  b.vocab_size = config.Int({"vocab_size"});
  b.hidden_size = config.Int({"n_embd", "hidden_size", "embedding_length"});
  b.num_layers = config.Int({"n_layer", "num_hidden_layers", "block_count"});
  b.context_length =
      config.IntOr({"n_positions", "max_position_embeddings", "context_length"}, 2048);
  b.norm = {
      .kind = nn::Norm::Kind::kLayerNorm,
      .epsilon = config.FloatOr({"layer_norm_epsilon", "attention.layer_norm_epsilon"}, 1e-5f),
      .bias = true};
  const int64_t num_heads = config.Int({"n_head", "num_attention_heads", "attention.head_count"});
  if (b.hidden_size % num_heads != 0) config.Refuse("n_embd is not a multiple of n_head");
  b.attention = {
      .num_heads = num_heads, .num_kv_heads = num_heads, .head_dim = b.hidden_size / num_heads};
  const int64_t rotary_dim = config.IntOr({"rotary_dim", "rope.dimension_count"}, 64);
  if (rotary_dim % 2 != 0 || rotary_dim > b.attention.head_dim) {
    config.Refuse("rotary_dim (" + std::to_string(rotary_dim) +
                  ") must be even and within n_embd / n_head");
  }
  b.positions = nn::RotaryPositions{.theta = ThetaOf(config), .rotary_dim = rotary_dim};
  const std::string activation = config.TextOr({"activation_function"}, "gelu_new");
  if (activation != "gelu_new") {
    config.Refuse("activation_function: \"" + activation +
                  "\" is not one that Parvis computes for GPT-J");
  }
  b.feed_forward = {.size = config.IntOr({"n_inner", "feed_forward_length"}, 4 * b.hidden_size),
                    .activation = nn::Activation::kGeluTanh,
                    .gated = false,
                    .bias = true};
  b.residual = nn::Residual::kParallelSharedNorm;
  if (config.BoolOr({"tie_word_embeddings"}, false)) {
    config.Refuse("tie_word_embeddings: a tied output matrix with a bias is not computed");
  }
  b.output_bias = true;
  return b;
}

Json HfConfig(const nn::Blueprint& b) {
  const auto& rotary = std::get<nn::RotaryPositions>(b.positions);
  return {{"model_type", "gptj"},
          {"architectures", {"GPTJForCausalLM"}},
          {"vocab_size", b.vocab_size},
          {"n_embd", b.hidden_size},
          {"n_layer", b.num_layers},
          {"n_head", b.attention.num_heads},
          {"n_positions", b.context_length},
          {"n_inner", b.feed_forward.size},
          {"rotary_dim", rotary.rotary_dim},
          {"layer_norm_epsilon", b.norm.epsilon},
          {"activation_function", "gelu_new"},
          {"tie_word_embeddings", b.tied_embedding}};
}

Json GgufMetadata(const nn::Blueprint& b) {
  const auto& rotary = std::get<nn::RotaryPositions>(b.positions);
  return {{"context_length", b.context_length},
          {"embedding_length", b.hidden_size},
          {"block_count", b.num_layers},
          {"feed_forward_length", b.feed_forward.size},
          {"rope.dimension_count", rotary.rotary_dim},
          {"attention.head_count", b.attention.num_heads},
          {"attention.layer_norm_epsilon", b.norm.epsilon}};
}

// clang-format off
constexpr TensorName kTensors[] = {
    // Parvis                Hugging Face                       GGUF
    {"embedding.weight",     "transformer.wte.weight",          "token_embd.weight"},
    {"#.attention.norm*",    "transformer.h.#.ln_1*",           "blk.#.attn_norm*"},
    {"#.attention.q*",       "transformer.h.#.attn.q_proj*",    "blk.#.attn_q*",
     Layout::kRotaryInterleaved},
    {"#.attention.k*",       "transformer.h.#.attn.k_proj*",    "blk.#.attn_k*",
     Layout::kRotaryInterleaved},
    {"#.attention.v*",       "transformer.h.#.attn.v_proj*",    "blk.#.attn_v*"},
    {"#.attention.out*",     "transformer.h.#.attn.out_proj*",  "blk.#.attn_output*"},
    {"#.feed_forward.up*",   "transformer.h.#.mlp.fc_in*",      "blk.#.ffn_up*"},
    {"#.feed_forward.down*", "transformer.h.#.mlp.fc_out*",     "blk.#.ffn_down*"},
    {"final_norm*",          "transformer.ln_f*",               "output_norm*"},
    {"lm_head*",             "lm_head*",                        "output*"},
};
// clang-format on

}  // namespace

const Family kGptJ = {.name = "gptj",
                      .gguf = "gptj",
                      .hf_prefix = "transformer.",
                      .describe = &Describe,
                      .config = &HfConfig,
                      .gguf_metadata = &GgufMetadata,
                      .tensors = kTensors};

}  // namespace parvis::models
