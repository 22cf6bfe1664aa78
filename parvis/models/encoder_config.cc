// What the configurations of BERT, RoBERTa and DistilBERT say in the same way.

#include "parvis/models/bert.h"

namespace parvis::models {
namespace {

using Kind = nn::Head::Kind;

// What a class's name ends with.
struct HeadClass {
  std::string_view suffix;
  Kind kind;
};
constexpr HeadClass kHeadClasses[] = {
    {"Model", Kind::kNone},  // with a pooler where the file has one
    {"ForMaskedLM", Kind::kLanguage},
    {"ForSequenceClassification", Kind::kSequenceLabels},
    {"ForTokenClassification", Kind::kTokenLabels},
    {"ForQuestionAnswering", Kind::kSpan},
    // Masked language model and next sentence: the second is left out, as transformers does when it
    // is asked to fill masks.
    {"ForPreTraining", Kind::kLanguage},
};

constexpr Kind kKinds[] = {Kind::kNone,           Kind::kLanguage,    Kind::kPooler,
                           Kind::kSequenceLabels, Kind::kTokenLabels, Kind::kSpan};

nn::Head HeadOf(Config& config, std::string_view classes) {
  nn::Head head;
  head.kind = Kind::kNone;
  const std::string name = config.FirstTextOr("architectures", "");
  if (config.Has({"head"})) {  // a GGUF file's
    const std::string wanted = config.TextOr({"head"}, "");
    bool known = false;
    for (const Kind kind : kKinds) {
      if (nn::HeadName(kind) != wanted) continue;
      head.kind = kind;
      known = true;
    }
    if (!known) config.Refuse("head: \"" + wanted + "\" is not one that Parvis computes");
  } else if (!name.empty()) {
    bool known = false;
    for (const auto& [suffix, kind] : kHeadClasses) {
      if (name != std::string(classes) + std::string(suffix)) continue;
      head.kind = kind;
      known = true;
    }
    if (!known) config.Refuse("architectures: \"" + name + "\" is not one that Parvis computes");
  }
  if (head.kind == Kind::kNone && config.BoolOr({"has_pooler"}, false)) head.kind = Kind::kPooler;
  head.dense = head.kind == Kind::kLanguage || head.kind == Kind::kPooler ||
               (head.kind == Kind::kSequenceLabels && config.BoolOr({"has_dense"}, true));
  if (head.kind == Kind::kSequenceLabels || head.kind == Kind::kTokenLabels) {
    head.num_labels = NumLabelsOf(config);
  }
  return head;
}

}  // namespace

int64_t NumLabelsOf(Config& config) {
  // More than any model has; a bound before anything is allocated for their names.
  constexpr int64_t kMaxLabels = 65'536;
  const Json* names = config.Object({"id2label"});
  const int64_t count = names != nullptr && !names->empty()
                            ? static_cast<int64_t>(names->size())
                            : config.IntOr({"num_labels"}, 2);  // as transformers has it
  if (count > kMaxLabels)
    config.Refuse("num_labels: " + std::to_string(count) + " is out of range");
  return count;
}

nn::Activation EncoderActivation(Config& config) {
  const std::string name = config.TextOr({"hidden_act", "activation"}, "gelu");
  if (name == "gelu") return nn::Activation::kGeluErf;
  if (name == "gelu_new" || name == "gelu_pytorch_tanh" || name == "gelu_fast") {
    return nn::Activation::kGeluTanh;
  }
  if (name == "relu") return nn::Activation::kRelu;
  if (name == "silu" || name == "swish") return nn::Activation::kSilu;
  if (name == "tanh") return nn::Activation::kTanh;
  config.Refuse("hidden_act: \"" + name + "\" is not one that Parvis computes");
  return nn::Activation::kGeluErf;
}

std::string EncoderActivationName(nn::Activation activation) {
  switch (activation) {
    case nn::Activation::kGeluErf:
      return "gelu";
    case nn::Activation::kGeluTanh:
      return "gelu_new";
    case nn::Activation::kRelu:
      return "relu";
    case nn::Activation::kSilu:
      return "silu";
    case nn::Activation::kTanh:
      return "tanh";
  }
  return "";
}

nn::Blueprint DescribeEncoder(Config& config, std::string_view classes) {
  nn::Blueprint b;
  b.vocab_size = config.Int({"vocab_size"});
  b.hidden_size = config.Int({"hidden_size", "dim", "embedding_length"});
  b.num_layers = config.Int({"num_hidden_layers", "n_layers", "block_count"});
  b.context_length = config.IntOr({"max_position_embeddings", "context_length"}, 512);
  b.norm = {.kind = nn::Norm::Kind::kLayerNorm,
            .epsilon = config.FloatOr({"layer_norm_eps", "attention.layer_norm_epsilon"}, 1e-12f),
            .bias = true};
  b.norm_place = nn::NormPlace::kAfter;
  b.embedding_norm = true;
  const int64_t num_heads = config.Int({"num_attention_heads", "n_heads", "attention.head_count"});
  if (b.hidden_size % num_heads != 0) {
    config.Refuse("hidden_size is not a multiple of num_attention_heads");
  }
  b.attention = {.num_heads = num_heads,
                 .num_kv_heads = num_heads,
                 .head_dim = b.hidden_size / num_heads,
                 .qkv_bias = true,
                 .out_bias = true,
                 .causal = false};
  b.feed_forward = {.size = config.Int({"intermediate_size", "hidden_dim", "feed_forward_length"}),
                    .activation = EncoderActivation(config),
                    .gated = false,
                    .bias = true};
  b.head = HeadOf(config, classes);
  b.tied_embedding = config.BoolOr({"tie_word_embeddings"}, true);
  b.output_bias = b.head.kind == Kind::kLanguage;
  const std::string positions = config.TextOr({"position_embedding_type"}, "absolute");
  if (positions != "absolute") {
    config.Refuse("position_embedding_type: \"" + positions + "\" is not computed");
  }
  for (const char* decoder : {"is_decoder", "add_cross_attention"}) {
    if (config.BoolOr({decoder}, false)) config.Refuse(std::string(decoder) + ": not computed");
  }
  if (config.BoolOr({"attention.causal"}, false)) config.Refuse("attention.causal: not computed");
  return b;
}

void SetHeadActivations(nn::Blueprint& b, nn::Activation language, nn::Activation sequence) {
  if (b.head.kind == Kind::kLanguage) b.head.activation = language;
  if (b.head.kind == Kind::kSequenceLabels) b.head.activation = sequence;
}

std::string EncoderClass(const nn::Blueprint& b, std::string_view classes) {
  for (const auto& [suffix, kind] : kHeadClasses) {
    if (kind == b.head.kind) return std::string(classes) + std::string(suffix);
  }
  return std::string(classes) + "Model";
}

Json EncoderConfig(const nn::Blueprint& b, std::string_view classes) {
  return {{"architectures", {EncoderClass(b, classes)}},
          {"vocab_size", b.vocab_size},
          {"hidden_size", b.hidden_size},
          {"num_hidden_layers", b.num_layers},
          {"num_attention_heads", b.attention.num_heads},
          {"intermediate_size", b.feed_forward.size},
          {"hidden_act", EncoderActivationName(b.feed_forward.activation)},
          {"max_position_embeddings", b.context_length},
          {"type_vocab_size", b.num_token_types},
          {"layer_norm_eps", b.norm.epsilon},
          {"tie_word_embeddings", b.tied_embedding}};
}

Json EncoderGgufMetadata(const nn::Blueprint& b) {
  Json json = {{"context_length", b.context_length},
               {"embedding_length", b.hidden_size},
               {"block_count", b.num_layers},
               {"feed_forward_length", b.feed_forward.size},
               {"attention.head_count", b.attention.num_heads},
               {"attention.layer_norm_epsilon", b.norm.epsilon},
               {"attention.causal", false}};
  if (b.feed_forward.activation != nn::Activation::kGeluErf) {
    json["hidden_act"] = EncoderActivationName(b.feed_forward.activation);
  }
  return json;
}

}  // namespace parvis::models
