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
    if (space == 0 || space + 1 >= line.size() || line.find(' ', space + 1) != line.npos) {
      return RefuseField("line " + std::to_string(number),
                         "is not two tokens with a space between");
    }
    v.merges.emplace_back(line.substr(0, space), line.substr(space + 1));
  }
  return {};
}

}  // namespace

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
  Result<std::unique_ptr<Tokenizer>> made = MakeTokenizer(std::move(v));
  if (!made.ok()) return made.status().In("vocab.json, merges.txt");
  return made;
}

}  // namespace parvis::text
