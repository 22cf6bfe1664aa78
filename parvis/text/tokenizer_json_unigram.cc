// Unigram in tokenizer.json, as T5 and mT5 have it.

#include "parvis/text/byte_alphabet.h"
#include "parvis/text/tokenizer_json_parts.h"

namespace parvis::text {
namespace {

bool IsMetaspace(const Json& json) {
  return IsType(json, "Metaspace") && json.value("replacement", Json()) == "▁";
}

// Newer files say when a space is put in front, older ones only whether.
Status ReadPrefix(const Json& metaspace, const std::string& field, Vocabulary& v) {
  const Json scheme = metaspace.value("prepend_scheme", Json());
  v.add_prefix_space = scheme.is_null() ? Flag(metaspace, "add_prefix_space", true)
                                        : scheme == "always" || scheme == "first";
  v.prefix_only_first = scheme == "first";
  if (!scheme.is_null() && !v.add_prefix_space && scheme != "never") {
    return RefuseField(field + ".prepend_scheme", "is not always, first or never");
  }
  return {};
}

}  // namespace

Status ReadMetaspace(const Json& pre, bool split, Vocabulary& v) {
  if (!IsMetaspace(pre)) return RefuseField("pre_tokenizer", "is not a Metaspace with \"▁\"");
  if (Flag(pre, "split", true) != split) {
    return RefuseField("pre_tokenizer.split", split ? "must be true" : "must be false");
  }
  return ReadPrefix(pre, "pre_tokenizer", v);
}

Status ReadUnigramModel(const Json& model, TokensById& tokens, Vocabulary& v) {
  v.model = "unigram";
  if (IsNull(model, "vocab") || !model["vocab"].is_array()) {
    return RefuseField("model.vocab", "is not an array");
  }
  int64_t id = 0;
  for (const Json& entry : model["vocab"]) {
    const std::string field = "model.vocab[" + std::to_string(id) + "]";
    if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string() || !entry[1].is_number()) {
      return RefuseField(field, "is not a token and its score");
    }
    PARVIS_RETURN_IF_ERROR(AddToken(Json(id), entry[0].get<std::string>(), field, tokens));
    v.scores.push_back(entry[1].get<float>());
    ++id;
  }
  const Json unknown = model.value("unk_id", Json());
  if (!unknown.is_number_integer() || unknown.get<int64_t>() < 0 || unknown.get<int64_t>() >= id) {
    return RefuseField("model.unk_id", "is not a token of the vocabulary");
  }
  v.unknown = unknown.get<TokenId>();
  v.byte_fallback = Flag(model, "byte_fallback", false);
  return {};
}

Status ReadUnigram(const Json& root, Vocabulary& v) {
  PARVIS_RETURN_IF_ERROR(ReadNormalizer(root.value("normalizer", Json()), v));
  const Json pre = root.value("pre_tokenizer", Json());
  const std::vector<Json> parts = PartsOf(pre, "pretokenizers");
  if (parts.size() == 2 && IsType(parts[0], "WhitespaceSplit")) {
    v.pre_tokenizer = "whitespace+metaspace";
    PARVIS_RETURN_IF_ERROR(ReadMetaspace(parts[1], true, v));
  } else if (parts.size() == 1) {
    v.pre_tokenizer = "metaspace";
    PARVIS_RETURN_IF_ERROR(ReadMetaspace(parts[0], true, v));
  } else {
    return RefuseField("pre_tokenizer", "is not Metaspace, after WhitespaceSplit or alone");
  }
  std::vector<Json> decoders = PartsOf(root.value("decoder", Json()), "decoders");
  const bool bytes = decoders.size() == 2 && IsType(decoders[0], "ByteFallback");
  if (bytes) decoders.erase(decoders.begin());
  Vocabulary undone;
  if (decoders.size() != 1 || !IsMetaspace(decoders[0]) || bytes != v.byte_fallback ||
      !ReadPrefix(decoders[0], "decoder", undone).ok() ||
      undone.add_prefix_space != v.add_prefix_space) {
    return RefuseField("decoder", "is not a Metaspace that undoes the pre_tokenizer's");
  }
  return {};
}

void WriteUnigram(const Vocabulary& v, OrderedJson& root) {
  root["normalizer"] = WriteNormalizer(v.normalizer);
  const char* scheme = !v.add_prefix_space ? "never" : v.prefix_only_first ? "first" : "always";
  const OrderedJson metaspace = {
      {"type", "Metaspace"}, {"replacement", "▁"}, {"prepend_scheme", scheme}, {"split", true}};
  root["pre_tokenizer"] = metaspace;
  if (v.pre_tokenizer == "whitespace+metaspace") {
    root["pre_tokenizer"] = {
        {"type", "Sequence"},
        {"pretokenizers", OrderedJson::array({{{"type", "WhitespaceSplit"}}, metaspace})}};
  }
  root["decoder"] = metaspace;
  if (v.byte_fallback) {
    root["decoder"] = {{"type", "Sequence"},
                       {"decoders", OrderedJson::array({{{"type", "ByteFallback"}}, metaspace})}};
  }
}

OrderedJson WriteUnigramModel(const Vocabulary& v, size_t size) {
  OrderedJson vocab = OrderedJson::array();
  for (size_t id = 0; id < size; ++id) {
    vocab.push_back(OrderedJson::array({v.tokens[id], v.scores[id]}));
  }
  return {{"type", "Unigram"},
          {"unk_id", *v.unknown},
          {"vocab", std::move(vocab)},
          {"byte_fallback", v.byte_fallback}};
}

}  // namespace parvis::text
