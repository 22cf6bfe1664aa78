// BERT's vocab.txt: a token a line, its id the number of the line.

#include <algorithm>

#include "parvis/text/tokenizer.h"
#include "parvis/text/tokenizer_json_parts.h"

namespace parvis::text {
namespace {

// What the tokenisers of the BERT folders are told, as BertTokenizer reads it.
NormalizerStep ReadSettings(const Json& settings) {
  NormalizerStep bert{
      .kind = NormalizerStep::Kind::kBert, .clean_text = true, .chinese = true, .lowercase = true};
  bert.lowercase = Flag(settings, "do_lower_case", true);
  bert.chinese = Flag(settings, "tokenize_chinese_chars", true);
  bert.strip_accents = Flag(settings, "strip_accents", bert.lowercase);
  return bert;
}

Result<Vocabulary> ReadVocabulary(std::string_view text, std::string_view config) {
  Vocabulary v;
  v.model = "wordpiece";
  PARVIS_ASSIGN_OR_RETURN(const Json settings, ParseTokenizerConfig(config));
  v.normalizer.push_back(ReadSettings(settings));
  TokensById tokens;
  int64_t id = 0;
  for (size_t at = 0; at < text.size(); ++id) {
    const size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    at = end + 1;
    if (line.ends_with('\r')) line.remove_suffix(1);
    const std::string field = "line " + std::to_string(id + 1);
    if (line.empty()) return RefuseField(field, "is empty");
    PARVIS_RETURN_IF_ERROR(AddToken(Json(id), std::string(line), field, tokens));
    const bool special = line == "[PAD]" || line == "[UNK]" || line == "[CLS]" || line == "[SEP]" ||
                         line == "[MASK]";
    if (!special) continue;
    const auto here = static_cast<TokenId>(id);
    v.added.push_back({.id = here, .content = std::string(line), .special = true});
    if (line == "[UNK]") v.unknown = here;
  }
  PARVIS_RETURN_IF_ERROR(ListTokens(tokens, "lines", v));
  PARVIS_RETURN_IF_ERROR(ReadAddedTokensDecoder(settings, v));
  AddNamedTokens(settings, v);
  PARVIS_RETURN_IF_ERROR(ReadTokenizerConfig(config, v));
  GuessSpecialTokens(v);
  if (!v.unknown || !v.bos || !v.eos) {
    return DataLoss("needs the tokens [UNK], [CLS] and [SEP]");
  }
  v.add_bos = v.add_eos = true;
  using Kind = TemplatePart::Kind;
  v.pair = {{Kind::kToken, *v.bos, 0},
            {Kind::kFirst, -1, 0},
            {Kind::kToken, *v.eos, 0},
            {Kind::kSecond, -1, 1},
            {Kind::kToken, *v.eos, 1}};
  return v;
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> ReadVocabTxt(std::string_view vocab_txt,
                                                std::string_view config) {
  Result<Vocabulary> vocabulary = ReadVocabulary(vocab_txt, config);
  if (!vocabulary.ok()) return vocabulary.status().In("vocab.txt");
  Result<std::unique_ptr<Tokenizer>> made = MakeTokenizer(std::move(*vocabulary));
  if (!made.ok()) return made.status().In("vocab.txt");
  return made;
}

}  // namespace parvis::text
