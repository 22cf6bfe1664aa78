// parvis/text to the "tokenizer.*" keys of a GGUF file.

#include <utility>

#include "parvis/formats/gguf.h"
#include "parvis/formats/gguf_tokenizer.h"
#include "parvis/text/tokenizer_parts.h"

namespace parvis::formats {
namespace {

using text::NormalizerStep;
using text::TokenId;
using text::TokenKind;
using text::Vocabulary;

constexpr float kFillerScore = -10000.0f;            // llama.cpp's
constexpr std::string_view kSpace = "\xE2\x96\x81";  // ▁

bool IsBracketed(std::string_view token) { return token.starts_with('[') && token.ends_with(']'); }

const char* ModelOf(const Vocabulary& v) {
  if (v.model == "sentencepiece_bpe") return "llama";
  if (v.model == "unigram") return "t5";
  return v.model == "wordpiece" ? "bert" : "gpt2";
}

std::string PreOf(const Vocabulary& v) {
  if (v.model != "byte_bpe") return "default";
  for (const PreName& name : kPreNames) {
    if (name.parvis == v.pre_tokenizer) return std::string(name.gguf);
  }
  return "default";
}

// The nearest that llama.cpp knows of what is done to a text; it computes as SentencePiece does.
void AppendUnigram(const Vocabulary& v, GgufMetadata& metadata) {
  bool strip = v.pre_tokenizer == "whitespace+metaspace";
  for (const NormalizerStep& step : v.normalizer) {
    strip |= step.strip || step.kind == NormalizerStep::Kind::kSquashSpaces;
    if (step.charsmap.empty()) continue;
    metadata.emplace_back("tokenizer.ggml.precompiled_charsmap",
                          std::vector<uint8_t>(step.charsmap.begin(), step.charsmap.end()));
  }
  metadata.emplace_back("tokenizer.ggml.remove_extra_whitespaces", strip);
}

std::vector<std::string> Phantoms(const Vocabulary& v) {
  std::vector<std::string> tokens;
  for (const std::string& token : v.tokens) {
    tokens.push_back(ToPhantom(token, v.continuing_prefix));
  }
  return tokens;
}

// The arrays with an element for each token, filled up to `rows`.
void AppendTokens(const Vocabulary& v, size_t rows, GgufMetadata& metadata) {
  std::vector<std::string> tokens = v.model == "wordpiece" ? Phantoms(v) : v.tokens;
  std::vector<float> scores = v.scores;
  std::vector<int32_t> types;
  for (const TokenKind kind : v.kinds) types.push_back(static_cast<int32_t>(kind) + 1);
  const size_t size = tokens.size();
  if (rows > size && rows <= kMaxTokens) {
    while (tokens.size() < rows) tokens.push_back(FillerToken(tokens.size()));
    types.resize(rows, static_cast<int32_t>(TokenKind::kUnused) + 1);
    if (!scores.empty()) scores.resize(rows, kFillerScore);
    metadata.emplace_back(kTokenizerSize, static_cast<uint32_t>(size));
  }
  metadata.emplace_back("tokenizer.ggml.tokens", std::move(tokens));
  if (!scores.empty()) metadata.emplace_back("tokenizer.ggml.scores", std::move(scores));
  metadata.emplace_back("tokenizer.ggml.token_type", std::move(types));
}

}  // namespace

std::string ToPhantom(const std::string& token, const std::string& continuing_prefix) {
  if (IsBracketed(token)) return token;
  if (token.starts_with(continuing_prefix)) return token.substr(continuing_prefix.size());
  return std::string(kSpace) + token;
}

std::string FromPhantom(const std::string& token, const std::string& continuing_prefix) {
  if (IsBracketed(token)) return token;
  if (token.starts_with(kSpace)) return token.substr(kSpace.size());
  return continuing_prefix + token;
}

std::string FillerToken(size_t id) { return "[PAD" + std::to_string(id) + "]"; }

void AppendTokenizer(const text::Tokenizer& tokenizer, GgufMetadata& metadata, size_t rows) {
  const Vocabulary& v = tokenizer.vocabulary();
  const auto add = [&](const std::string& key, GgufValue value) {
    metadata.emplace_back(key, std::move(value));
  };
  add("tokenizer.ggml.model", std::string(ModelOf(v)));
  add("tokenizer.ggml.pre", PreOf(v));
  const bool wordpiece = v.model == "wordpiece";
  std::map<TokenId, std::string> exceptions;
  if (wordpiece) {
    const std::vector<std::string> tokens = Phantoms(v);
    for (size_t id = 0; id < tokens.size(); ++id) {
      if (FromPhantom(tokens[id], "##") != v.tokens[id]) {
        exceptions.emplace(static_cast<TokenId>(id), v.tokens[id]);
      }
    }
  }
  AppendTokens(v, rows, metadata);
  if (v.model == "byte_bpe") {
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
  add_id("seperator", wordpiece ? v.eos : v.separator);  // misspelt everywhere
  add_id("padding", v.padding);
  add_id("mask", v.mask);
  add("tokenizer.ggml.add_bos_token", v.add_bos);
  add("tokenizer.ggml.add_eos_token", v.add_eos);
  add("tokenizer.ggml.add_space_prefix", v.add_prefix_space);
  if (v.model == "unigram") AppendUnigram(v, metadata);
  add(std::string(kTokenizerParts), text::WriteTokenizerParts(v, exceptions));
  if (!v.chat_template.empty()) add("tokenizer.chat_template", v.chat_template);
  std::vector<std::string> names;
  for (const auto& [name, text] : v.chat_templates) {
    add("tokenizer.chat_template." + name, text);
    names.push_back(name);
  }
  if (!names.empty()) add("tokenizer.chat_templates", names);
  if (v.end_tokens.empty()) return;
  add_id("eot", v.end_tokens[0]);
  if (v.end_tokens.size() > 1) add_id("eom", v.end_tokens[1]);
  if (v.end_tokens.size() > 2) add("parvis.tokenizer.end_token_ids", v.end_tokens);
}

}  // namespace parvis::formats
