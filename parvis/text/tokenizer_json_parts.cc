#include "parvis/text/tokenizer_json_parts.h"

#include <functional>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "parvis/text/byte_alphabet.h"
#include "parvis/text/pretokenizer.h"

namespace parvis::text {
namespace {

constexpr int64_t kMaxId = 2'000'000;

Status ReadPreTokenizer(const Json& root, Vocabulary& v) {
  const Json& pre = root["pre_tokenizer"];
  if (IsType(pre, "ByteLevel") && Flag(pre, "use_regex", true)) {
    v.pre_tokenizer = "gpt2";
    v.add_prefix_space = Flag(pre, "add_prefix_space", false);
    return {};
  }
  const bool sequence = IsType(pre, "Sequence") && pre.contains("pretokenizers") &&
                        pre["pretokenizers"].is_array() && pre["pretokenizers"].size() == 2;
  if (!sequence) {
    return RefuseField("pre_tokenizer",
                       "is neither null, nor ByteLevel, nor a Sequence of Split and ByteLevel");
  }
  const Json& split = pre["pretokenizers"][0];
  const Json& bytes = pre["pretokenizers"][1];
  if (!IsType(split, "Split") || !split.contains("pattern") || !split["pattern"].is_object() ||
      !split["pattern"].contains("Regex") || !split["pattern"]["Regex"].is_string()) {
    return RefuseField("pre_tokenizer.pretokenizers[0]", "is not a Split by a regular expression");
  }
  if (split.value("behavior", Json()) != "Isolated" || Flag(split, "invert", false)) {
    return RefuseField("pre_tokenizer.pretokenizers[0].behavior",
                       "must be \"Isolated\", not inverted");
  }
  const auto pattern =
      PreTokenizerFromPattern(split["pattern"]["Regex"].get_ref<const std::string&>());
  if (!pattern) {
    return RefuseField("pre_tokenizer.pretokenizers[0].pattern",
                       "is not a published pattern that Parvis computes (GPT-2, Llama 3, Qwen 2)");
  }
  if (!IsType(bytes, "ByteLevel") || Flag(bytes, "use_regex", true)) {
    return RefuseField("pre_tokenizer.pretokenizers[1]", "is not a ByteLevel without a pattern");
  }
  v.pre_tokenizer = PreTokenizerName(*pattern);
  v.add_prefix_space = Flag(bytes, "add_prefix_space", false);
  return {};
}

// Whether `json` says: replace every `from` by `to`.
bool IsReplace(const Json& json, const char* from, const char* to) {
  return IsType(json, "Replace") && json.value("content", Json()) == to &&
         json.value("pattern", Json()).is_object() &&
         json["pattern"].value("String", Json()) == from;
}

// The parts of a Sequence; of anything else itself.
std::vector<Json> PartsOf(const Json& json, const char* key) {
  if (!IsType(json, "Sequence")) return {json};
  const Json parts = json.value(key, Json());
  return parts.is_array() ? parts.get<std::vector<Json>>() : std::vector<Json>{};
}

// The first byte whose token is missing. `token_of` tells how it is written.
std::optional<std::string> MissingByte(const TokensById& tokens,
                                       const std::function<std::string(uint8_t)>& token_of) {
  std::set<std::string_view> known;
  for (const auto& [id, token] : tokens) known.insert(token);
  for (int byte = 0; byte < 256; ++byte) {
    std::string token = token_of(static_cast<uint8_t>(byte));
    if (!known.contains(token)) return token;
  }
  return std::nullopt;
}

}  // namespace

Status RefuseField(const std::string& field, const std::string& why) {
  return DataLoss(field + ": " + why);
}

bool IsNull(const Json& json, const char* key) {
  return !json.contains(key) || json[key].is_null();
}

bool IsType(const Json& json, const char* type) {
  return json.is_object() && json.contains("type") && json["type"] == type;
}

bool Flag(const Json& json, const char* key, bool otherwise) {
  return json.contains(key) && json[key].is_boolean() ? json[key].get<bool>() : otherwise;
}

Status AddToken(const Json& id, const std::string& token, const std::string& field,
                TokensById& tokens) {
  if (!id.is_number_integer() || id.get<int64_t>() < 0 || id.get<int64_t>() >= kMaxId) {
    return RefuseField(field, "id " + id.dump().substr(0, 40) + " is not between 0 and 1999999");
  }
  const auto [at, added] = tokens.emplace(id.get<int64_t>(), token);
  if (!added && at->second != token) {
    return RefuseField(field, "id " + id.dump() + " is \"" + at->second.substr(0, 40) +
                                  "\" and \"" + token.substr(0, 40) + "\"");
  }
  return {};
}

Status ListTokens(const TokensById& tokens, const std::string& field, Vocabulary& v) {
  for (const auto& [id, token] : tokens) {
    if (id != static_cast<int64_t>(v.tokens.size())) {
      return RefuseField(field, "has no token with id " + std::to_string(v.tokens.size()));
    }
    v.tokens.push_back(token);
  }
  v.kinds.assign(v.tokens.size(), TokenKind::kNormal);
  for (const AddedToken& added : v.added) {
    v.kinds[added.id] = added.special ? TokenKind::kControl : TokenKind::kUserDefined;
  }
  if (v.model == "sentencepiece_bpe") {
    for (size_t id = 0; id < v.tokens.size(); ++id) {
      if (ByteOfToken(v.tokens[id])) v.kinds[id] = TokenKind::kByte;
    }
    if (v.unknown) v.kinds[*v.unknown] = TokenKind::kUnknown;
  }
  return {};
}

// What byte-level BPE needs besides the shared parts.
Status ReadByteLevel(const Json& root, const TokensById& tokens, Vocabulary& v) {
  v.model = "byte_bpe";
  if (!IsNull(root, "normalizer")) {
    return RefuseField("normalizer", "must be null with a byte-level pre_tokenizer");
  }
  if (IsNull(root, "decoder") || !IsType(root["decoder"], "ByteLevel")) {
    return RefuseField("decoder", "must be ByteLevel with a byte-level pre_tokenizer");
  }
  const Json& model = root["model"];
  if (Flag(model, "byte_fallback", false)) {
    return RefuseField("model.byte_fallback", "must be false with a byte-level pre_tokenizer");
  }
  if (!IsNull(model, "unk_token") && model["unk_token"] != "") {
    // Without effect if every byte has its token.
    const auto missing = MissingByte(tokens, [](uint8_t byte) {
      return ToByteAlphabet(std::string(1, static_cast<char>(byte)));
    });
    if (missing) {
      return RefuseField("model.unk_token", "must be null where a byte has no token");
    }
  }
  return ReadPreTokenizer(root, v);
}

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
  const std::vector<Json> normalizers = PartsOf(root.value("normalizer", Json()), "normalizers");
  v.add_prefix_space = normalizers.size() == 2 && IsType(normalizers[0], "Prepend") &&
                       normalizers[0].value("prepend", Json()) == "▁";
  if (normalizers.size() != (v.add_prefix_space ? 2u : 1u) ||
      !IsReplace(normalizers.back(), " ", "▁")) {
    return RefuseField("normalizer", "is not Replace \" \" by \"▁\", after Prepend \"▁\" or alone");
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

}  // namespace parvis::text
