// RoBERTa: BERT whose position table begins with rows that no token reads (up to the padding
// token's number), and whose heads stand on the encoder without a pooler. Its tokeniser is GPT-2's.
// Liu et al., "RoBERTa: A Robustly Optimized BERT Pretraining Approach", 2019.

#include "parvis/models/bert.h"
#include "parvis/models/family.h"

namespace parvis::models {
namespace {

struct Names {
  const char *model_type, *classes;
};
constexpr Names kRobertaNames = {"roberta", "Roberta"};
constexpr Names kCamembertNames = {"camembert", "Camembert"};
constexpr Names kXlmRobertaNames = {"xlm-roberta", "XLMRoberta"};

template <const Names& kNames>
nn::Blueprint Describe(Config& config) {
  nn::Blueprint b = DescribeEncoder(config, kNames.classes);
  b.family = kNames.model_type;
  nn::LearnedPositions positions;
  if (config.Has({"context_length"})) {  // GGUF keeps no unused rows, only their number
    positions.unused_rows = config.IntOr({"unused_positions"}, 0, 0);
  } else {
    positions.unused_rows = config.IntOr({"pad_token_id"}, 1, 0) + 1;
    b.context_length -= positions.unused_rows;
    if (b.context_length < 1) config.Refuse("max_position_embeddings: leaves no position");
  }
  b.positions = positions;
  b.num_token_types = config.IntOr({"type_vocab_size"}, 2, 0);
  SetHeadActivations(b, nn::Activation::kGeluErf, nn::Activation::kTanh);
  return b;
}

template <const Names& kNames>
Json HfConfig(const nn::Blueprint& b) {
  const int64_t unused = std::get<nn::LearnedPositions>(b.positions).unused_rows;
  Json json = EncoderConfig(b, kNames.classes);
  json["model_type"] = kNames.model_type;
  json["max_position_embeddings"] = b.context_length + unused;
  json["pad_token_id"] = unused - 1;
  return json;
}

Json GgufMetadata(const nn::Blueprint& b) {
  Json json = EncoderGgufMetadata(b);
  json["unused_positions"] = std::get<nn::LearnedPositions>(b.positions).unused_rows;
  return json;
}

// clang-format off
constexpr TensorName kTensors[] = {
    // Parvis                  Hugging Face                                           GGUF
    {"embedding.weight",       "roberta.embeddings.word_embeddings.weight",           "token_embd.weight"},
    {"token_type.weight",      "roberta.embeddings.token_type_embeddings.weight",     "token_types.weight"},
    {"position.weight",        "roberta.embeddings.position_embeddings.weight",       "position_embd.weight",
     Layout::kUnusedRowsInHf},
    {"embedding_norm*",        "roberta.embeddings.LayerNorm*",                       "token_embd_norm*"},
    {"#.attention.q*",         "roberta.encoder.layer.#.attention.self.query*",       "blk.#.attn_q*"},
    {"#.attention.k*",         "roberta.encoder.layer.#.attention.self.key*",         "blk.#.attn_k*"},
    {"#.attention.v*",         "roberta.encoder.layer.#.attention.self.value*",       "blk.#.attn_v*"},
    {"#.attention.out*",       "roberta.encoder.layer.#.attention.output.dense*",     "blk.#.attn_output*"},
    {"#.attention.norm*",      "roberta.encoder.layer.#.attention.output.LayerNorm*", "blk.#.attn_output_norm*"},
    {"#.feed_forward.up*",     "roberta.encoder.layer.#.intermediate.dense*",         "blk.#.ffn_up*"},
    {"#.feed_forward.down*",   "roberta.encoder.layer.#.output.dense*",               "blk.#.ffn_down*"},
    {"#.feed_forward.norm*",   "roberta.encoder.layer.#.output.LayerNorm*",           "blk.#.layer_output_norm*"},
    {"pooler.dense*",          "roberta.pooler.dense*",                               "cls*"},
    {"sequence_labels.dense*", "classifier.dense*",                                   "cls*"},
    {"sequence_labels.out*",   "classifier.out_proj*",                                "cls.output*"},
    {"token_labels.out*",      "classifier*",                                         "parvis.token_labels*"},
    {"span.out*",              "qa_outputs*",                                         "parvis.span*"},
    {"lm_head.dense*",         "lm_head.dense*",                                      "parvis.lm_head.dense*"},
    {"lm_head.norm*",          "lm_head.layer_norm*",                                 "parvis.lm_head.norm*"},
    {"lm_head.weight",         "lm_head.decoder.weight",                              "output.weight"},
    {"lm_head.bias",           "lm_head.bias",                                        "output.bias"},
};
// clang-format on

constexpr NameAlias kAliases[] = {{"lm_head.bias", "lm_head.decoder.bias"}};

template <const Names& kNames>
constexpr Family FamilyOf() {
  return {.name = kNames.model_type,
          .gguf = "bert",
          .hf_prefix = "roberta.",
          .describe = &Describe<kNames>,
          .config = &HfConfig<kNames>,
          .gguf_metadata = &GgufMetadata,
          .tensors = kTensors,
          .hf_aliases = kAliases};
}

}  // namespace

const Family kRoberta = FamilyOf<kRobertaNames>();
const Family kCamembert = FamilyOf<kCamembertNames>();
const Family kXlmRoberta = FamilyOf<kXlmRobertaNames>();

}  // namespace parvis::models
