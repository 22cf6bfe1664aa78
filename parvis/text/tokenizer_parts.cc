#include "parvis/text/tokenizer_parts.h"

#include "parvis/text/tokenizer_json_parts.h"

namespace parvis::text {
namespace {

using Kind = NormalizerStep::Kind;

bool IsNative(const Vocabulary& v) {
  return !v.normalizer.empty() && v.normalizer.back().kind == Kind::kSentencePiece;
}

Status ReadTokens(const Json& tokens, Vocabulary& v) {
  if (!tokens.is_object()) return RefuseField("tokens", "is not an object");
  for (const auto& [key, token] : tokens.items()) {
    const bool number =
        !key.empty() && key.size() <= 7 && key.find_first_not_of("0123456789") == std::string::npos;
    const size_t id = number ? static_cast<size_t>(std::stoi(key)) : v.tokens.size();
    if (id >= v.tokens.size() || !token.is_string()) {
      return RefuseField("tokens[\"" + key.substr(0, 40) + "\"]",
                         "is not a token of the vocabulary");
    }
    v.tokens[id] = token.get<std::string>();
  }
  return {};
}

// The file's table goes where the parts left it out.
Status ReadNormalizerPart(const Json& json, Vocabulary& v) {
  std::string charsmap;
  for (NormalizerStep& step : v.normalizer) {
    if (!step.charsmap.empty()) charsmap = std::move(step.charsmap);
  }
  v.normalizer.clear();
  PARVIS_RETURN_IF_ERROR(ReadNormalizer(json, v));
  for (NormalizerStep& step : v.normalizer) {
    if (step.kind == Kind::kPrecompiled && step.charsmap.empty()) step.charsmap = charsmap;
  }
  return {};
}

}  // namespace

std::string WriteTokenizerParts(const Vocabulary& v, const std::map<TokenId, std::string>& tokens) {
  OrderedJson root = OrderedJson::object();
  if (!IsNative(v)) {
    std::vector<NormalizerStep> steps = v.normalizer;
    for (NormalizerStep& step : steps) step.charsmap.clear();
    root["normalizer"] = WriteNormalizer(steps);
  }
  root["pre_tokenizer"] = v.pre_tokenizer;
  root["post_processor"] = WritePostProcessor(v);
  root["prefix_only_first"] = v.prefix_only_first;
  if (v.model == "unigram") root["byte_fallback"] = v.byte_fallback;
  if (v.model == "wordpiece") {
    root["continuing_prefix"] = v.continuing_prefix;
    root["max_word_characters"] = v.max_word_characters;
    root["decoder_cleanup"] = v.decoder_cleanup;
  }
  root["added_tokens"] = WriteAddedTokens(v);
  OrderedJson exceptions = OrderedJson::object();
  for (const auto& [id, token] : tokens) exceptions[std::to_string(id)] = token;
  if (!exceptions.empty()) root["tokens"] = std::move(exceptions);
  return root.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

Status ReadTokenizerParts(std::string_view json, Vocabulary& v) {
  PARVIS_ASSIGN_OR_RETURN(const Json root, ParseJson(json));
  if (!root.is_object()) return DataLoss("is not a JSON object");
  if (root.contains("tokens")) PARVIS_RETURN_IF_ERROR(ReadTokens(root["tokens"], v));
  if (root.contains("normalizer")) {
    PARVIS_RETURN_IF_ERROR(ReadNormalizerPart(root["normalizer"], v));
  }
  if (const Json pre = root.value("pre_tokenizer", Json()); pre.is_string()) {
    v.pre_tokenizer = pre.get<std::string>();
  }
  v.prefix_only_first = Flag(root, "prefix_only_first", v.prefix_only_first);
  v.byte_fallback = Flag(root, "byte_fallback", v.byte_fallback);
  v.decoder_cleanup = Flag(root, "decoder_cleanup", v.decoder_cleanup);
  if (const Json prefix = root.value("continuing_prefix", Json()); prefix.is_string()) {
    v.continuing_prefix = prefix.get<std::string>();
  }
  if (const Json most = root.value("max_word_characters", Json()); most.is_number_integer()) {
    v.max_word_characters = most.get<int64_t>();
  }
  TokensById tokens;
  for (size_t id = 0; id < v.tokens.size(); ++id) {
    tokens.emplace(static_cast<int64_t>(id), v.tokens[id]);
  }
  v.added.clear();
  PARVIS_RETURN_IF_ERROR(ReadAddedTokens(root, v, tokens));
  v.pair.clear();
  v.add_bos = v.add_eos = false;
  if (IsNull(root, "post_processor")) return {};
  return ReadPostProcessor(root["post_processor"], tokens, v);
}

}  // namespace parvis::text
