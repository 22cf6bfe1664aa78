// GPT-NeoX and Pythia: a decoder that rotates a part of each head, and whose attention and
// feed-forward both read the block's input. Hugging Face's files hold q, k and v head after head in
// one tensor.
// Black et al., "GPT-NeoX-20B: An Open-Source Autoregressive Language Model", 2022.

#include "parvis/models/family.h"
#include "parvis/models/rope_config.h"

namespace parvis::models {
namespace {

// The share of each head that is rotated, or the number of its dimensions.
int64_t RotaryDim(Config& config, int64_t head_dim) {
  float share = config.FloatOr({"rotary_pct"}, 0.25f);
  if (const Json* object = config.Object({"rope_parameters"})) {
    if (object->contains("partial_rotary_factor")) {
      share = Config(*object).Float({"partial_rotary_factor"});
    }
  }
  // A share that is not exact in binary must not lose a dimension.
  const auto part = static_cast<int64_t>(share * static_cast<float>(head_dim) + 1e-3f);
  const int64_t rotary_dim = config.IntOr({"rope.dimension_count"}, part);
  if (rotary_dim < 2 || rotary_dim % 2 != 0 || rotary_dim > head_dim) {
    config.Refuse("rotary dimensions (" + std::to_string(rotary_dim) +
                  ") must be even and within head_dim");
  }
  return rotary_dim;
}

nn::Blueprint Describe(Config& config) {
  nn::Blueprint b;
  b.family = "gpt_neox";
  b.vocab_size = config.Int({"vocab_size"});
  b.hidden_size = config.Int({"hidden_size", "embedding_length"});
  b.num_layers = config.Int({"num_hidden_layers", "block_count"});
  b.context_length = config.IntOr({"max_position_embeddings", "context_length"}, 2048);
  b.norm = {.kind = nn::Norm::Kind::kLayerNorm,
            .epsilon = config.FloatOr({"layer_norm_eps", "attention.layer_norm_epsilon"}, 1e-5f),
            .bias = true};
  const int64_t num_heads = config.Int({"num_attention_heads", "attention.head_count"});
  if (b.hidden_size % num_heads != 0) {
    config.Refuse("hidden_size is not a multiple of num_attention_heads");
  }
  const int64_t head_dim = b.hidden_size / num_heads;
  const bool bias = config.BoolOr({"attention_bias"}, true);
  b.attention = {.num_heads = num_heads,
                 .num_kv_heads = num_heads,
                 .head_dim = head_dim,
                 .qkv_bias = bias,
                 .out_bias = bias};
  b.positions = nn::RotaryPositions{.theta = ThetaOf(config),
                                    .rotary_dim = RotaryDim(config, head_dim),
                                    .scaling = ScalingOf(config)};
  const std::string activation = config.TextOr({"hidden_act"}, "gelu");
  if (activation != "gelu" && activation != "gelu_new" && activation != "gelu_fast") {
    config.Refuse("hidden_act: \"" + activation +
                  "\" is not one that Parvis computes for GPT-NeoX");
  }
  b.feed_forward = {
      .size = config.Int({"intermediate_size", "feed_forward_length"}),
      .activation = activation == "gelu" ? nn::Activation::kGeluErf : nn::Activation::kGeluTanh,
      .gated = false,
      .bias = true};
  b.residual = config.BoolOr({"use_parallel_residual"}, true) ? nn::Residual::kParallel
                                                              : nn::Residual::kSequential;
  b.tied_embedding = config.BoolOr({"tie_word_embeddings"}, false);
  return b;
}

Json HfConfig(const nn::Blueprint& b) {
  const auto& rotary = std::get<nn::RotaryPositions>(b.positions);
  Json json = {
      {"model_type", "gpt_neox"},
      {"architectures", {"GPTNeoXForCausalLM"}},
      {"vocab_size", b.vocab_size},
      {"hidden_size", b.hidden_size},
      {"num_hidden_layers", b.num_layers},
      {"num_attention_heads", b.attention.num_heads},
      {"intermediate_size", b.feed_forward.size},
      {"hidden_act", b.feed_forward.activation == nn::Activation::kGeluErf ? "gelu" : "gelu_new"},
      {"max_position_embeddings", b.context_length},
      {"layer_norm_eps", b.norm.epsilon},
      {"rotary_pct",
       static_cast<float>(rotary.rotary_dim) / static_cast<float>(b.attention.head_dim)},
      {"rotary_emb_base", rotary.theta},
      {"attention_bias", b.attention.qkv_bias},
      {"use_parallel_residual", b.residual == nn::Residual::kParallel},
      {"tie_word_embeddings", b.tied_embedding}};
  AddScaling(rotary.scaling, json);
  return json;
}

Json GgufMetadata(const nn::Blueprint& b) {
  const auto& rotary = std::get<nn::RotaryPositions>(b.positions);
  Json json = {{"context_length", b.context_length},
               {"embedding_length", b.hidden_size},
               {"block_count", b.num_layers},
               {"feed_forward_length", b.feed_forward.size},
               {"rope.dimension_count", rotary.rotary_dim},
               {"rope.freq_base", rotary.theta},
               {"use_parallel_residual", b.residual == nn::Residual::kParallel},
               {"attention.head_count", b.attention.num_heads},
               {"attention.layer_norm_epsilon", b.norm.epsilon}};
  // A key of our own: llama.cpp takes one GELU for all.
  if (b.feed_forward.activation != nn::Activation::kGeluErf) json["hidden_act"] = "gelu_new";
  return json;
}

// clang-format off
constexpr TensorName kTensors[] = {
    // Parvis                Hugging Face                                       GGUF
    {"embedding.weight",     "gpt_neox.embed_in.weight",                        "token_embd.weight"},
    {"#.attention.norm*",    "gpt_neox.layers.#.input_layernorm*",              "blk.#.attn_norm*"},
    {"#.attention.qkv*",     "gpt_neox.layers.#.attention.query_key_value*",    "blk.#.attn_qkv*",
     Layout::kQkvPerHeadInHf},
    {"#.attention.out*",     "gpt_neox.layers.#.attention.dense*",              "blk.#.attn_output*"},
    {"#.feed_forward.norm*", "gpt_neox.layers.#.post_attention_layernorm*",     "blk.#.ffn_norm*"},
    {"#.feed_forward.up*",   "gpt_neox.layers.#.mlp.dense_h_to_4h*",            "blk.#.ffn_up*"},
    {"#.feed_forward.down*", "gpt_neox.layers.#.mlp.dense_4h_to_h*",            "blk.#.ffn_down*"},
    {"final_norm*",          "gpt_neox.final_layer_norm*",                      "output_norm*"},
    {"lm_head.weight",       "embed_out.weight",                                "output.weight"},
};
// clang-format on

}  // namespace

const Family kGptNeoX = {.name = "gpt_neox",
                         .gguf = "gptneox",
                         .hf_prefix = "gpt_neox.",
                         .describe = &Describe,
                         .config = &HfConfig,
                         .gguf_metadata = &GgufMetadata,
                         .tensors = kTensors};

}  // namespace parvis::models
