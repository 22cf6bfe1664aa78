// Hugging Face's tokenizer.json: what of it Parvis computes is read into a Vocabulary, anything
// else is refused by its field, since a tokeniser that is almost right is worse than none.

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "parvis/core/json.h"
#include "parvis/text/byte_alphabet.h"
#include "parvis/text/tokenizer.h"
#include "parvis/text/tokenizer_json_parts.h"

namespace parvis::text {
namespace {

// A merge is "left right" in older files, ["left", "right"] in newer ones.
Status ReadMerges(const Json& merges, Vocabulary& v) {
  size_t number = 0;
  for (const Json& merge : merges) {
    const std::string field = "model.merges[" + std::to_string(number++) + "]";
    if (merge.is_string()) {
      const auto& text = merge.get_ref<const std::string&>();
      const size_t space = text.find(' ');
      if (space == std::string::npos || space == 0 || space + 1 == text.size() ||
          text.find(' ', space + 1) != std::string::npos) {
        return RefuseField(field, "is not two tokens with a space between");
      }
      v.merges.emplace_back(text.substr(0, space), text.substr(space + 1));
    } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() &&
               merge[1].is_string()) {
      v.merges.emplace_back(merge[0].get<std::string>(), merge[1].get<std::string>());
    } else {
      return RefuseField(field, "is not a pair of tokens");
    }
  }
  return {};
}

Status ReadModel(const Json& root, Vocabulary& v, TokensById& tokens) {
  if (IsNull(root, "model") || !root["model"].is_object())
    return RefuseField("model", "is missing");
  const Json& model = root["model"];
  if (!IsNull(model, "type") && model["type"] != "BPE") {
    return RefuseField("model.type",
                       model["type"].dump().substr(0, 40) + " is not read, only \"BPE\"");
  }
  if (!IsNull(model, "dropout") && model["dropout"] != 0.0) {
    return RefuseField("model.dropout", "must be null");
  }
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (!IsNull(model, key) && model[key] != "") {
      return RefuseField("model." + std::string(key), "must be null or empty");
    }
  }
  v.ignore_merges = Flag(model, "ignore_merges", false);
  if (IsNull(model, "vocab") || !model["vocab"].is_object()) {
    return RefuseField("model.vocab", "is not an object");
  }
  for (const auto& [token, id] : model["vocab"].items()) {
    PARVIS_RETURN_IF_ERROR(
        AddToken(id, token, "model.vocab[\"" + token.substr(0, 40) + "\"]", tokens));
  }
  if (IsNull(model, "merges") || !model["merges"].is_array()) {
    return RefuseField("model.merges", "is not an array");
  }
  return ReadMerges(model["merges"], v);
}

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

// A template of special tokens around one sequence.
Status ReadTemplate(const Json& post, Vocabulary& v, const TokensById& tokens) {
  if (!post.contains("single") || !post["single"].is_array()) {
    return RefuseField("post_processor.single", "is not an array");
  }
  bool before = true;
  for (const Json& piece : post["single"]) {
    if (piece.is_object() && piece.contains("Sequence")) {
      before = false;
      continue;
    }
    const bool special =
        piece.is_object() && piece.contains("SpecialToken") && piece["SpecialToken"].is_object() &&
        piece["SpecialToken"].contains("id") && piece["SpecialToken"]["id"].is_string();
    if (!special) return RefuseField("post_processor.single", "holds something unknown");
    const auto name = piece["SpecialToken"]["id"].get<std::string>();
    const auto found = std::find_if(tokens.begin(), tokens.end(),
                                    [&](const auto& token) { return token.second == name; });
    if (found == tokens.end()) {
      return RefuseField("post_processor.single", "\"" + name.substr(0, 40) + "\" is not a token");
    }
    bool& add = before ? v.add_bos : v.add_eos;
    if (add) return RefuseField("post_processor.single", "adds two tokens on one side");
    add = true;
    (before ? v.bos : v.eos) = static_cast<TokenId>(found->first);
  }
  return {};
}

Status ReadPostProcessor(const Json& post, Vocabulary& v, const TokensById& tokens) {
  if (IsType(post, "ByteLevel")) return {};  // only trims offsets
  if (IsType(post, "TemplateProcessing")) return ReadTemplate(post, v, tokens);
  if (IsType(post, "Sequence") && post.contains("processors") && post["processors"].is_array()) {
    for (const Json& part : post["processors"]) {
      if (IsType(part, "Sequence")) return RefuseField("post_processor", "nests sequences");
      PARVIS_RETURN_IF_ERROR(ReadPostProcessor(part, v, tokens));
    }
    return {};
  }
  return RefuseField("post_processor",
                     "is not ByteLevel, TemplateProcessing or a Sequence of them");
}

// tokenizer_config.json: names of the special tokens and the chat template.
void ReadConfig(const Json& config, Vocabulary& v) {
  const auto find = [&](const char* key, std::optional<TokenId>& id) {
    if (id || IsNull(config, key)) return;
    const Json& value = config[key];
    const Json& name = value.is_object() && value.contains("content") ? value["content"] : value;
    if (!name.is_string()) return;
    for (const AddedToken& added : v.added) {
      if (added.special && added.content == name.get_ref<const std::string&>()) id = added.id;
    }
  };
  find("bos_token", v.bos);
  find("eos_token", v.eos);
  find("pad_token", v.padding);
  if (IsNull(config, "chat_template")) return;
  const Json& chat = config["chat_template"];
  if (chat.is_string()) v.chat_template = chat.get<std::string>();
  for (const Json& named : chat.is_array() ? chat : Json::array()) {  // several, by name
    if (named.is_object() && named.value("name", Json()) == "default" &&
        named.value("template", Json()).is_string()) {
      v.chat_template = named["template"].get<std::string>();
    }
  }
}

// Scores that put merges in the order of the list, for formats that know only scores.
void ScoreByMerges(Vocabulary& v) {
  std::unordered_map<std::string_view, size_t> first;
  std::vector<std::string> merged;
  merged.reserve(v.merges.size());
  for (const auto& [left, right] : v.merges) {
    merged.push_back(left + right);
    first.emplace(merged.back(), merged.size() - 1);
  }
  v.scores.assign(v.tokens.size(), 0.0f);
  for (size_t id = 0; id < v.tokens.size(); ++id) {
    const auto found = first.find(v.tokens[id]);
    if (found != first.end()) v.scores[id] = -static_cast<float>(found->second);
  }
}

// The names that everybody uses tell bos and eos where nothing else does.
void GuessSpecial(Vocabulary& v) {
  const auto guess = [&](std::initializer_list<std::string_view> names,
                         std::optional<TokenId>& id) {
    for (const AddedToken& added : v.added) {
      for (const std::string_view name : names) {
        if (!id && added.special && added.content == name) id = added.id;
      }
    }
  };
  guess({"<|begin_of_text|>", "<s>"}, v.bos);
  guess({"<|end_of_text|>", "<|endoftext|>", "</s>"}, v.eos);
}

Result<Vocabulary> ReadVocabulary(std::string_view json, std::string_view config) {
  PARVIS_ASSIGN_OR_RETURN(const Json root, ParseJson(json));
  if (!root.is_object()) return DataLoss("is not a JSON object");
  Vocabulary v;
  TokensById tokens;
  PARVIS_RETURN_IF_ERROR(ReadModel(root, v, tokens));
  PARVIS_RETURN_IF_ERROR(ReadAddedTokens(root, v, tokens));
  PARVIS_RETURN_IF_ERROR(IsNull(root, "pre_tokenizer") ? ReadSentencePiece(root, tokens, v)
                                                       : ReadByteLevel(root, tokens, v));
  if (!IsNull(root, "post_processor")) {
    PARVIS_RETURN_IF_ERROR(ReadPostProcessor(root["post_processor"], v, tokens));
  }
  if (!config.empty()) {
    const Result<Json> settings = ParseJson(config);
    if (!settings.ok()) return settings.status().In("tokenizer_config.json");
    if (settings->is_object()) ReadConfig(*settings, v);
  }
  PARVIS_RETURN_IF_ERROR(ListTokens(tokens, "model.vocab", v));
  if (v.model == "sentencepiece_bpe") ScoreByMerges(v);
  GuessSpecial(v);
  return v;
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> ReadTokenizerJson(std::string_view json,
                                                     std::string_view config) {
  Result<Vocabulary> vocabulary = ReadVocabulary(json, config);
  if (!vocabulary.ok()) return vocabulary.status().In("tokenizer.json");
  Result<std::unique_ptr<Tokenizer>> made = MakeTokenizer(std::move(*vocabulary));
  if (!made.ok()) return made.status().In("tokenizer.json");
  return made;
}

}  // namespace parvis::text
