// GPT-2's older pair of files: vocab.json (also called encoder.json) and merges.txt (vocab.bpe).

#include <algorithm>

#include "parvis/text/tokenizer.h"
#include "parvis/text/tokenizer_json_parts.h"

namespace parvis::text {
namespace {

Status ReadMergeLines(std::string_view text, Vocabulary& v) {
  for (size_t at = 0, number = 1; at < text.size(); ++number) {
    const size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    at = end + 1;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || (number == 1 && line.starts_with("#version"))) continue;
    const size_t space = line.find(' ');
    if (space == line.npos || space == 0 || space + 1 == line.size() ||
        line.find(' ', space + 1) != line.npos) {
      return RefuseField("line " + std::to_string(number),
                         "is not two tokens with a space between");
    }
    v.merges.emplace_back(line.substr(0, space), line.substr(space + 1));
  }
  return {};
}

// RoBERTa's texts stand in <s> … </s>, two of them with </s></s> between.
void MakeRoberta(Vocabulary& v) {
  const auto find = [&](std::string_view name) -> std::optional<TokenId> {
    const auto at = std::find(v.tokens.begin(), v.tokens.end(), name);
    if (at == v.tokens.end()) return std::nullopt;
    return static_cast<TokenId>(at - v.tokens.begin());
  };
  v.bos = find("<s>");
  v.eos = v.separator = find("</s>");
  v.padding = find("<pad>");
  v.mask = find("<mask>");
  for (const char* name : {"<s>", "<pad>", "</s>", "<unk>", "<mask>"}) {
    const auto id = find(name);
    if (!id) continue;
    v.added.push_back({.id = *id,
                       .content = name,
                       .special = true,
                       .lstrip = std::string_view(name) == "<mask>"});
    v.kinds[*id] = TokenKind::kControl;
  }
  if (!v.bos || !v.eos) return;
  using Kind = TemplatePart::Kind;
  v.add_bos = v.add_eos = v.trim_offsets = true;
  v.trim_keeps_prefix = v.add_prefix_space;
  v.pair = {{Kind::kToken, *v.bos, 0}, {Kind::kFirst, -1, 0},  {Kind::kToken, *v.eos, 0},
            {Kind::kToken, *v.eos, 0}, {Kind::kSecond, -1, 0}, {Kind::kToken, *v.eos, 0}};
}

// Which of the families' pairs of files it is.
Status ReadFamily(std::string_view text, Vocabulary& v) {
  PARVIS_ASSIGN_OR_RETURN(const Json config, ParseTokenizerConfig(text));
  const Json name = config.value("tokenizer_class", Json());
  const auto has = [&](const char* token) {
    return std::find(v.tokens.begin(), v.tokens.end(), token) != v.tokens.end();
  };
  v.add_prefix_space = Flag(config, "add_prefix_space", false);
  if (name == "RobertaTokenizer" || name == "RobertaTokenizerFast" ||
      (name.is_null() && has("<s>") && has("</s>") && has("<mask>"))) {
    MakeRoberta(v);
  } else if (name == "Qwen2Tokenizer" || name == "Qwen2TokenizerFast") {
    v.pre_tokenizer = "qwen2";
    v.normalizer = {{.kind = NormalizerStep::Kind::kNfc}};
  } else if (!name.is_null() && name != "GPT2Tokenizer" && name != "GPT2TokenizerFast" &&
             name != "PreTrainedTokenizerFast") {
    return Unimplemented("tokenizer_config.json: tokenizer_class " + name.dump().substr(0, 40) +
                         " is not one whose vocab.json Parvis reads");
  }
  PARVIS_RETURN_IF_ERROR(ReadAddedTokensDecoder(config, v));
  AddNamedTokens(config, v);
  PARVIS_RETURN_IF_ERROR(ReadTokenizerConfig(text, v));
  GuessSpecialTokens(v);
  return {};
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> ReadVocabAndMerges(std::string_view vocab_json,
                                                      std::string_view merges_txt,
                                                      std::string_view config) {
  const Result<Json> vocab = ParseJson(vocab_json);
  if (!vocab.ok()) return vocab.status().In("vocab.json");
  if (!vocab->is_object()) return DataLoss("vocab.json: is not a JSON object");
  Vocabulary v;
  v.model = "byte_bpe";
  v.pre_tokenizer = "gpt2";
  TokensById tokens;
  for (const auto& [token, id] : vocab->items()) {
    const Status added = AddToken(id, token, "[\"" + token.substr(0, 40) + "\"]", tokens);
    if (!added.ok()) return added.In("vocab.json");
    if (token != "<|endoftext|>") continue;
    v.bos = v.eos = id.get<TokenId>();
    v.added.push_back({.id = *v.eos, .content = token, .special = true});
  }
  if (const Status listed = ListTokens(tokens, "ids", v); !listed.ok()) {
    return listed.In("vocab.json");
  }
  if (const Status read = ReadMergeLines(merges_txt, v); !read.ok()) return read.In("merges.txt");
  PARVIS_RETURN_IF_ERROR(ReadFamily(config, v));
  Result<std::unique_ptr<Tokenizer>> made = MakeTokenizer(std::move(v));
  if (!made.ok()) return made.status().In("vocab.json, merges.txt");
  return made;
}

}  // namespace parvis::text
