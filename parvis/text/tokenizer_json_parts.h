#ifndef PARVIS_TEXT_TOKENIZER_JSON_PARTS_H_
#define PARVIS_TEXT_TOKENIZER_JSON_PARTS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

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

// The first byte whose token is missing; `token_of` tells how it is written.
std::optional<std::string> MissingByte(const TokensById& tokens,
                                       const std::function<std::string(uint8_t)>& token_of);

// The parts of a Sequence; of anything else itself.
std::vector<Json> PartsOf(const Json& json, const char* key);

// Each kind: reads normalizer, pre_tokenizer and decoder into `v`, or refuses them unless Parvis
// computes exactly what they say. REQUIRES: root["model"] is an object and has been read.
Status ReadByteLevel(const Json& root, const TokensById& tokens, Vocabulary& v);
Status ReadSentencePiece(const Json& root, const TokensById& tokens, Vocabulary& v);
Status ReadUnigram(const Json& root, Vocabulary& v);
Status ReadWordPiece(const Json& root, Vocabulary& v);
// … and writes them.
void WriteByteLevel(const Vocabulary& v, OrderedJson& root);
void WriteSentencePiece(const Vocabulary& v, OrderedJson& root);
void WriteUnigram(const Vocabulary& v, OrderedJson& root);
void WriteWordPiece(const Vocabulary& v, OrderedJson& root);

// The models that are not BPE.
Status ReadUnigramModel(const Json& model, TokensById& tokens, Vocabulary& v);
Status ReadWordPieceModel(const Json& model, TokensById& tokens, Vocabulary& v);
OrderedJson WriteUnigramModel(const Vocabulary& v, size_t size);  // of the first `size` tokens

// "added_tokens": refuses an id that is another token in `tokens`.
Status ReadAddedTokens(const Json& root, Vocabulary& v, TokensById& tokens);
OrderedJson WriteAddedTokens(const Vocabulary& v);

// A Metaspace pre-tokeniser that splits or does not.
Status ReadMetaspace(const Json& pre, bool split, Vocabulary& v);

Status ReadNormalizer(const Json& json, Vocabulary& v);  // null: none
OrderedJson WriteNormalizer(const std::vector<NormalizerStep>& steps);

Status ReadPostProcessor(const Json& post, const TokensById& tokens, Vocabulary& v);
OrderedJson WritePostProcessor(const Vocabulary& v);

// tokenizer_config.json as an object; an empty one if the text is empty or holds something else.
Result<Json> ParseTokenizerConfig(std::string_view text);
// Its names of the special tokens and its chat template.
Status ReadTokenizerConfig(std::string_view config, Vocabulary& v);
// Its added tokens, where no tokenizer.json lists them. REQUIRES: tokens and kinds are listed.
Status ReadAddedTokensDecoder(const Json& config, Vocabulary& v);
// Tokens that it names as special are found in texts as such. REQUIRES: tokens and kinds are
// listed.
void AddNamedTokens(const Json& config, Vocabulary& v);
// The names that everybody uses tell special tokens where nothing else does.
void GuessSpecialTokens(Vocabulary& v);

}  // namespace parvis::text

#endif  // PARVIS_TEXT_TOKENIZER_JSON_PARTS_H_
