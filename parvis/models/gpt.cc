// GPT-2: a decoder with a learned position table, LayerNorm before each part and a plain GELU
// feed-forward. Its Hugging Face files keep matrices transposed (Conv1D) and q, k, v in one. Its
// relatives with rotary positions stand in gpt_neox.cc and gpt_j.cc.
// Radford et al., "Language Models are Unsupervised Multitask Learners", 2019.
//
// `parvis describe MODEL` prints the forward pass that this file stands for.

#include "parvis/models/family.h"

namespace parvis::models {
namespace {

nn::Blueprint Describe(Config& config) {
  nn::Blueprint b;
  b.family = "gpt2";
  b.vocab_size = config.Int({"vocab_size"});
  b.hidden_size = config.Int({"n_embd", "hidden_size", "embedding_length"});
  b.num_layers = config.Int({"n_layer", "num_hidden_layers", "block_count"});
  b.context_length = config.Int({"n_positions", "max_position_embeddings", "context_length"});
  b.positions = nn::LearnedPositions{};
  b.norm = {.kind = nn::Norm::Kind::kLayerNorm,
            .epsilon = config.FloatOr(
                {"layer_norm_epsilon", "attention.layer_norm_epsilon", "norm_epsilon"}, 1e-5f),
            .bias = true};
  const int64_t num_heads = config.Int({"n_head", "num_attention_heads", "attention.head_count"});
  if (b.hidden_size % num_heads != 0) config.Refuse("hidden_size is not a multiple of num_heads");
  b.attention = {.num_heads = num_heads,
                 .num_kv_heads = num_heads,
                 .head_dim = b.hidden_size / num_heads,
                 .qkv_bias = true,
                 .out_bias = true};
  const std::string activation = config.TextOr({"activation_function"}, "gelu_new");
  b.feed_forward = {.size = config.IntOr({"n_inner", "intermediate_size", "feed_forward_length"},
                                         4 * b.hidden_size),
                    .activation = activation == "relu"   ? nn::Activation::kRelu
                                  : activation == "gelu" ? nn::Activation::kGeluErf
                                                         : nn::Activation::kGeluTanh,
                    .gated = false,
                    .bias = true};
  if (activation != "relu" && activation != "gelu" && activation != "gelu_new" &&
      activation != "gelu_pytorch_tanh" && activation != "gelu_fast") {
    config.Refuse("activation_function: \"" + activation + "\" is not one that Parvis computes");
  }
  if (config.BoolOr({"scale_attn_by_inverse_layer_idx"}, false)) {
    config.Refuse("scale_attn_by_inverse_layer_idx: not computed");
  }
  b.tied_embedding = config.BoolOr({"tie_word_embeddings"}, true);
  return b;
}

Json HfConfig(const nn::Blueprint& b) {
  return {
      {"model_type", "gpt2"},
      {"architectures", {"GPT2LMHeadModel"}},
      {"vocab_size", b.vocab_size},
      {"n_embd", b.hidden_size},
      {"n_layer", b.num_layers},
      {"n_head", b.attention.num_heads},
      {"n_positions", b.context_length},
      {"n_inner", b.feed_forward.size},
      {"layer_norm_epsilon", b.norm.epsilon},
      {"activation_function", b.feed_forward.activation == nn::Activation::kRelu      ? "relu"
                              : b.feed_forward.activation == nn::Activation::kGeluErf ? "gelu"
                                                                                      : "gelu_new"},
      {"tie_word_embeddings", b.tied_embedding}};
}

Json GgufMetadata(const nn::Blueprint& b) {
  return {{"context_length", b.context_length},
          {"embedding_length", b.hidden_size},
          {"block_count", b.num_layers},
          {"feed_forward_length", b.feed_forward.size},
          {"attention.head_count", b.attention.num_heads},
          {"attention.layer_norm_epsilon", b.norm.epsilon}};
}

// clang-format off
constexpr TensorName kTensors[] = {
    // Parvis                Hugging Face                       GGUF
    {"embedding.weight",     "transformer.wte.weight",          "token_embd.weight"},
    {"position.weight",      "transformer.wpe.weight",          "position_embd.weight"},
    {"#.attention.norm*",    "transformer.h.#.ln_1*",           "blk.#.attn_norm*"},
    {"#.attention.qkv*",     "transformer.h.#.attn.c_attn*",    "blk.#.attn_qkv*",
     Layout::kQkvTransposedInHf},
    {"#.attention.out*",     "transformer.h.#.attn.c_proj*",    "blk.#.attn_output*",
     Layout::kTransposedInHf},
    {"#.feed_forward.norm*", "transformer.h.#.ln_2*",           "blk.#.ffn_norm*"},
    {"#.feed_forward.up*",   "transformer.h.#.mlp.c_fc*",       "blk.#.ffn_up*",
     Layout::kTransposedInHf},
    {"#.feed_forward.down*", "transformer.h.#.mlp.c_proj*",     "blk.#.ffn_down*",
     Layout::kTransposedInHf},
    {"final_norm*",          "transformer.ln_f*",               "output_norm*"},
    {"lm_head.weight",       "lm_head.weight",                  "output.weight"},
};
// clang-format on

}  // namespace

const Family kGpt2 = {.name = "gpt2",
                      .gguf = "gpt2",
                      .hf_prefix = "transformer.",
                      .describe = &Describe,
                      .config = &HfConfig,
                      .gguf_metadata = &GgufMetadata,
                      .tensors = kTensors};

}  // namespace parvis::models
