// WordPiece in tokenizer.json, as BERT has it.

#include "parvis/text/tokenizer_json_parts.h"

namespace parvis::text {

Status ReadWordPieceModel(const Json& model, TokensById& tokens, Vocabulary& v) {
  v.model = "wordpiece";
  if (IsNull(model, "vocab") || !model["vocab"].is_object()) {
    return RefuseField("model.vocab", "is not an object");
  }
  for (const auto& [token, id] : model["vocab"].items()) {
    PARVIS_RETURN_IF_ERROR(
        AddToken(id, token, "model.vocab[\"" + token.substr(0, 40) + "\"]", tokens));
  }
  const Json unknown = model.value("unk_token", Json("[UNK]"));
  for (const auto& [id, token] : tokens) {
    if (unknown == token) v.unknown = static_cast<TokenId>(id);
  }
  if (!v.unknown) return RefuseField("model.unk_token", "is not a token");
  const Json prefix = model.value("continuing_subword_prefix", Json("##"));
  if (!prefix.is_string()) return RefuseField("model.continuing_subword_prefix", "is not a string");
  v.continuing_prefix = prefix.get<std::string>();
  const Json longest = model.value("max_input_chars_per_word", Json(100));
  if (!longest.is_number_integer() || longest.get<int64_t>() < 1 ||
      longest.get<int64_t>() > 1'000'000) {
    return RefuseField("model.max_input_chars_per_word", "is not between 1 and 1000000");
  }
  v.max_word_characters = longest.get<int64_t>();
  return {};
}

Status ReadWordPiece(const Json& root, Vocabulary& v) {
  PARVIS_RETURN_IF_ERROR(ReadNormalizer(root.value("normalizer", Json()), v));
  if (!IsType(root.value("pre_tokenizer", Json()), "BertPreTokenizer")) {
    return RefuseField("pre_tokenizer", "must be BertPreTokenizer with a WordPiece model");
  }
  const Json decoder = root.value("decoder", Json());
  if (!IsType(decoder, "WordPiece") || decoder.value("prefix", Json("##")) != v.continuing_prefix) {
    return RefuseField("decoder", "must be WordPiece with the model's prefix");
  }
  v.decoder_cleanup = Flag(decoder, "cleanup", true);
  return {};
}

void WriteWordPiece(const Vocabulary& v, OrderedJson& root) {
  root["normalizer"] = WriteNormalizer(v.normalizer);
  root["pre_tokenizer"] = {{"type", "BertPreTokenizer"}};
  root["decoder"] = {
      {"type", "WordPiece"}, {"prefix", v.continuing_prefix}, {"cleanup", v.decoder_cleanup}};
}

}  // namespace parvis::text
