// BERT: an encoder, in which each token sees all others. Token, position and segment ("token type")
// are added and normalised; each block has its norms after the sums. Heads: masked language model,
// pooler, labels of a sequence (on the pooler) or of its tokens, span of an answer.
// Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers", 2019.
//
// `parvis describe MODEL` prints the forward pass that this file stands for.

#include "parvis/models/bert.h"

#include "parvis/models/family.h"

namespace parvis::models {
namespace {

nn::Blueprint Describe(Config& config) {
  nn::Blueprint b = DescribeEncoder(config, "Bert");
  b.family = "bert";
  b.positions = nn::LearnedPositions{};
  b.num_token_types = config.IntOr({"type_vocab_size"}, 2, 0);
  SetHeadActivations(b, b.feed_forward.activation, nn::Activation::kTanh);
  return b;
}

Json HfConfig(const nn::Blueprint& b) {
  Json json = EncoderConfig(b, "Bert");
  json["model_type"] = "bert";
  return json;
}

// clang-format off
constexpr TensorName kTensors[] = {
    // Parvis                  Hugging Face                                         GGUF
    {"embedding.weight",       "bert.embeddings.word_embeddings.weight",            "token_embd.weight"},
    {"token_type.weight",      "bert.embeddings.token_type_embeddings.weight",      "token_types.weight"},
    {"position.weight",        "bert.embeddings.position_embeddings.weight",        "position_embd.weight"},
    {"embedding_norm*",        "bert.embeddings.LayerNorm*",                        "token_embd_norm*"},
    {"#.attention.q*",         "bert.encoder.layer.#.attention.self.query*",        "blk.#.attn_q*"},
    {"#.attention.k*",         "bert.encoder.layer.#.attention.self.key*",          "blk.#.attn_k*"},
    {"#.attention.v*",         "bert.encoder.layer.#.attention.self.value*",        "blk.#.attn_v*"},
    {"#.attention.out*",       "bert.encoder.layer.#.attention.output.dense*",      "blk.#.attn_output*"},
    {"#.attention.norm*",      "bert.encoder.layer.#.attention.output.LayerNorm*",  "blk.#.attn_output_norm*"},
    {"#.feed_forward.up*",     "bert.encoder.layer.#.intermediate.dense*",          "blk.#.ffn_up*"},
    {"#.feed_forward.down*",   "bert.encoder.layer.#.output.dense*",                "blk.#.ffn_down*"},
    {"#.feed_forward.norm*",   "bert.encoder.layer.#.output.LayerNorm*",            "blk.#.layer_output_norm*"},
    {"pooler.dense*",          "bert.pooler.dense*",                                "cls*"},
    {"sequence_labels.dense*", "bert.pooler.dense*",                                "cls*"},
    {"sequence_labels.out*",   "classifier*",                                       "cls.output*"},
    {"token_labels.out*",      "classifier*",                                       "parvis.token_labels*"},
    {"span.out*",              "qa_outputs*",                                       "parvis.span*"},
    {"lm_head.dense*",         "cls.predictions.transform.dense*",                  "parvis.lm_head.dense*"},
    {"lm_head.norm*",          "cls.predictions.transform.LayerNorm*",              "parvis.lm_head.norm*"},
    {"lm_head.weight",         "cls.predictions.decoder.weight",                    "output.weight"},
    {"lm_head.bias",           "cls.predictions.bias",                              "output.bias"},
};
// clang-format on

// Names of older checkpoints, and of those that keep the bias beside the tied matrix.
constexpr NameAlias kAliases[] = {{".LayerNorm.weight", ".LayerNorm.gamma"},
                                  {".LayerNorm.bias", ".LayerNorm.beta"},
                                  {"cls.predictions.bias", "cls.predictions.decoder.bias"}};

}  // namespace

const Family kBert = {.name = "bert",
                      .gguf = "bert",
                      .hf_prefix = "bert.",
                      .describe = &Describe,
                      .config = &HfConfig,
                      .gguf_metadata = &EncoderGgufMetadata,
                      .tensors = kTensors,
                      .hf_aliases = kAliases};

}  // namespace parvis::models
