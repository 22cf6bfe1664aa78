#ifndef PARVIS_FORMATS_HF_TOKENIZER_H_
#define PARVIS_FORMATS_HF_TOKENIZER_H_

#include <memory>
#include <string>

#include "parvis/core/result.h"
#include "parvis/text/tokenizer.h"

namespace parvis::formats {

// The tokeniser of a Hugging Face folder: tokenizer.json, else a SentencePiece model (spiece.model,
// tokenizer.model), else vocab.json with merges.txt, else vocab.txt; with tokenizer_config.json,
// special_tokens_map.json, added_tokens.json and chat_template.jinja, where they are. Null if there
// is none of them.
Result<std::shared_ptr<const text::Tokenizer>> ReadHfTokenizer(const std::string& folder);

// The same of one file by its name: *.json, *.model, *.spm or vocab.txt; null if it is none of
// these. The config is looked for beside it.
Result<std::shared_ptr<const text::Tokenizer>> ReadTokenizerFile(const std::string& path);

// tokenizer.json, tokenizer_config.json and generation_config.json.
Status WriteHfTokenizer(const std::string& folder, const text::Tokenizer& tokenizer);

}  // namespace parvis::formats

#endif  // PARVIS_FORMATS_HF_TOKENIZER_H_
