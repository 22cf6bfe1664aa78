// The "added_tokens" of tokenizer.json.

#include "parvis/text/tokenizer_json_parts.h"

namespace parvis::text {

Status ReadAddedTokens(const Json& root, Vocabulary& v, TokensById& tokens) {
  if (IsNull(root, "added_tokens")) return {};
  if (!root["added_tokens"].is_array()) return RefuseField("added_tokens", "is not an array");
  size_t number = 0;
  for (const Json& token : root["added_tokens"]) {
    const std::string field = "added_tokens[" + std::to_string(number++) + "]";
    if (!token.is_object() || !token.contains("id") || !token.contains("content") ||
        !token["content"].is_string() || token["content"].get_ref<const std::string&>().empty()) {
      return RefuseField(field, "needs id and content");
    }
    const auto content = token["content"].get<std::string>();
    PARVIS_RETURN_IF_ERROR(AddToken(token["id"], content, field, tokens));
    v.added.push_back({.id = token["id"].get<TokenId>(),
                       .content = content,
                       .special = Flag(token, "special", false),
                       .single_word = Flag(token, "single_word", false),
                       .lstrip = Flag(token, "lstrip", false),
                       .rstrip = Flag(token, "rstrip", false),
                       .normalized = Flag(token, "normalized", false)});
  }
  return {};
}

OrderedJson WriteAddedTokens(const Vocabulary& v) {
  OrderedJson list = OrderedJson::array();
  for (const AddedToken& added : v.added) {
    list.push_back({{"id", added.id},
                    {"content", added.content},
                    {"single_word", added.single_word},
                    {"lstrip", added.lstrip},
                    {"rstrip", added.rstrip},
                    {"normalized", added.normalized},
                    {"special", added.special}});
  }
  return list;
}

}  // namespace parvis::text
