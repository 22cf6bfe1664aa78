// The "tokenizer.*" keys of a GGUF file, to and from parvis/text.

#include <cmath>
#include <utility>

#include "parvis/core/byte_reader.h"
#include "parvis/formats/gguf.h"

namespace parvis::formats {
namespace {

using text::TokenId;
using text::TokenKind;
using text::Vocabulary;

// Above every published vocabulary; bounds what a small hostile file can make us allocate.
constexpr uint64_t kMaxTokens = 524'288;
constexpr uint64_t kMaxMerges = 1'048'576;

// GGUF's names of pre-tokenisers. Where two stand for one of ours the first is written.
struct PreName {
  std::string_view gguf, parvis;
};
constexpr PreName kPreNames[] = {
    {"gpt-2", "gpt2"},    {"default", "gpt2"},    {"llama-bpe", "llama3"},
    {"llama3", "llama3"}, {"llama-v3", "llama3"}, {"qwen2", "qwen2"},
};

Status Refuse(const GgufField& field, const std::string& why) {
  return ByteReader::Refuse(field.key, why, field.offset);
}

Status ReadTokens(const GgufFile& gguf, Vocabulary& v) {
  const GgufField* tokens = gguf.Find("tokenizer.ggml.tokens");
  if (tokens == nullptr) {
    return ByteReader::Refuse("tokenizer.ggml.tokens", "the key is missing", 0);
  }
  if (tokens->count == 0 || tokens->count > kMaxTokens) {
    return Refuse(*tokens, std::to_string(tokens->count) + " tokens, 1 to " +
                               std::to_string(kMaxTokens) + " are read");
  }
  const auto texts = tokens->Texts();
  if (!texts.has_value()) return Refuse(*tokens, "not an array of strings");
  v.tokens.assign(texts->begin(), texts->end());
  return {};
}

// An array of numbers with one for each token.
Result<std::vector<double>> PerToken(const GgufField& field, const Vocabulary& v) {
  if (field.count != v.tokens.size()) {
    return Refuse(field, std::to_string(field.count) + " elements for " +
                             std::to_string(v.tokens.size()) + " tokens");
  }
  auto numbers = field.Numbers();
  if (!numbers.has_value()) return Refuse(field, "not an array of numbers");
  return std::move(*numbers);
}

Status ReadKinds(const GgufFile& gguf, Vocabulary& v) {
  v.kinds.assign(v.tokens.size(), TokenKind::kNormal);
  const GgufField* types = gguf.Find("tokenizer.ggml.token_type");
  if (types == nullptr) return {};
  PARVIS_ASSIGN_OR_RETURN(const std::vector<double> numbers, PerToken(*types, v));
  constexpr TokenKind kKinds[] = {TokenKind::kNormal,      TokenKind::kUnknown, TokenKind::kControl,
                                  TokenKind::kUserDefined, TokenKind::kUnused,  TokenKind::kByte};
  for (size_t id = 0; id < numbers.size(); ++id) {
    const double number = numbers[id];
    if (!(number >= 1 && number <= 6) || number != std::floor(number)) {
      return Refuse(*types, "token " + std::to_string(id) + " is of no known type");
    }
    v.kinds[id] = kKinds[static_cast<int>(number) - 1];
    if (v.kinds[id] == TokenKind::kControl || v.kinds[id] == TokenKind::kUserDefined) {
      v.added.push_back({.id = static_cast<TokenId>(id),
                         .content = v.tokens[id],
                         .special = v.kinds[id] == TokenKind::kControl});
    }
  }
  return {};
}

Status ReadScores(const GgufFile& gguf, Vocabulary& v) {
  const GgufField* scores = gguf.Find("tokenizer.ggml.scores");
  if (scores == nullptr) {
    return ByteReader::Refuse("tokenizer.ggml.scores", "the key is missing", 0);
  }
  PARVIS_ASSIGN_OR_RETURN(const std::vector<double> numbers, PerToken(*scores, v));
  v.scores.assign(numbers.begin(), numbers.end());
  return {};
}

Status ReadMerges(const GgufFile& gguf, Vocabulary& v) {
  const GgufField* merges = gguf.Find("tokenizer.ggml.merges");
  if (merges == nullptr) {
    return ByteReader::Refuse("tokenizer.ggml.merges", "the key is missing", 0);
  }
  if (merges->count > kMaxMerges) {
    return Refuse(*merges, std::to_string(merges->count) + " merges, at most " +
                               std::to_string(kMaxMerges) + " are read");
  }
  const auto texts = merges->Texts();
  if (!texts.has_value()) return Refuse(*merges, "not an array of strings");
  v.merges.reserve(texts->size());
  for (size_t i = 0; i < texts->size(); ++i) {
    const std::string_view line = (*texts)[i];
    const size_t space = line.find(' ', 1);
    if (space == std::string_view::npos || space + 1 == line.size()) {
      return Refuse(*merges, "merge " + std::to_string(i) + " is not two tokens");
    }
    v.merges.emplace_back(line.substr(0, space), line.substr(space + 1));
  }
  return {};
}

Status ReadId(const GgufFile& gguf, const std::string& name, std::optional<TokenId>& id) {
  const GgufField* field = gguf.Find("tokenizer.ggml." + name + "_token_id");
  if (field == nullptr) return {};
  const std::optional<int64_t> number = field->Int();
  // Some writers mean "none" by all bits set.
  if (number == -1 || number == UINT32_MAX) return {};
  if (!number.has_value() || *number < 0 || *number > INT32_MAX) {
    return Refuse(*field, "not a token id");
  }
  id = static_cast<TokenId>(*number);
  return {};
}

Status ReadFlag(const GgufFile& gguf, std::string_view key, bool& flag) {
  const GgufField* field = gguf.Find(key);
  if (field == nullptr) return {};
  const std::optional<bool> value = field->Bool();
  if (!value.has_value()) return Refuse(*field, "not a bool");
  flag = *value;
  return {};
}

Status ReadTextField(const GgufFile& gguf, std::string_view key, std::string& text) {
  const GgufField* field = gguf.Find(key);
  if (field == nullptr) return {};
  const std::optional<std::string_view> value = field->Text();
  if (!value.has_value()) return Refuse(*field, "not a string");
  text = *value;
  return {};
}

// What llama.cpp assumes where a file says nothing.
Status ReadModel(const GgufFile& gguf, const std::string& model, Vocabulary& v) {
  if (model == "llama") {
    v.model = "sentencepiece_bpe";
    v.add_bos = true;
    v.add_prefix_space = true;
    return ReadScores(gguf, v);
  }
  if (model != "gpt2") {
    return Unimplemented("tokenizer.ggml.model: \"" + model.substr(0, 40) +
                         "\" is not one that Parvis computes");
  }
  v.model = "byte_bpe";
  std::string pre = "default";
  PARVIS_RETURN_IF_ERROR(ReadTextField(gguf, "tokenizer.ggml.pre", pre));
  for (const PreName& name : kPreNames) {
    if (name.gguf == pre) v.pre_tokenizer = name.parvis;
  }
  if (v.pre_tokenizer.empty()) {
    return Unimplemented("tokenizer.ggml.pre: \"" + pre.substr(0, 40) +
                         "\" is not one that Parvis computes");
  }
  v.add_bos = v.ignore_merges = v.pre_tokenizer == "llama3";
  return ReadMerges(gguf, v);
}

}  // namespace

Result<std::shared_ptr<const text::Tokenizer>> TokenizerFromGguf(const GgufFile& gguf) {
  std::string model;
  PARVIS_RETURN_IF_ERROR(ReadTextField(gguf, "tokenizer.ggml.model", model));
  if (model.empty() || model == "none" || model == "no_vocab") {
    return std::shared_ptr<const text::Tokenizer>();
  }
  Vocabulary v;
  PARVIS_RETURN_IF_ERROR(ReadTokens(gguf, v));
  PARVIS_RETURN_IF_ERROR(ReadKinds(gguf, v));
  PARVIS_RETURN_IF_ERROR(ReadModel(gguf, model, v));
  PARVIS_RETURN_IF_ERROR(ReadId(gguf, "bos", v.bos));
  PARVIS_RETURN_IF_ERROR(ReadId(gguf, "eos", v.eos));
  PARVIS_RETURN_IF_ERROR(ReadId(gguf, "unknown", v.unknown));
  PARVIS_RETURN_IF_ERROR(ReadId(gguf, "padding", v.padding));
  v.add_bos = v.add_bos && v.bos.has_value();  // what is only assumed asks for nothing impossible
  PARVIS_RETURN_IF_ERROR(ReadFlag(gguf, "tokenizer.ggml.add_bos_token", v.add_bos));
  PARVIS_RETURN_IF_ERROR(ReadFlag(gguf, "tokenizer.ggml.add_eos_token", v.add_eos));
  PARVIS_RETURN_IF_ERROR(ReadFlag(gguf, "tokenizer.ggml.add_space_prefix", v.add_prefix_space));
  PARVIS_RETURN_IF_ERROR(ReadFlag(gguf, "parvis.tokenizer.ignore_merges", v.ignore_merges));
  PARVIS_RETURN_IF_ERROR(ReadTextField(gguf, "tokenizer.chat_template", v.chat_template));
  Result<std::unique_ptr<text::Tokenizer>> made = text::MakeTokenizer(std::move(v));
  if (!made.ok()) {
    const GgufField* tokens = gguf.Find("tokenizer.ggml.tokens");
    return made.status().In("tokenizer.ggml.tokens at byte " + std::to_string(tokens->offset));
  }
  return std::shared_ptr<const text::Tokenizer>(std::move(made).value());
}

void AppendTokenizer(const text::Tokenizer& tokenizer, GgufMetadata& metadata) {
  const Vocabulary& v = tokenizer.vocabulary();
  const bool sentencepiece = v.model == "sentencepiece_bpe";
  const auto add = [&](const std::string& key, GgufValue value) {
    metadata.emplace_back(key, std::move(value));
  };
  add("tokenizer.ggml.model", std::string(sentencepiece ? "llama" : "gpt2"));
  std::string pre = "default";
  for (const PreName& name : kPreNames) {
    if (sentencepiece || name.parvis != v.pre_tokenizer) continue;
    pre = name.gguf;
    break;
  }
  add("tokenizer.ggml.pre", pre);
  add("tokenizer.ggml.tokens", v.tokens);
  if (sentencepiece) add("tokenizer.ggml.scores", v.scores);
  std::vector<int32_t> types;
  for (const TokenKind kind : v.kinds) types.push_back(static_cast<int32_t>(kind) + 1);
  add("tokenizer.ggml.token_type", types);
  if (!sentencepiece) {
    std::vector<std::string> merges;
    for (const auto& [left, right] : v.merges) merges.push_back(left + " " + right);
    add("tokenizer.ggml.merges", merges);
    add("parvis.tokenizer.ignore_merges", v.ignore_merges);
  }
  const auto add_id = [&](const std::string& name, const std::optional<TokenId>& id) {
    if (id) add("tokenizer.ggml." + name + "_token_id", static_cast<uint32_t>(*id));
  };
  add_id("bos", v.bos);
  add_id("eos", v.eos);
  add_id("unknown", v.unknown);
  add_id("padding", v.padding);
  add("tokenizer.ggml.add_bos_token", v.add_bos);
  add("tokenizer.ggml.add_eos_token", v.add_eos);
  add("tokenizer.ggml.add_space_prefix", v.add_prefix_space);
  if (!v.chat_template.empty()) add("tokenizer.chat_template", v.chat_template);
}

}  // namespace parvis::formats
