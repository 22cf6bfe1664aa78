// Phi-3 and Phi-4: LLaMA with one matrix for q, k and v and one for the gate and up, a sliding
// window, and in some a part of each head rotated only. Abdin et al., "Phi-3 Technical Report",
// 2024.

#include "parvis/models/llama.h"

namespace parvis::models {
namespace {

// The part of a head that rotates: within "rope_parameters" as transformers 5 writes it.
float RotatedPart(Config& config) {
  if (const Json* object = config.Object({"rope_parameters"})) {
    if (object->contains("partial_rotary_factor")) {
      return Config(*object).Float({"partial_rotary_factor"});
    }
  }
  return config.FloatOr({"partial_rotary_factor"}, 1.0f);
}

nn::Blueprint DescribePhi3(Config& config) {
  nn::Blueprint b = DescribeLlamaBut(config, {.context_length = 4096, .epsilon = 1e-5f});
  b.family = "phi3";
  const std::string activation = config.TextOr({"hidden_act"}, "silu");
  if (activation != "silu") {
    config.Refuse("hidden_act: \"" + activation + "\" is not one that Parvis computes for Phi-3");
  }
  auto& rotary = std::get<nn::RotaryPositions>(b.positions);
  if (rotary.scaling.kind != nn::RopeScaling::Kind::kNone) {  // "yarn" and "su" mean longrope here
    config.Refuse("rope_scaling: longrope is not a kind that Parvis computes");
  }
  if (!config.Has({"rope.dimension_count"})) {
    const float part = RotatedPart(config);
    rotary.rotary_dim = static_cast<int64_t>(static_cast<float>(b.attention.head_dim) * part);
    if (part > 1.0f || rotary.rotary_dim == 0 || rotary.rotary_dim % 2 != 0) {
      config.Refuse("partial_rotary_factor: rotates " + std::to_string(rotary.rotary_dim) + " of " +
                    std::to_string(b.attention.head_dim) + " dimensions");
    }
  }
  // llama.cpp guesses the window of its files that do not name one, by their number of layers.
  if (config.Has({"block_count"}) && !config.Has({"attention.sliding_window"})) {
    config.Refuse("attention.sliding_window: missing, as in files of before August 2024");
  }
  b.attention.window = config.IntOr({"sliding_window", "attention.sliding_window"}, 0, 0);
  return b;
}

Json Phi3Config(const nn::Blueprint& b) {
  Json json = LlamaConfig(b);
  json["model_type"] = "phi3";
  json["architectures"] = {"Phi3ForCausalLM"};
  json["original_max_position_embeddings"] = b.context_length;
  json["sliding_window"] = b.attention.window > 0 ? Json(b.attention.window) : Json();
  json["partial_rotary_factor"] =
      static_cast<double>(std::get<nn::RotaryPositions>(b.positions).rotary_dim) /
      static_cast<double>(b.attention.head_dim);
  json.erase("mlp_bias");
  json.erase("attention_bias");
  return json;
}

Json Phi3GgufMetadata(const nn::Blueprint& b) {
  Json json = LlamaGgufMetadata(b);
  json["attention.sliding_window"] = b.attention.window;
  return json;
}

// clang-format off
constexpr TensorName kTensors[] = {
    // Parvis                   Hugging Face                               GGUF
    {"embedding.weight",        "model.embed_tokens.weight",               "token_embd.weight"},
    {"#.attention.norm*",       "model.layers.#.input_layernorm*",         "blk.#.attn_norm*"},
    {"#.attention.qkv*",        "model.layers.#.self_attn.qkv_proj*",      "blk.#.attn_qkv*",
     Layout::kQkv},
    {"#.attention.out*",        "model.layers.#.self_attn.o_proj*",        "blk.#.attn_output*"},
    {"#.feed_forward.norm*",    "model.layers.#.post_attention_layernorm*", "blk.#.ffn_norm*"},
    {"#.feed_forward.gate_up*", "model.layers.#.mlp.gate_up_proj*",        "blk.#.ffn_up*",
     Layout::kGateUp},
    {"#.feed_forward.down*",    "model.layers.#.mlp.down_proj*",           "blk.#.ffn_down*"},
    {"final_norm*",             "model.norm*",                             "output_norm*"},
    {"lm_head.weight",          "lm_head.weight",                          "output.weight"},
};
// clang-format on

}  // namespace

const Family kPhi3 = {.name = "phi3",
                      .gguf = "phi3",
                      .hf_prefix = "model.",
                      .describe = &DescribePhi3,
                      .config = &Phi3Config,
                      .gguf_metadata = &Phi3GgufMetadata,
                      .tensors = kTensors};

}  // namespace parvis::models
