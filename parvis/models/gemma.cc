// Gemma: LLaMA with a gate of GELU's tanh form instead of SiLU, heads of a size of their own, and
// rows of the embedding multiplied by the square root of their size. Hugging Face's files keep of
// every gain how far it is from 1; GGUF's keep the gain. Mesnard et al., "Gemma: Open Models Based
// on Gemini Research and Technology", 2024.

#include <cmath>

#include "parvis/models/llama.h"

namespace parvis::models {
namespace {

nn::Blueprint DescribeGemma(Config& config) {
  nn::Blueprint b =
      DescribeLlamaBut(config, {.context_length = 8192, .head_dim = 256, .tied_embedding = true});
  b.family = "gemma";
  // The first published configurations say "gelu" and mean its tanh form; so does the reference.
  const std::string activation =
      config.TextOr({"hidden_activation", "hidden_act"}, "gelu_pytorch_tanh");
  if (activation != "gelu_pytorch_tanh" && activation != "gelu_new" && activation != "gelu") {
    config.Refuse("hidden_act: \"" + activation + "\" is not one that Parvis computes for Gemma");
  }
  if (config.BoolOr({"use_bidirectional_attention"}, false)) {
    config.Refuse("use_bidirectional_attention: is not computed");
  }
  b.feed_forward.activation = nn::Activation::kGeluTanh;
  b.embedding_scale = std::sqrt(static_cast<float>(b.hidden_size));
  return b;
}

Json GemmaConfig(const nn::Blueprint& b) {
  Json json = LlamaConfig(b);
  json["model_type"] = "gemma";
  json["architectures"] = {"GemmaForCausalLM"};
  json["hidden_act"] = json["hidden_activation"] = "gelu_pytorch_tanh";
  json.erase("mlp_bias");
  return json;
}

// clang-format off
constexpr TensorName kTensors[] = {
    // Parvis                Hugging Face                               GGUF
    {"embedding.weight",     "model.embed_tokens.weight",               "token_embd.weight"},
    {"#.attention.norm*",    "model.layers.#.input_layernorm*",         "blk.#.attn_norm*",
     Layout::kGainLessOneInHf},
    {"#.attention.q*",       "model.layers.#.self_attn.q_proj*",        "blk.#.attn_q*"},
    {"#.attention.k*",       "model.layers.#.self_attn.k_proj*",        "blk.#.attn_k*"},
    {"#.attention.v*",       "model.layers.#.self_attn.v_proj*",        "blk.#.attn_v*"},
    {"#.attention.out*",     "model.layers.#.self_attn.o_proj*",        "blk.#.attn_output*"},
    {"#.feed_forward.norm*", "model.layers.#.post_attention_layernorm*", "blk.#.ffn_norm*",
     Layout::kGainLessOneInHf},
    {"#.feed_forward.gate*", "model.layers.#.mlp.gate_proj*",           "blk.#.ffn_gate*"},
    {"#.feed_forward.up*",   "model.layers.#.mlp.up_proj*",             "blk.#.ffn_up*"},
    {"#.feed_forward.down*", "model.layers.#.mlp.down_proj*",           "blk.#.ffn_down*"},
    {"final_norm*",          "model.norm*",                             "output_norm*",
     Layout::kGainLessOneInHf},
    {"lm_head.weight",       "lm_head.weight",                          "output.weight"},
};
// clang-format on

}  // namespace

const Family kGemma = {.name = "gemma",
                       .gguf = "gemma",
                       .hf_prefix = "model.",
                       .describe = &DescribeGemma,
                       .config = &GemmaConfig,
                       .gguf_metadata = &LlamaGgufMetadata,
                       .tensors = kTensors};

}  // namespace parvis::models
