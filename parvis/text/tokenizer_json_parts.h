#ifndef PARVIS_TEXT_TOKENIZER_JSON_PARTS_H_
#define PARVIS_TEXT_TOKENIZER_JSON_PARTS_H_

#include <cstdint>
#include <map>
#include <string>

#include "parvis/core/json.h"
#include "parvis/text/tokenizer.h"

namespace parvis::text {

// For the readers of tokenizer files only: shared looks into JSON, and what tokenizer.json says
// around the model (how text is prepared and put together again).

// A refusal of the file by its field.
Status RefuseField(const std::string& field, const std::string& why);

// Looks into JSON of any shape.
bool IsNull(const Json& json, const char* key);  // or missing
bool IsType(const Json& json, const char* type);
bool Flag(const Json& json, const char* key, bool otherwise);

using TokensById = std::map<int64_t, std::string>;

// Adds a token; refuses an id that is none or is taken.
Status AddToken(const Json& id, const std::string& token, const std::string& field,
                TokensById& tokens);

// Puts tokens and kinds into `v`; refuses ids that leave a gap. REQUIRES: v.model and v.added.
Status ListTokens(const TokensById& tokens, const std::string& field, Vocabulary& v);

// Read normalizer, pre_tokenizer and decoder into `v`, or refuse them unless Parvis computes
// exactly what they say. REQUIRES: root["model"] is an object.
Status ReadByteLevel(const Json& root, const TokensById& tokens, Vocabulary& v);
Status ReadSentencePiece(const Json& root, const TokensById& tokens, Vocabulary& v);

}  // namespace parvis::text

#endif  // PARVIS_TEXT_TOKENIZER_JSON_PARTS_H_
