// LLaMA: RMSNorm before each part, rotary positions, key/value heads shared by groups of query
// heads, and a feed-forward gated by SiLU. No biases unless the configuration asks for them.
// Touvron et al., "LLaMA" and "Llama 2", 2023; Grattafiori et al., "The Llama 3 Herd of Models",
// 2024.
//
// Mistral is the same with a sliding window; its GGUF files are LLaMA's.
// Jiang et al., "Mistral 7B", 2023.
//
// `parvis describe MODEL` prints the forward pass that this file stands for.

#include "parvis/models/llama.h"

#include "parvis/models/rope_config.h"

namespace parvis::models {

nn::Blueprint DescribeLlama(Config& config) {
  const std::string activation = config.TextOr({"hidden_act"}, "silu");
  if (activation != "silu") {
    config.Refuse("hidden_act: \"" + activation + "\" is not one that Parvis computes for LLaMA");
  }
  return DescribeLlamaBut(config, {});
}

nn::Blueprint DescribeLlamaBut(Config& config, const LlamaDefaults& defaults) {
  nn::Blueprint b;
  b.family = "llama";
  b.vocab_size = config.Int({"vocab_size"});
  b.hidden_size = config.Int({"hidden_size", "embedding_length"});
  b.num_layers = config.Int({"num_hidden_layers", "block_count"});
  b.context_length =
      config.IntOr({"max_position_embeddings", "context_length"}, defaults.context_length);
  b.norm = {.kind = nn::Norm::Kind::kRmsNorm,
            .epsilon = config.FloatOr({"rms_norm_eps", "attention.layer_norm_rms_epsilon"},
                                      defaults.epsilon)};
  const int64_t num_heads = config.Int({"num_attention_heads", "attention.head_count"});
  const int64_t num_kv_heads =
      config.IntOr({"num_key_value_heads", "attention.head_count_kv"}, num_heads);
  int64_t head_dim = defaults.head_dim;
  if (config.Has({"head_dim", "attention.key_length"})) {
    head_dim = config.Int({"head_dim", "attention.key_length"});
  } else if (head_dim == 0) {
    head_dim = b.hidden_size / num_heads;
    if (b.hidden_size % num_heads != 0) {
      config.Refuse("hidden_size is not a multiple of num_attention_heads");
    }
  }
  if (num_heads % num_kv_heads != 0) {
    config.Refuse("num_attention_heads is not a multiple of num_key_value_heads");
  }
  const bool bias = config.BoolOr({"attention_bias"}, false);
  b.attention = {.num_heads = num_heads,
                 .num_kv_heads = num_kv_heads,
                 .head_dim = head_dim,
                 .qkv_bias = bias,
                 .out_bias = config.BoolOr({"attention_out_bias"}, bias)};
  const int64_t rotary_dim = config.IntOr({"rope.dimension_count"}, head_dim);
  if (rotary_dim % 2 != 0 || rotary_dim > head_dim) {
    config.Refuse("rotary dimensions (" + std::to_string(rotary_dim) +
                  ") must be even and within head_dim");
  }
  b.positions = nn::RotaryPositions{
      .theta = ThetaOf(config), .rotary_dim = rotary_dim, .scaling = ScalingOf(config)};
  b.feed_forward = {.size = config.Int({"intermediate_size", "feed_forward_length"}),
                    .activation = nn::Activation::kSilu,
                    .gated = true,
                    .bias = config.BoolOr({"mlp_bias"}, false)};
  b.tied_embedding = config.BoolOr({"tie_word_embeddings"}, defaults.tied_embedding);
  return b;
}

Json LlamaConfig(const nn::Blueprint& b) {
  const auto& rotary = std::get<nn::RotaryPositions>(b.positions);
  Json json = {{"model_type", "llama"},
               {"architectures", {"LlamaForCausalLM"}},
               {"vocab_size", b.vocab_size},
               {"hidden_size", b.hidden_size},
               {"num_hidden_layers", b.num_layers},
               {"num_attention_heads", b.attention.num_heads},
               {"num_key_value_heads", b.attention.num_kv_heads},
               {"head_dim", b.attention.head_dim},
               {"intermediate_size", b.feed_forward.size},
               {"hidden_act", "silu"},
               {"max_position_embeddings", b.context_length},
               {"rms_norm_eps", b.norm.epsilon},
               {"rope_theta", rotary.theta},
               {"attention_bias", b.attention.qkv_bias},
               {"mlp_bias", b.feed_forward.bias},
               {"tie_word_embeddings", b.tied_embedding}};
  AddScaling(rotary.scaling, json);
  return json;
}

Json LlamaGgufMetadata(const nn::Blueprint& b) {
  const auto& rotary = std::get<nn::RotaryPositions>(b.positions);
  Json json = {{"vocab_size", b.vocab_size},
               {"context_length", b.context_length},
               {"embedding_length", b.hidden_size},
               {"block_count", b.num_layers},
               {"feed_forward_length", b.feed_forward.size},
               {"rope.dimension_count", rotary.rotary_dim},
               {"rope.freq_base", rotary.theta},
               {"attention.head_count", b.attention.num_heads},
               {"attention.head_count_kv", b.attention.num_kv_heads},
               {"attention.key_length", b.attention.head_dim},
               {"attention.value_length", b.attention.head_dim},
               {"attention.layer_norm_rms_epsilon", b.norm.epsilon}};
  const nn::RopeScaling& scaling = rotary.scaling;
  using Kind = nn::RopeScaling::Kind;
  if (scaling.kind == Kind::kLinear || scaling.kind == Kind::kYarn) {
    json["rope.scaling.type"] = scaling.kind == Kind::kLinear ? "linear" : "yarn";
    json["rope.scaling.factor"] = scaling.factor;
    if (scaling.original_context_length > 0) {
      json["rope.scaling.original_context_length"] = scaling.original_context_length;
    }
  }
  if (b.attention.window > 0) json["attention.sliding_window"] = b.attention.window;
  return json;
}

namespace {

// Only Mistral's GGUF files say so: a window makes a LLaMA a Mistral.
nn::Blueprint Describe(Config& config) {
  nn::Blueprint b = DescribeLlama(config);
  b.attention.window = config.IntOr({"attention.sliding_window"}, 0, 0);
  if (b.attention.window > 0) b.family = "mistral";
  return b;
}

nn::Blueprint DescribeMistral(Config& config) {
  nn::Blueprint b = DescribeLlama(config);
  b.family = "mistral";
  const int64_t otherwise = config.IsNull("sliding_window") ? 0 : 4096;  // as transformers has it
  b.attention.window = config.IntOr({"sliding_window", "attention.sliding_window"}, otherwise, 0);
  return b;
}

Json MistralConfig(const nn::Blueprint& b) {
  Json json = LlamaConfig(b);
  json["model_type"] = "mistral";
  json["architectures"] = {"MistralForCausalLM"};
  json["sliding_window"] = b.attention.window > 0 ? Json(b.attention.window) : Json();
  return json;
}

// clang-format off
constexpr TensorName kTensors[] = {
    // Parvis                Hugging Face                               GGUF
    {"embedding.weight",     "model.embed_tokens.weight",               "token_embd.weight"},
    {"#.attention.norm*",    "model.layers.#.input_layernorm*",         "blk.#.attn_norm*"},
    {"#.attention.q*",       "model.layers.#.self_attn.q_proj*",        "blk.#.attn_q*",
     Layout::kRotaryInGguf},
    {"#.attention.k*",       "model.layers.#.self_attn.k_proj*",        "blk.#.attn_k*",
     Layout::kRotaryInGguf},
    {"#.attention.v*",       "model.layers.#.self_attn.v_proj*",        "blk.#.attn_v*"},
    {"#.attention.out*",     "model.layers.#.self_attn.o_proj*",        "blk.#.attn_output*"},
    {"#.feed_forward.norm*", "model.layers.#.post_attention_layernorm*", "blk.#.ffn_norm*"},
    {"#.feed_forward.gate*", "model.layers.#.mlp.gate_proj*",           "blk.#.ffn_gate*"},
    {"#.feed_forward.up*",   "model.layers.#.mlp.up_proj*",             "blk.#.ffn_up*"},
    {"#.feed_forward.down*", "model.layers.#.mlp.down_proj*",           "blk.#.ffn_down*"},
    {"final_norm*",          "model.norm*",                             "output_norm*"},
    {"lm_head.weight",       "lm_head.weight",                          "output.weight"},
};
// clang-format on

}  // namespace

const Family kLlama = {.name = "llama",
                       .gguf = "llama",
                       .hf_prefix = "model.",
                       .describe = &Describe,
                       .config = &LlamaConfig,
                       .gguf_metadata = &LlamaGgufMetadata,
                       .tensors = kTensors};

const Family kMistral = {.name = "mistral",
                         .gguf = "llama",
                         .hf_prefix = "model.",
                         .describe = &DescribeMistral,
                         .config = &MistralConfig,
                         .gguf_metadata = &LlamaGgufMetadata,
                         .tensors = kTensors};

}  // namespace parvis::models
