// Hugging Face's tokenizer.json: what of it Parvis computes is read into a Vocabulary, anything
// else is refused by its field, since a tokeniser that is almost right is worse than none.

#include <algorithm>
#include <map>

#include "parvis/core/json.h"
#include "parvis/text/byte_alphabet.h"
#include "parvis/text/pretokenizer.h"
#include "parvis/text/tokenizer.h"

namespace parvis::text {
namespace {

constexpr int64_t kMaxId = 2'000'000;

Status Refuse(const std::string& field, const std::string& why) {
  return DataLoss("tokenizer.json: " + field + ": " + why);
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

using TokensById = std::map<int64_t, std::string>;

Status AddToken(const Json& id, const std::string& token, const std::string& field,
                TokensById& tokens) {
  if (!id.is_number_integer() || id.get<int64_t>() < 0 || id.get<int64_t>() >= kMaxId) {
    return Refuse(field, "id " + id.dump().substr(0, 40) + " is not between 0 and 1999999");
  }
  const auto [at, added] = tokens.emplace(id.get<int64_t>(), token);
  if (!added && at->second != token) {
    return Refuse(field, "id " + id.dump() + " is \"" + at->second.substr(0, 40) + "\" and \"" +
                             token.substr(0, 40) + "\"");
  }
  return {};
}

Status ReadModel(const Json& root, Vocabulary& v, TokensById& tokens) {
  if (IsNull(root, "model") || !root["model"].is_object()) return Refuse("model", "is missing");
  const Json& model = root["model"];
  if (!IsNull(model, "type") && model["type"] != "BPE") {
    return Refuse("model.type", model["type"].dump() + " is not read yet, only \"BPE\"");
  }
  for (const char* key : {"dropout", "unk_token"}) {
    if (!IsNull(model, key)) return Refuse("model." + std::string(key), "must be null");
  }
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (!IsNull(model, key) && model[key] != "") {
      return Refuse("model." + std::string(key), "is not read, only byte-level BPE is");
    }
  }
  if (Flag(model, "byte_fallback", false)) {
    return Refuse("model.byte_fallback", "is not read, only byte-level BPE is");
  }
  v.ignore_merges = Flag(model, "ignore_merges", false);
  if (IsNull(model, "vocab") || !model["vocab"].is_object()) {
    return Refuse("model.vocab", "is not an object");
  }
  for (const auto& [token, id] : model["vocab"].items()) {
    PARVIS_RETURN_IF_ERROR(
        AddToken(id, token, "model.vocab[\"" + token.substr(0, 40) + "\"]", tokens));
  }
  if (IsNull(model, "merges") || !model["merges"].is_array()) {
    return Refuse("model.merges", "is not an array");
  }
  size_t number = 0;
  for (const Json& merge : model["merges"]) {
    const std::string field = "model.merges[" + std::to_string(number++) + "]";
    if (merge.is_string()) {
      const auto& text = merge.get_ref<const std::string&>();
      const size_t space = text.find(' ');
      if (space == std::string::npos || space == 0 || space + 1 == text.size() ||
          text.find(' ', space + 1) != std::string::npos) {
        return Refuse(field, "is not two tokens with a space between");
      }
      v.merges.emplace_back(text.substr(0, space), text.substr(space + 1));
    } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() &&
               merge[1].is_string()) {
      v.merges.emplace_back(merge[0].get<std::string>(), merge[1].get<std::string>());
    } else {
      return Refuse(field, "is not a pair of tokens");
    }
  }
  return {};
}

Status ReadAddedTokens(const Json& root, Vocabulary& v, TokensById& tokens) {
  if (IsNull(root, "added_tokens")) return {};
  if (!root["added_tokens"].is_array()) return Refuse("added_tokens", "is not an array");
  size_t number = 0;
  for (const Json& token : root["added_tokens"]) {
    const std::string field = "added_tokens[" + std::to_string(number++) + "]";
    if (!token.is_object() || !token.contains("id") || !token.contains("content") ||
        !token["content"].is_string() || token["content"].get_ref<const std::string&>().empty()) {
      return Refuse(field, "needs id and content");
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

Status ReadPreTokenizer(const Json& root, Vocabulary& v) {
  if (IsNull(root, "pre_tokenizer")) return Refuse("pre_tokenizer", "is missing");
  const Json& pre = root["pre_tokenizer"];
  if (IsType(pre, "ByteLevel") && Flag(pre, "use_regex", true)) {
    v.pre_tokenizer = "gpt2";
    v.add_prefix_space = Flag(pre, "add_prefix_space", false);
    return {};
  }
  const bool sequence = IsType(pre, "Sequence") && pre.contains("pretokenizers") &&
                        pre["pretokenizers"].is_array() && pre["pretokenizers"].size() == 2;
  if (!sequence) {
    return Refuse("pre_tokenizer", "is neither ByteLevel nor a Sequence of Split and ByteLevel");
  }
  const Json& split = pre["pretokenizers"][0];
  const Json& bytes = pre["pretokenizers"][1];
  if (!IsType(split, "Split") || !split.contains("pattern") || !split["pattern"].is_object() ||
      !split["pattern"].contains("Regex") || !split["pattern"]["Regex"].is_string()) {
    return Refuse("pre_tokenizer.pretokenizers[0]", "is not a Split by a regular expression");
  }
  if (split.value("behavior", "") != "Isolated" || Flag(split, "invert", false)) {
    return Refuse("pre_tokenizer.pretokenizers[0].behavior", "must be \"Isolated\", not inverted");
  }
  const auto pattern =
      PreTokenizerFromPattern(split["pattern"]["Regex"].get_ref<const std::string&>());
  if (!pattern) {
    return Refuse("pre_tokenizer.pretokenizers[0].pattern",
                  "is not a published pattern that Parvis computes (GPT-2, Llama 3, Qwen 2)");
  }
  if (!IsType(bytes, "ByteLevel") || Flag(bytes, "use_regex", true)) {
    return Refuse("pre_tokenizer.pretokenizers[1]", "is not a ByteLevel without a pattern");
  }
  v.pre_tokenizer = PreTokenizerName(*pattern);
  v.add_prefix_space = Flag(bytes, "add_prefix_space", false);
  return {};
}

// A template of special tokens around one sequence.
Status ReadTemplate(const Json& post, Vocabulary& v, const TokensById& tokens) {
  if (!post.contains("single") || !post["single"].is_array()) {
    return Refuse("post_processor.single", "is not an array");
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
    if (!special) return Refuse("post_processor.single", "holds something unknown");
    const auto name = piece["SpecialToken"]["id"].get<std::string>();
    const auto found = std::find_if(tokens.begin(), tokens.end(),
                                    [&](const auto& token) { return token.second == name; });
    if (found == tokens.end()) {
      return Refuse("post_processor.single", "\"" + name.substr(0, 40) + "\" is not a token");
    }
    bool& add = before ? v.add_bos : v.add_eos;
    if (add) return Refuse("post_processor.single", "adds two tokens on one side");
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
      if (IsType(part, "Sequence")) return Refuse("post_processor", "nests sequences");
      PARVIS_RETURN_IF_ERROR(ReadPostProcessor(part, v, tokens));
    }
    return {};
  }
  return Refuse("post_processor", "is not ByteLevel, TemplateProcessing or a Sequence of them");
}

// tokenizer_config.json: names of the special tokens and the chat template.
Status ReadConfig(const Json& config, Vocabulary& v) {
  const auto find = [&](const char* key, std::optional<TokenId>& id) {
    if (id || IsNull(config, key)) return;
    const Json& value = config[key];
    const Json& name = value.is_object() && value.contains("content") ? value["content"] : value;
    if (!name.is_string()) return;
    for (const AddedToken& added : v.added) {
      if (added.content == name.get_ref<const std::string&>()) id = added.id;
    }
  };
  find("bos_token", v.bos);
  find("eos_token", v.eos);
  find("pad_token", v.padding);
  if (!IsNull(config, "chat_template") && config["chat_template"].is_string()) {
    v.chat_template = config["chat_template"].get<std::string>();
  }
  return {};
}

// Tokens by id to a dense list; the names that everybody uses tell bos and eos where nothing else
// does.
Status Finish(const TokensById& tokens, Vocabulary& v) {
  for (const auto& [id, token] : tokens) {
    if (id != static_cast<int64_t>(v.tokens.size())) {
      return Refuse("model.vocab", "has no token with id " + std::to_string(v.tokens.size()));
    }
    v.tokens.push_back(token);
  }
  v.kinds.assign(v.tokens.size(), TokenKind::kNormal);
  for (const AddedToken& added : v.added) {
    v.kinds[added.id] = added.special ? TokenKind::kControl : TokenKind::kUserDefined;
  }
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
  return {};
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> ReadTokenizerJson(std::string_view json,
                                                     std::string_view config) {
  Result<Json> parsed = ParseJson(json);
  if (!parsed.ok()) return parsed.status().In("tokenizer.json");
  const Json& root = *parsed;
  if (!root.is_object()) return Refuse("the file", "is not a JSON object");
  if (!IsNull(root, "normalizer")) {
    return Refuse("normalizer", "must be null, only byte-level BPE is read");
  }
  Vocabulary v;
  v.model = "byte_bpe";
  TokensById tokens;
  PARVIS_RETURN_IF_ERROR(ReadModel(root, v, tokens));
  PARVIS_RETURN_IF_ERROR(ReadAddedTokens(root, v, tokens));
  PARVIS_RETURN_IF_ERROR(ReadPreTokenizer(root, v));
  if (!IsNull(root, "post_processor")) {
    PARVIS_RETURN_IF_ERROR(ReadPostProcessor(root["post_processor"], v, tokens));
  }
  if (!config.empty()) {
    const Result<Json> settings = ParseJson(config);
    if (!settings.ok()) return settings.status().In("tokenizer_config.json");
    if (settings->is_object()) PARVIS_RETURN_IF_ERROR(ReadConfig(*settings, v));
  }
  PARVIS_RETURN_IF_ERROR(Finish(tokens, v));
  Result<std::unique_ptr<Tokenizer>> made = MakeTokenizer(std::move(v));
  if (!made.ok()) return made.status().In("tokenizer.json");
  return made;
}

std::string WriteTokenizerJson(const Tokenizer& tokenizer) {
  const Vocabulary& v = tokenizer.vocabulary();
  PARVIS_CHECK(v.model == "byte_bpe");
  OrderedJson root = {{"version", "1.0"}, {"truncation", nullptr}, {"padding", nullptr}};
  root["added_tokens"] = OrderedJson::array();
  std::vector<bool> is_added(v.tokens.size(), false);
  for (const AddedToken& added : v.added) {
    is_added[added.id] = true;
    root["added_tokens"].push_back({{"id", added.id},
                                    {"content", added.content},
                                    {"single_word", added.single_word},
                                    {"lstrip", added.lstrip},
                                    {"rstrip", added.rstrip},
                                    {"normalized", added.normalized},
                                    {"special", added.special}});
  }
  root["normalizer"] = nullptr;
  const PreTokenizer pre = *PreTokenizerFromName(v.pre_tokenizer);
  OrderedJson bytes = {{"type", "ByteLevel"},
                       {"add_prefix_space", v.add_prefix_space},
                       {"trim_offsets", false},
                       {"use_regex", pre == PreTokenizer::kGpt2}};
  if (pre == PreTokenizer::kGpt2) {
    root["pre_tokenizer"] = bytes;
  } else {
    OrderedJson split = {{"type", "Split"},
                         {"pattern", {{"Regex", PatternOf(pre)}}},
                         {"behavior", "Isolated"},
                         {"invert", false}};
    root["pre_tokenizer"] = {{"type", "Sequence"},
                             {"pretokenizers", OrderedJson::array({split, bytes})}};
  }
  root["post_processor"] = nullptr;
  if ((v.add_bos && v.bos) || (v.add_eos && v.eos)) {
    OrderedJson single = OrderedJson::array(), pair = OrderedJson::array();
    OrderedJson specials = OrderedJson::object();
    const auto special = [&](TokenId id, OrderedJson& pieces, int type) {
      const std::string& name = v.tokens[id];
      pieces.push_back({{"SpecialToken", {{"id", name}, {"type_id", type}}}});
      specials[name] = {
          {"id", name}, {"ids", OrderedJson::array({id})}, {"tokens", OrderedJson::array({name})}};
    };
    const auto sequence = [&](const char* name, OrderedJson& pieces, int type) {
      if (v.add_bos && v.bos) special(*v.bos, pieces, type);
      pieces.push_back({{"Sequence", {{"id", name}, {"type_id", type}}}});
      if (v.add_eos && v.eos) special(*v.eos, pieces, type);
    };
    sequence("A", single, 0);
    sequence("A", pair, 0);
    sequence("B", pair, 1);
    root["post_processor"] = {{"type", "TemplateProcessing"},
                              {"single", single},
                              {"pair", pair},
                              {"special_tokens", specials}};
  }
  root["decoder"] = {{"type", "ByteLevel"},
                     {"add_prefix_space", true},
                     {"trim_offsets", true},
                     {"use_regex", true}};
  OrderedJson vocab = OrderedJson::object();
  // Appended unchecked: tokens are unique, and an ordered object would look each one up.
  auto& entries = vocab.get_ref<OrderedJson::object_t&>();
  for (size_t id = 0; id < v.tokens.size(); ++id) {
    if (!is_added[id]) {
      static_cast<std::vector<std::pair<const std::string, OrderedJson>>&>(entries).emplace_back(
          v.tokens[id], id);
    }
  }
  OrderedJson merges = OrderedJson::array();
  for (const auto& [left, right] : v.merges) merges.push_back(OrderedJson::array({left, right}));
  root["model"] = {{"type", "BPE"},
                   {"dropout", nullptr},
                   {"unk_token", nullptr},
                   {"continuing_subword_prefix", nullptr},
                   {"end_of_word_suffix", nullptr},
                   {"fuse_unk", false},
                   {"byte_fallback", false},
                   {"ignore_merges", v.ignore_merges},
                   {"vocab", std::move(vocab)},
                   {"merges", std::move(merges)}};
  return root.dump(1);
}

Result<std::unique_ptr<Tokenizer>> ReadVocabAndMerges(std::string_view vocab_json,
                                                      std::string_view merges_txt) {
  const Result<Json> vocab = ParseJson(vocab_json);
  if (!vocab.ok()) return vocab.status().In("vocab.json");
  if (!vocab->is_object()) return DataLoss("vocab.json: is not a JSON object");
  Vocabulary v;
  v.model = "byte_bpe";
  v.pre_tokenizer = "gpt2";
  TokensById tokens;
  for (const auto& [token, id] : vocab->items()) {
    PARVIS_RETURN_IF_ERROR(AddToken(id, token, "vocab.json", tokens));
    if (token == "<|endoftext|>" && id.is_number_integer()) {
      v.added.push_back({.id = id.get<TokenId>(), .content = token, .special = true});
    }
  }
  for (size_t at = 0, line = 1; at < merges_txt.size(); ++line) {
    const size_t end = std::min(merges_txt.find('\n', at), merges_txt.size());
    std::string_view text = merges_txt.substr(at, end - at);
    at = end + 1;
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (text.empty() || (line == 1 && text.starts_with("#version"))) continue;
    const size_t space = text.find(' ');
    if (space == std::string_view::npos) {
      return DataLoss("merges.txt: line " + std::to_string(line) + " is not two tokens");
    }
    v.merges.emplace_back(text.substr(0, space), text.substr(space + 1));
  }
  PARVIS_RETURN_IF_ERROR(Finish(tokens, v));
  v.bos = v.bos ? v.bos : v.eos;  // GPT-2 has one token for both
  return MakeTokenizer(std::move(v));
}

}  // namespace parvis::text
