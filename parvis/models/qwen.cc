// Qwen2, Qwen2.5 and Qwen3: LLaMA with biases on q, k and v (Qwen2) or with an RMSNorm of each
// query and key head instead (Qwen3). GGUF keeps their rows as Hugging Face does. Yang et al.,
// "Qwen2 Technical Report", 2024, and "Qwen3 Technical Report", 2025.

#include "parvis/models/llama.h"

namespace parvis::models {
namespace {

// The window counts only where use_sliding_window says so, and then for the layers from
// max_window_layers on. GGUF names a window only where it counts.
int64_t Window(Config& config, int64_t num_layers) {
  if (config.Has({"attention.sliding_window"})) return config.Int({"attention.sliding_window"}, 0);
  if (!config.BoolOr({"use_sliding_window"}, false)) return 0;
  const int64_t first = config.IntOr({"max_window_layers"}, 28, 0);
  if (first >= num_layers) return 0;
  if (first > 0) {
    config.Refuse("max_window_layers: a sliding window in some layers only is not computed");
  }
  return config.IntOr({"sliding_window"}, 4096, 0);
}

nn::Blueprint DescribeQwen2(Config& config) {
  nn::Blueprint b = DescribeLlama(config);
  b.family = "qwen2";
  b.attention.qkv_bias = true;
  b.attention.out_bias = false;
  b.attention.window = Window(config, b.num_layers);
  return b;
}

nn::Blueprint DescribeQwen3(Config& config) {
  nn::Blueprint b = DescribeLlama(config);
  b.family = "qwen3";
  b.attention.qk_norm = true;
  b.attention.window = Window(config, b.num_layers);
  return b;
}

Json QwenConfig(const nn::Blueprint& b) {
  Json json = LlamaConfig(b);
  const bool third = b.family == "qwen3";
  json["model_type"] = b.family;
  json["architectures"] = {third ? "Qwen3ForCausalLM" : "Qwen2ForCausalLM"};
  json.erase("mlp_bias");
  if (!third) json.erase("attention_bias");
  if (b.attention.window > 0) {
    json["use_sliding_window"] = true;
    json["sliding_window"] = b.attention.window;
    json["max_window_layers"] = 0;
  }
  return json;
}

// clang-format off
constexpr TensorName kTensors[] = {
    // Parvis                   Hugging Face                               GGUF
    {"embedding.weight",        "model.embed_tokens.weight",               "token_embd.weight"},
    {"#.attention.norm*",       "model.layers.#.input_layernorm*",         "blk.#.attn_norm*"},
    {"#.attention.q*",          "model.layers.#.self_attn.q_proj*",        "blk.#.attn_q*"},
    {"#.attention.k*",          "model.layers.#.self_attn.k_proj*",        "blk.#.attn_k*"},
    {"#.attention.v*",          "model.layers.#.self_attn.v_proj*",        "blk.#.attn_v*"},
    {"#.attention.q_norm*",     "model.layers.#.self_attn.q_norm*",        "blk.#.attn_q_norm*"},
    {"#.attention.k_norm*",     "model.layers.#.self_attn.k_norm*",        "blk.#.attn_k_norm*"},
    {"#.attention.out*",        "model.layers.#.self_attn.o_proj*",        "blk.#.attn_output*"},
    {"#.feed_forward.norm*",    "model.layers.#.post_attention_layernorm*", "blk.#.ffn_norm*"},
    {"#.feed_forward.gate*",    "model.layers.#.mlp.gate_proj*",           "blk.#.ffn_gate*"},
    {"#.feed_forward.up*",      "model.layers.#.mlp.up_proj*",             "blk.#.ffn_up*"},
    {"#.feed_forward.down*",    "model.layers.#.mlp.down_proj*",           "blk.#.ffn_down*"},
    {"final_norm*",             "model.norm*",                             "output_norm*"},
    {"lm_head.weight",          "lm_head.weight",                          "output.weight"},
};
// clang-format on

}  // namespace

const Family kQwen2 = {.name = "qwen2",
                       .gguf = "qwen2",
                       .hf_prefix = "model.",
                       .describe = &DescribeQwen2,
                       .config = &QwenConfig,
                       .gguf_metadata = &LlamaGgufMetadata,
                       .tensors = kTensors};

const Family kQwen3 = {.name = "qwen3",
                       .gguf = "qwen3",
                       .hf_prefix = "model.",
                       .describe = &DescribeQwen3,
                       .config = &QwenConfig,
                       .gguf_metadata = &LlamaGgufMetadata,
                       .tensors = kTensors};

}  // namespace parvis::models
