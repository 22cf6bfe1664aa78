#include "parvis/text/tokenizer_json_parts.h"

#include <set>
#include <string_view>

#include "parvis/text/byte_alphabet.h"

namespace parvis::text {
namespace {

constexpr int64_t kMaxId = 2'000'000;

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

std::vector<Json> PartsOf(const Json& json, const char* key) {
  if (!IsType(json, "Sequence")) return {json};
  const Json parts = json.value(key, Json());
  return parts.is_array() ? parts.get<std::vector<Json>>() : std::vector<Json>{};
}

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
  if (v.model == "sentencepiece_bpe" || v.byte_fallback) {
    for (size_t id = 0; id < v.tokens.size(); ++id) {
      if (ByteOfToken(v.tokens[id])) v.kinds[id] = TokenKind::kByte;
    }
  }
  if (v.unknown && v.model != "byte_bpe") v.kinds[*v.unknown] = TokenKind::kUnknown;
  return {};
}

}  // namespace parvis::text
