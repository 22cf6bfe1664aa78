// Writes tokenizer.json and tokenizer_config.json so that Hugging Face's `tokenizers` makes the
// same ids of a text.

#include <algorithm>
#include <tuple>
#include <unordered_map>

#include "parvis/core/json.h"
#include "parvis/text/pretokenizer.h"
#include "parvis/text/tokenizer.h"
#include "parvis/text/utf8.h"

namespace parvis::text {
namespace {

OrderedJson Replace(const char* from, const char* to) {
  return {{"type", "Replace"}, {"pattern", {{"String", from}}}, {"content", to}};
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

// normalizer, pre_tokenizer and decoder of byte-level BPE.
void WriteByteLevel(const Vocabulary& v, OrderedJson& root) {
  const PreTokenizer pre = PreTokenizerFromName(v.pre_tokenizer).value();
  const OrderedJson bytes = {{"type", "ByteLevel"},
                             {"add_prefix_space", v.add_prefix_space},
                             {"trim_offsets", false},
                             {"use_regex", pre == PreTokenizer::kGpt2}};
  root["normalizer"] = nullptr;
  if (pre == PreTokenizer::kGpt2) {
    root["pre_tokenizer"] = bytes;
  } else {
    const OrderedJson split = {{"type", "Split"},
                               {"pattern", {{"Regex", PatternOf(pre)}}},
                               {"behavior", "Isolated"},
                               {"invert", false}};
    root["pre_tokenizer"] = {{"type", "Sequence"},
                             {"pretokenizers", OrderedJson::array({split, bytes})}};
  }
  root["decoder"] = {{"type", "ByteLevel"},
                     {"add_prefix_space", true},
                     {"trim_offsets", true},
                     {"use_regex", true}};
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
  root["decoder"] = {{"type", "Sequence"}, {"decoders", decoders}};
}

OrderedJson WritePostProcessor(const Vocabulary& v) {
  if (!v.add_bos && !v.add_eos) return nullptr;
  OrderedJson specials = OrderedJson::object();
  const auto add_special = [&](TokenId id, int type, OrderedJson& pieces) {
    const std::string& name = v.tokens[id];
    pieces.push_back({{"SpecialToken", {{"id", name}, {"type_id", type}}}});
    specials[name] = {
        {"id", name}, {"ids", OrderedJson::array({id})}, {"tokens", OrderedJson::array({name})}};
  };
  const auto add_sequence = [&](const char* name, int type, OrderedJson& pieces) {
    if (v.add_bos) add_special(*v.bos, type, pieces);
    pieces.push_back({{"Sequence", {{"id", name}, {"type_id", type}}}});
    if (v.add_eos) add_special(*v.eos, type, pieces);
  };
  OrderedJson single = OrderedJson::array(), pair = OrderedJson::array();
  add_sequence("A", 0, single);
  add_sequence("A", 0, pair);
  add_sequence("B", 1, pair);
  return {{"type", "TemplateProcessing"},
          {"single", single},
          {"pair", pair},
          {"special_tokens", specials}};
}

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

OrderedJson WriteModel(const Vocabulary& v, bool sentencepiece) {
  std::vector<bool> is_added(v.tokens.size(), false);
  for (const AddedToken& added : v.added) is_added[added.id] = true;
  // Added tokens behind all others are no part of the model; those between keep their ids only if
  // the model has them.
  size_t size = v.tokens.size();
  while (size > 0 && is_added[size - 1]) --size;
  OrderedJson vocab = OrderedJson::object();
  // Tokens are unique; the object's own insertion would look for each one's like.
  std::vector<OrderedJson::object_t::value_type>& entries = vocab.get_ref<OrderedJson::object_t&>();
  for (size_t id = 0; id < size; ++id) entries.emplace_back(v.tokens[id], id);
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
  const bool sentencepiece = v.model == "sentencepiece_bpe";
  OrderedJson root = {{"version", "1.0"}, {"truncation", nullptr}, {"padding", nullptr}};
  root["added_tokens"] = WriteAddedTokens(v);
  if (sentencepiece) {
    WriteSentencePiece(v, root);
  } else {
    WriteByteLevel(v, root);
  }
  root["post_processor"] = WritePostProcessor(v);
  root["model"] = WriteModel(v, sentencepiece);
  return Text(root);
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
  if (!v.chat_template.empty()) root["chat_template"] = v.chat_template;
  return Text(root);
}

}  // namespace parvis::text
