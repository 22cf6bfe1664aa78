// tokenizer_config.json, and the names by which special tokens are known everywhere.

#include <algorithm>

#include "parvis/text/tokenizer_json_parts.h"

namespace parvis::text {
namespace {

bool Has(const std::vector<TokenId>& ids, TokenId id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

void FindNamed(const Json& config, const char* key, const Vocabulary& v,
               std::optional<TokenId>& id) {
  if (id || IsNull(config, key)) return;
  const Json& value = config[key];
  const Json& name = value.is_object() && value.contains("content") ? value["content"] : value;
  if (!name.is_string()) return;
  for (const AddedToken& added : v.added) {
    if (added.special && added.content == name.get_ref<const std::string&>()) id = added.id;
  }
}

// One template, or several by name.
void ReadChatTemplates(const Json& config, Vocabulary& v) {
  if (IsNull(config, "chat_template")) return;
  const Json& chat = config["chat_template"];
  if (chat.is_string()) v.chat_template = chat.get<std::string>();
  for (const Json& named : chat.is_array() ? chat : Json::array()) {
    if (!named.is_object() || !named.value("name", Json()).is_string() ||
        !named.value("template", Json()).is_string()) {
      continue;
    }
    const auto name = named["name"].get<std::string>();
    auto text = named["template"].get<std::string>();
    if (name == "default") {
      v.chat_template = std::move(text);
    } else {
      v.chat_templates.emplace_back(name, std::move(text));
    }
  }
}

// generation_config.json's eos_token_id, which formats/ puts in under a name of ours.
void ReadEndTokens(const Json& config, Vocabulary& v) {
  if (IsNull(config, "end_token_ids") || !config["end_token_ids"].is_array()) return;
  for (const Json& id : config["end_token_ids"]) {
    if (!id.is_number_unsigned() || id.get<uint64_t>() > INT32_MAX) continue;
    const auto token = id.get<TokenId>();
    if (!Has(v.end_tokens, token)) v.end_tokens.push_back(token);
  }
}

}  // namespace

Result<Json> ParseTokenizerConfig(std::string_view text) {
  if (text.empty()) return Json::object();
  Result<Json> parsed = ParseJson(text);
  if (!parsed.ok()) return parsed.status().In("tokenizer_config.json");
  return parsed->is_object() ? std::move(parsed) : Json::object();
}

void AddNamedTokens(const Json& config, Vocabulary& v) {
  for (const char* key : {"bos_token", "eos_token", "unk_token", "sep_token", "pad_token",
                          "cls_token", "mask_token"}) {
    if (IsNull(config, key)) continue;
    const Json& value = config[key];
    const Json& name = value.is_object() && value.contains("content") ? value["content"] : value;
    if (!name.is_string()) continue;
    const auto at = std::find(v.tokens.begin(), v.tokens.end(), name.get_ref<const std::string&>());
    if (at == v.tokens.end()) continue;
    const auto id = static_cast<TokenId>(at - v.tokens.begin());
    const bool listed = std::any_of(v.added.begin(), v.added.end(),
                                    [id](const AddedToken& added) { return added.id == id; });
    if (listed) continue;
    v.added.push_back({.id = id,
                       .content = *at,
                       .special = true,
                       .single_word = Flag(value, "single_word", false),
                       .lstrip = Flag(value, "lstrip", false),
                       .rstrip = Flag(value, "rstrip", false)});
    if (v.kinds[id] == TokenKind::kNormal) v.kinds[id] = TokenKind::kControl;
  }
}

Status ReadTokenizerConfig(std::string_view text, Vocabulary& v) {
  PARVIS_ASSIGN_OR_RETURN(const Json config, ParseTokenizerConfig(text));
  if (v.model == "wordpiece") FindNamed(config, "cls_token", v, v.bos);
  if (v.model == "wordpiece") FindNamed(config, "sep_token", v, v.eos);
  FindNamed(config, "bos_token", v, v.bos);
  FindNamed(config, "eos_token", v, v.eos);
  FindNamed(config, "pad_token", v, v.padding);
  FindNamed(config, "sep_token", v, v.separator);
  FindNamed(config, "mask_token", v, v.mask);
  ReadChatTemplates(config, v);
  ReadEndTokens(config, v);
  return {};
}

Status ReadAddedTokensDecoder(const Json& config, Vocabulary& v) {
  if (!config.is_object() || IsNull(config, "added_tokens_decoder")) return {};
  const Json& decoder = config["added_tokens_decoder"];
  if (!decoder.is_object()) return RefuseField("added_tokens_decoder", "is not an object");
  std::map<TokenId, const Json*> by_id;  // the keys are ids as text
  for (const auto& [key, token] : decoder.items()) {
    const std::string field = "added_tokens_decoder[\"" + key.substr(0, 40) + "\"]";
    const bool number =
        !key.empty() && key.size() <= 7 && key.find_first_not_of("0123456789") == std::string::npos;
    if (!number || !token.is_object() || !token.value("content", Json()).is_string()) {
      return RefuseField(field, "is not an id with a token");
    }
    by_id[static_cast<TokenId>(std::stoi(key))] = &token;
  }
  for (const auto& [id, token] : by_id) {
    const auto content = (*token)["content"].get<std::string>();
    const std::string field = "added_tokens_decoder[\"" + std::to_string(id) + "\"]";
    const auto place = static_cast<size_t>(id);
    if (content.empty()) return RefuseField(field, "is empty");
    if (place > v.tokens.size()) {
      return RefuseField(field, "no token has id " + std::to_string(v.tokens.size()));
    }
    const bool special = Flag(*token, "special", false);
    if (place == v.tokens.size()) {
      v.tokens.push_back(content);
      v.kinds.push_back(special ? TokenKind::kControl : TokenKind::kUserDefined);
    } else if (v.tokens[place] != content) {
      return RefuseField(field, "is \"" + v.tokens[place].substr(0, 40) + "\" in the vocabulary");
    }
    std::erase_if(v.added, [id = id](const AddedToken& added) { return added.id == id; });
    v.added.push_back({.id = id,
                       .content = content,
                       .special = special,
                       .single_word = Flag(*token, "single_word", false),
                       .lstrip = Flag(*token, "lstrip", false),
                       .rstrip = Flag(*token, "rstrip", false),
                       .normalized = Flag(*token, "normalized", false)});
    if (v.kinds[place] == TokenKind::kNormal) {
      v.kinds[place] = special ? TokenKind::kControl : TokenKind::kUserDefined;
    }
  }
  return {};
}

void GuessSpecialTokens(Vocabulary& v) {
  const auto guess = [&](std::initializer_list<std::string_view> names,
                         std::optional<TokenId>& id) {
    for (const AddedToken& added : v.added) {
      for (const std::string_view name : names) {
        if (!id && added.special && added.content == name) id = added.id;
      }
    }
  };
  if (v.model == "wordpiece") guess({"[CLS]"}, v.bos);
  if (v.model == "wordpiece") guess({"[SEP]"}, v.eos);
  guess({"<|begin_of_text|>", "<s>"}, v.bos);
  guess({"<|end_of_text|>", "<|endoftext|>", "</s>"}, v.eos);
  guess({"[SEP]"}, v.separator);
  guess({"[MASK]", "<mask>"}, v.mask);
  guess({"[PAD]", "<pad>"}, v.padding);
}

}  // namespace parvis::text
