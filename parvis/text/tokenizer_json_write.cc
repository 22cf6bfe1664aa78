// Writes tokenizer.json and tokenizer_config.json so that Hugging Face's `tokenizers` makes the
// same ids of a text.

#include <algorithm>
#include <tuple>
#include <unordered_map>

#include "parvis/core/json.h"
#include "parvis/text/tokenizer.h"
#include "parvis/text/tokenizer_json_parts.h"
#include "parvis/text/utf8.h"

namespace parvis::text {
namespace {

// Merges that do what the scores of a SentencePiece vocabulary do: every way to put a token
// together from two others, the best score first.
std::vector<std::pair<std::string, std::string>> MergesOfScores(const Vocabulary& v) {
  std::unordered_map<std::string_view, TokenId> ids;
  for (size_t id = 0; id < v.tokens.size(); ++id) {
    if (v.kinds[id] == TokenKind::kNormal) ids.emplace(v.tokens[id], static_cast<TokenId>(id));
  }
  std::vector<std::tuple<float, TokenId, TokenId, TokenId>> found;  // -score, merged, left, right
  for (const auto& [token, id] : ids) {
    for (size_t at = ReadCharacter(token, 0).size; at < token.size();
         at += ReadCharacter(token, at).size) {
      const auto left = ids.find(token.substr(0, at)), right = ids.find(token.substr(at));
      if (left != ids.end() && right != ids.end()) {
        found.emplace_back(-v.scores[id], id, left->second, right->second);
      }
    }
  }
  std::sort(found.begin(), found.end());
  std::vector<std::pair<std::string, std::string>> merges;
  merges.reserve(found.size());
  for (const auto& [score, id, left, right] : found) {
    merges.emplace_back(v.tokens[left], v.tokens[right]);
  }
  return merges;
}

OrderedJson WriteModel(const Vocabulary& v) {
  const bool sentencepiece = v.model == "sentencepiece_bpe";
  std::vector<bool> is_added(v.tokens.size(), false);
  for (const AddedToken& added : v.added) is_added[added.id] = true;
  // Added tokens behind all others are no part of the model; those between keep their ids only if
  // the model has them.
  size_t size = v.tokens.size();
  const auto least = static_cast<size_t>(v.unknown.value_or(0)) + 1;
  while (size > least && is_added[size - 1]) --size;
  if (v.model == "unigram") return WriteUnigramModel(v, size);
  OrderedJson vocab = OrderedJson::object();
  // Tokens are unique; the object's own insertion would look for each one's like.
  std::vector<OrderedJson::object_t::value_type>& entries = vocab.get_ref<OrderedJson::object_t&>();
  for (size_t id = 0; id < size; ++id) entries.emplace_back(v.tokens[id], id);
  if (v.model == "wordpiece") {
    return {{"type", "WordPiece"},
            {"unk_token", v.tokens[*v.unknown]},
            {"continuing_subword_prefix", v.continuing_prefix},
            {"max_input_chars_per_word", v.max_word_characters},
            {"vocab", std::move(vocab)}};
  }
  OrderedJson merges = OrderedJson::array();
  for (const auto& [left, right] :
       sentencepiece&& v.merges.empty() ? MergesOfScores(v) : v.merges) {
    merges.push_back(OrderedJson::array({left, right}));
  }
  OrderedJson unknown = nullptr;
  if (sentencepiece && v.unknown) unknown = v.tokens[*v.unknown];
  return {{"type", "BPE"},
          {"dropout", nullptr},
          {"unk_token", unknown},
          {"continuing_subword_prefix", nullptr},
          {"end_of_word_suffix", nullptr},
          {"fuse_unk", sentencepiece},
          {"byte_fallback", sentencepiece},
          {"ignore_merges", v.ignore_merges},
          {"vocab", std::move(vocab)},
          {"merges", std::move(merges)}};
}

std::string Text(const OrderedJson& root) {
  return root.dump(1, ' ', false, OrderedJson::error_handler_t::replace) + '\n';
}

}  // namespace

std::string WriteTokenizerJson(const Tokenizer& tokenizer) {
  const Vocabulary& v = tokenizer.vocabulary();
  OrderedJson root = {{"version", "1.0"}, {"truncation", nullptr}, {"padding", nullptr}};
  root["added_tokens"] = WriteAddedTokens(v);
  if (v.model == "byte_bpe") WriteByteLevel(v, root);
  if (v.model == "sentencepiece_bpe") WriteSentencePiece(v, root);
  if (v.model == "unigram") WriteUnigram(v, root);
  if (v.model == "wordpiece") WriteWordPiece(v, root);
  root["post_processor"] = WritePostProcessor(v);
  root["model"] = WriteModel(v);
  return Text(root);
}

Json ChatTemplatesJson(const Vocabulary& v) {
  if (v.chat_templates.empty()) return v.chat_template.empty() ? Json() : Json(v.chat_template);
  Json list = Json::array();
  if (!v.chat_template.empty())
    list.push_back({{"name", "default"}, {"template", v.chat_template}});
  for (const auto& [name, text] : v.chat_templates) {
    list.push_back({{"name", name}, {"template", text}});
  }
  return list;
}

std::string WriteTokenizerConfigJson(const Tokenizer& tokenizer) {
  const Vocabulary& v = tokenizer.vocabulary();
  OrderedJson root = {{"tokenizer_class", "PreTrainedTokenizerFast"},
                      {"clean_up_tokenization_spaces", false}};
  const auto name = [&](const char* key, std::optional<TokenId> id) {
    if (id) root[key] = v.tokens[*id];
  };
  name("bos_token", v.bos);
  name("eos_token", v.eos);
  name("unk_token", v.unknown);
  name("pad_token", v.padding);
  if (v.model == "wordpiece") name("cls_token", v.bos);
  name("sep_token", v.separator);
  name("mask_token", v.mask);
  if (const Json chat = ChatTemplatesJson(v); !chat.is_null()) root["chat_template"] = chat;
  return Text(root);
}

}  // namespace parvis::text
