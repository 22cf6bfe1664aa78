// DistilBERT: BERT with half the blocks, without token types and without a pooler.
// Sanh et al., "DistilBERT, a distilled version of BERT", 2019.

#include "parvis/models/bert.h"
#include "parvis/models/family.h"

namespace parvis::models {
namespace {

nn::Blueprint Describe(Config& config) {
  nn::Blueprint b = DescribeEncoder(config, "DistilBert");
  b.family = "distilbert";
  b.positions = nn::LearnedPositions{};  // in the file, also where they were made as waves
  SetHeadActivations(b, b.feed_forward.activation, nn::Activation::kRelu);
  return b;
}

Json HfConfig(const nn::Blueprint& b) {
  return {{"model_type", "distilbert"},
          {"architectures", {EncoderClass(b, "DistilBert")}},
          {"vocab_size", b.vocab_size},
          {"dim", b.hidden_size},
          {"n_layers", b.num_layers},
          {"n_heads", b.attention.num_heads},
          {"hidden_dim", b.feed_forward.size},
          {"activation", EncoderActivationName(b.feed_forward.activation)},
          {"max_position_embeddings", b.context_length},
          {"tie_word_embeddings", b.tied_embedding}};
}

// clang-format off
constexpr TensorName kTensors[] = {
    // Parvis                  Hugging Face                                           GGUF
    {"embedding.weight",       "distilbert.embeddings.word_embeddings.weight",        "token_embd.weight"},
    {"position.weight",        "distilbert.embeddings.position_embeddings.weight",    "position_embd.weight"},
    {"embedding_norm*",        "distilbert.embeddings.LayerNorm*",                    "token_embd_norm*"},
    {"#.attention.q*",         "distilbert.transformer.layer.#.attention.q_lin*",     "blk.#.attn_q*"},
    {"#.attention.k*",         "distilbert.transformer.layer.#.attention.k_lin*",     "blk.#.attn_k*"},
    {"#.attention.v*",         "distilbert.transformer.layer.#.attention.v_lin*",     "blk.#.attn_v*"},
    {"#.attention.out*",       "distilbert.transformer.layer.#.attention.out_lin*",   "blk.#.attn_output*"},
    {"#.attention.norm*",      "distilbert.transformer.layer.#.sa_layer_norm*",       "blk.#.attn_output_norm*"},
    {"#.feed_forward.up*",     "distilbert.transformer.layer.#.ffn.lin1*",            "blk.#.ffn_up*"},
    {"#.feed_forward.down*",   "distilbert.transformer.layer.#.ffn.lin2*",            "blk.#.ffn_down*"},
    {"#.feed_forward.norm*",   "distilbert.transformer.layer.#.output_layer_norm*",   "blk.#.layer_output_norm*"},
    {"sequence_labels.dense*", "pre_classifier*",                                     "cls*"},
    {"sequence_labels.out*",   "classifier*",                                         "cls.output*"},
    {"token_labels.out*",      "classifier*",                                         "parvis.token_labels*"},
    {"span.out*",              "qa_outputs*",                                         "parvis.span*"},
    {"lm_head.dense*",         "vocab_transform*",                                    "parvis.lm_head.dense*"},
    {"lm_head.norm*",          "vocab_layer_norm*",                                   "parvis.lm_head.norm*"},
    {"lm_head.weight",         "vocab_projector.weight",                              "output.weight"},
    {"lm_head.bias",           "vocab_projector.bias",                                "output.bias"},
};
// clang-format on

}  // namespace

const Family kDistilBert = {.name = "distilbert",
                            .gguf = "bert",
                            .hf_prefix = "distilbert.",
                            .describe = &Describe,
                            .config = &HfConfig,
                            .gguf_metadata = &EncoderGgufMetadata,
                            .tensors = kTensors};

}  // namespace parvis::models
