// The "tokenizer.*" keys of a GGUF file, to and from parvis/text.

#include "parvis/formats/gguf_tokenizer.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "parvis/core/byte_reader.h"
#include "parvis/formats/gguf.h"
#include "parvis/text/tokenizer_parts.h"

namespace parvis::formats {
namespace {

using text::AddedToken;
using text::TokenId;
using text::TokenKind;
using text::Vocabulary;

constexpr uint64_t kMaxCharsmapBytes = 8 << 20;
constexpr uint64_t kMaxMerges = 1'048'576;

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

// WordPiece tokens as llama.cpp's converter writes them: "▁" begins a word, nothing goes on with
// one, brackets stay as they are.
Status ReadWordPiece(const GgufFile& gguf, Vocabulary& v) {
  v.model = "wordpiece";
  for (std::string& token : v.tokens) token = FromPhantom(token, v.continuing_prefix);
  for (AddedToken& added : v.added) added.content = v.tokens[added.id];
  v.normalizer = {{.kind = text::NormalizerStep::Kind::kBert,
                   .clean_text = true,
                   .chinese = true,
                   .strip_accents = true,
                   .lowercase = true}};
  v.add_bos = v.add_eos = true;
  PARVIS_RETURN_IF_ERROR(ReadId(gguf, "cls", v.bos));
  v.eos = v.separator;
  return {};
}

Status ReadUnigram(const GgufFile& gguf, Vocabulary& v) {
  v.model = "unigram";
  v.add_eos = true;
  v.add_prefix_space = true;
  text::NormalizerStep step{.kind = text::NormalizerStep::Kind::kSentencePiece, .prefix = true};
  PARVIS_RETURN_IF_ERROR(ReadFlag(gguf, "tokenizer.ggml.add_space_prefix", step.prefix));
  PARVIS_RETURN_IF_ERROR(ReadFlag(gguf, "tokenizer.ggml.remove_extra_whitespaces", step.strip));
  if (const GgufField* map = gguf.Find("tokenizer.ggml.precompiled_charsmap")) {
    if (!map->is_array || (map->type != GgufType::kU8 && map->type != GgufType::kI8)) {
      return Refuse(*map, "not an array of bytes");
    }
    if (map->count > kMaxCharsmapBytes) return Refuse(*map, "longer than 8 MiB");
    step.charsmap.assign(reinterpret_cast<const char*>(map->data.data()), map->count);
  }
  v.normalizer.push_back(std::move(step));
  return ReadScores(gguf, v);
}

Status ReadByteBpe(const GgufFile& gguf, Vocabulary& v) {
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
  // Qwen's own files bring a text into this form first; GGUF has no key for it.
  if (pre == "qwen2") v.normalizer = {{.kind = text::NormalizerStep::Kind::kNfc}};
  return ReadMerges(gguf, v);
}

// What llama.cpp assumes where a file says nothing.
Status ReadModel(const GgufFile& gguf, const std::string& model, Vocabulary& v) {
  if (model == "bert") return ReadWordPiece(gguf, v);
  if (model == "t5") return ReadUnigram(gguf, v);
  if (model == "gpt2") return ReadByteBpe(gguf, v);
  if (model != "llama") {
    return Unimplemented("tokenizer.ggml.model: \"" + model.substr(0, 40) +
                         "\" is not one that Parvis computes");
  }
  v.model = "sentencepiece_bpe";
  v.add_bos = true;
  v.add_prefix_space = true;
  return ReadScores(gguf, v);
}

// The ids that llama.cpp takes where a file names none.
void AssumeIds(Vocabulary& v) {
  const auto assume = [&](std::optional<TokenId>& id, TokenId value) {
    if (!id && static_cast<size_t>(value) < v.tokens.size()) id = value;
  };
  if (v.model == "unigram") {
    assume(v.eos, 1);
    assume(v.unknown, 2);
  }
  if (v.model != "wordpiece") return;
  assume(v.bos, 101);
  assume(v.separator, 102);
  assume(v.unknown, 100);
  v.eos = v.separator;
}

// Files do not always say that the special tokens are special.
void MarkSpecial(Vocabulary& v) {
  if (v.model != "wordpiece" && v.model != "unigram") return;
  for (const auto& id : {v.bos, v.eos, v.padding, v.mask, v.separator}) {
    if (!id || static_cast<size_t>(*id) >= v.tokens.size() || v.kinds[*id] == TokenKind::kControl ||
        id == v.unknown) {
      continue;
    }
    v.kinds[*id] = TokenKind::kControl;
    std::erase_if(v.added, [&](const AddedToken& added) { return added.id == *id; });
    v.added.push_back({.id = *id, .content = v.tokens[*id], .special = true});
  }
  if (v.unknown && static_cast<size_t>(*v.unknown) < v.tokens.size()) {
    v.kinds[*v.unknown] = TokenKind::kUnknown;
  }
}

// How two texts stand together, which GGUF has no key for.
void AssumePair(Vocabulary& v) {
  using Kind = text::TemplatePart::Kind;
  if (v.model == "unigram" && v.eos) {
    v.pair = {{Kind::kFirst, -1, 0},
              {Kind::kToken, *v.eos, 0},
              {Kind::kSecond, -1, 0},
              {Kind::kToken, *v.eos, 0}};
  }
  if (v.model == "wordpiece" && v.bos && v.eos) {
    v.pair = {{Kind::kToken, *v.bos, 0},
              {Kind::kFirst, -1, 0},
              {Kind::kToken, *v.eos, 0},
              {Kind::kSecond, -1, 1},
              {Kind::kToken, *v.eos, 1}};
  }
}

// Templates of conversations, and the tokens beside eos that end an answer.
Status ReadChat(const GgufFile& gguf, Vocabulary& v) {
  constexpr std::string_view kNamed = "tokenizer.chat_template.";
  constexpr size_t kMaxTemplates = 64;
  PARVIS_RETURN_IF_ERROR(ReadTextField(gguf, "tokenizer.chat_template", v.chat_template));
  for (const GgufField& field : gguf.fields) {
    if (!field.key.starts_with(kNamed)) continue;
    const auto text = field.Text();
    if (!text.has_value()) return Refuse(field, "not a string");
    if (v.chat_templates.size() == kMaxTemplates) return Refuse(field, "more than 64 templates");
    v.chat_templates.emplace_back(field.key.substr(kNamed.size()), *text);
  }
  std::vector<TokenId> ends;
  for (const char* name : {"eot", "eom"}) {
    std::optional<TokenId> id;
    PARVIS_RETURN_IF_ERROR(ReadId(gguf, name, id));
    if (id) ends.push_back(*id);
  }
  if (const GgufField* more = gguf.Find("parvis.tokenizer.end_token_ids")) {
    const auto numbers = more->count <= v.tokens.size() ? more->Numbers() : std::nullopt;
    if (!numbers.has_value()) return Refuse(*more, "not an array of token ids");
    for (const double number : *numbers) {
      if (!(number >= 0 && number < static_cast<double>(v.tokens.size()))) {
        return Refuse(*more, "not an array of token ids");
      }
      ends.push_back(static_cast<TokenId>(number));
    }
  }
  for (const TokenId id : ends) {
    const bool known = id == v.eos || std::find(v.end_tokens.begin(), v.end_tokens.end(), id) !=
                                          v.end_tokens.end();
    if (!known && static_cast<size_t>(id) < v.tokens.size()) v.end_tokens.push_back(id);
  }
  return {};
}

// Leaves out what fills the vocabulary up to the embedding's rows: what our key says, else unused
// tokens at the end that are called as llama.cpp's converter calls its own.
Status DropFillers(const GgufFile& gguf, Vocabulary& v) {
  size_t size = v.tokens.size();
  if (const GgufField* field = gguf.Find(kTokenizerSize)) {
    const std::optional<int64_t> number = field->Int();
    if (!number.has_value() || *number < 1 || *number > static_cast<int64_t>(size)) {
      return Refuse(*field, "not a number of tokens that are there");
    }
    size = static_cast<size_t>(*number);
  } else {
    const auto is_filler = [&](size_t id) {
      return v.kinds[id] == TokenKind::kUnused && v.tokens[id] == FillerToken(id);
    };
    while (size > 1 && is_filler(size - 1)) --size;
    // Some files take a filler for the token of padding.
    for (const auto& id : {v.bos, v.eos, v.unknown, v.padding, v.mask, v.separator}) {
      if (id && static_cast<size_t>(*id) < v.tokens.size()) {
        size = std::max(size, static_cast<size_t>(*id) + 1);
      }
    }
  }
  v.tokens.resize(size);
  v.kinds.resize(size);
  if (v.scores.size() > size) v.scores.resize(size);
  std::erase_if(v.added, [&](const AddedToken& a) { return static_cast<size_t>(a.id) >= size; });
  return {};
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
  PARVIS_RETURN_IF_ERROR(ReadId(gguf, "mask", v.mask));
  PARVIS_RETURN_IF_ERROR(ReadId(gguf, "separator", v.separator));
  PARVIS_RETURN_IF_ERROR(ReadId(gguf, "seperator", v.separator));  // as it is really written
  PARVIS_RETURN_IF_ERROR(DropFillers(gguf, v));
  AssumeIds(v);
  MarkSpecial(v);
  AssumePair(v);
  v.add_eos = v.add_eos && v.eos.has_value();
  v.add_bos = v.add_bos && v.bos.has_value();  // what is only assumed asks for nothing impossible
  PARVIS_RETURN_IF_ERROR(ReadFlag(gguf, "tokenizer.ggml.add_bos_token", v.add_bos));
  PARVIS_RETURN_IF_ERROR(ReadFlag(gguf, "tokenizer.ggml.add_eos_token", v.add_eos));
  PARVIS_RETURN_IF_ERROR(ReadFlag(gguf, "tokenizer.ggml.add_space_prefix", v.add_prefix_space));
  PARVIS_RETURN_IF_ERROR(ReadFlag(gguf, "parvis.tokenizer.ignore_merges", v.ignore_merges));
  PARVIS_RETURN_IF_ERROR(ReadChat(gguf, v));
  std::string parts;
  PARVIS_RETURN_IF_ERROR(ReadTextField(gguf, kTokenizerParts, parts));
  if (!parts.empty()) {
    const Status read = text::ReadTokenizerParts(parts, v);
    if (!read.ok()) return Refuse(*gguf.Find(kTokenizerParts), read.message());
  }
  Result<std::unique_ptr<text::Tokenizer>> made = text::MakeTokenizer(std::move(v));
  if (!made.ok()) {
    const GgufField* tokens = gguf.Find("tokenizer.ggml.tokens");
    return made.status().In("tokenizer.ggml.tokens at byte " + std::to_string(tokens->offset));
  }
  return std::shared_ptr<const text::Tokenizer>(std::move(made).value());
}

}  // namespace parvis::formats
