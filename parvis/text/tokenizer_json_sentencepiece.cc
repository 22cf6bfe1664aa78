// SentencePiece's BPE in tokenizer.json: LLaMA 1 and 2, Mistral.

#include "parvis/text/byte_alphabet.h"
#include "parvis/text/tokenizer_json_parts.h"

namespace parvis::text {
namespace {

// Whether `json` says: replace every `from` by `to`.
bool IsReplace(const Json& json, const char* from, const char* to) {
  return IsType(json, "Replace") && json.value("content", Json()) == to &&
         json.value("pattern", Json()).is_object() &&
         json["pattern"].value("String", Json()) == from;
}

OrderedJson Replace(const char* from, const char* to) {
  return {{"type", "Replace"}, {"pattern", {{"String", from}}}, {"content", to}};
}

}  // namespace

// The model of LLaMA 1 and 2 as Hugging Face writes it: spaces are replaced by "▁", with one more
// in front; characters that are no token fall back to bytes; decoding undoes both.
Status ReadSentencePiece(const Json& root, const TokensById& tokens, Vocabulary& v) {
  v.model = "sentencepiece_bpe";
  const Json& model = root["model"];
  if (!Flag(model, "byte_fallback", false)) {
    return RefuseField("model.byte_fallback", "must be true without a byte-level pre_tokenizer");
  }
  if (v.ignore_merges) {
    return RefuseField("model.ignore_merges", "must be false without a byte-level pre_tokenizer");
  }
  if (!IsNull(root, "pre_tokenizer")) {  // newer files: a Metaspace that does not split
    if (!IsNull(root, "normalizer")) return RefuseField("normalizer", "must be null here");
    PARVIS_RETURN_IF_ERROR(ReadMetaspace(root["pre_tokenizer"], false, v));
    v.pre_tokenizer = "metaspace";
  } else {
    const std::vector<Json> normalizers = PartsOf(root.value("normalizer", Json()), "normalizers");
    v.add_prefix_space = normalizers.size() == 2 && IsType(normalizers[0], "Prepend") &&
                         normalizers[0].value("prepend", Json()) == "▁";
    if (normalizers.size() != (v.add_prefix_space ? 2u : 1u) ||
        !IsReplace(normalizers.back(), " ", "▁")) {
      return RefuseField("normalizer",
                         "is not Replace \" \" by \"▁\", after Prepend \"▁\" or alone");
    }
  }
  const std::vector<Json> decoders = PartsOf(root.value("decoder", Json()), "decoders");
  const bool strips = decoders.size() == 4 && IsType(decoders[3], "Strip") &&
                      decoders[3].value("content", Json()) == " " &&
                      decoders[3].value("start", Json()) == 1 &&
                      decoders[3].value("stop", Json()) == 0;
  if (decoders.size() < 3 || !IsReplace(decoders[0], "▁", " ") ||
      !IsType(decoders[1], "ByteFallback") || !IsType(decoders[2], "Fuse") ||
      strips != v.add_prefix_space || decoders.size() != (strips ? 4u : 3u)) {
    return RefuseField("decoder", "does not undo the normalizer and byte_fallback");
  }
  for (const auto& [id, token] : tokens) {
    if (model.value("unk_token", Json()) == token) v.unknown = static_cast<TokenId>(id);
  }
  if (const auto missing = MissingByte(tokens, &ByteToken)) {
    return RefuseField("model.vocab", "has no token " + *missing);
  }
  return {};
}

// The same of SentencePiece.
void WriteSentencePiece(const Vocabulary& v, OrderedJson& root) {
  OrderedJson normalizers = OrderedJson::array();
  OrderedJson decoders =
      OrderedJson::array({Replace("▁", " "), {{"type", "ByteFallback"}}, {{"type", "Fuse"}}});
  if (v.add_prefix_space) {
    normalizers.push_back({{"type", "Prepend"}, {"prepend", "▁"}});
    decoders.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
  }
  normalizers.push_back(Replace(" ", "▁"));
  root["normalizer"] = {{"type", "Sequence"}, {"normalizers", normalizers}};
  root["pre_tokenizer"] = nullptr;
  if (v.pre_tokenizer == "metaspace") {
    const char* scheme = !v.add_prefix_space ? "never" : v.prefix_only_first ? "first" : "always";
    root["normalizer"] = nullptr;
    root["pre_tokenizer"] = {
        {"type", "Metaspace"}, {"replacement", "▁"}, {"prepend_scheme", scheme}, {"split", false}};
  }
  root["decoder"] = {{"type", "Sequence"}, {"decoders", decoders}};
}

}  // namespace parvis::text
