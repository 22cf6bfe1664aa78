#ifndef PARVIS_TEXT_TOKENIZER_PARTS_H_
#define PARVIS_TEXT_TOKENIZER_PARTS_H_

#include <map>
#include <string>
#include <string_view>

#include "parvis/core/status.h"
#include "parvis/text/vocabulary.h"

namespace parvis::text {

// What a file format has no fields for, as one JSON object: how text is prepared, which tokens
// stand around it, how added tokens are found. The normaliser's table of characters is not in it
// (the file has it elsewhere), nor anything of a normaliser that is SentencePiece's own.
// `tokens`: those that the file does not hold exactly, by id.
std::string WriteTokenizerParts(const Vocabulary& v, const std::map<TokenId, std::string>& tokens);

// Puts the parts into `v`, which the rest of the file has filled in. Refuses by field.
Status ReadTokenizerParts(std::string_view json, Vocabulary& v);

}  // namespace parvis::text

#endif  // PARVIS_TEXT_TOKENIZER_PARTS_H_
