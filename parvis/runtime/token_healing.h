#ifndef PARVIS_RUNTIME_TOKEN_HEALING_H_
#define PARVIS_RUNTIME_TOKEN_HEALING_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "parvis/runtime/constraint.h"
#include "parvis/text/tokenizer.h"

namespace parvis::runtime {

// A prompt that ends within a word, or at a line's end, has last tokens that no text has which goes
// on from there: "retur" is never followed by "n", since "return" is one token. Takes such tokens
// away from the end of `prompt`, four at most, and returns their bytes:
// GenerateRequest::begins_with of a request for the rest, which then may begin with a longer token.
// Empty: no token of the vocabulary is longer than the prompt's end, or the end would be no whole
// characters; `prompt` is as it was then. Keeps at least one token. Lundberg, "The Art of Prompt
// Design: Prompt Boundaries and Token Healing", 2023.
std::string TakeBackEnd(const text::Tokenizer& tokenizer, std::vector<int32_t>& prompt);

// Answers that begin with these bytes, whatever tokens they are made of, and go on as they like.
std::shared_ptr<const Constraint> BeginsWith(std::shared_ptr<const text::Tokenizer> tokenizer,
                                             std::string bytes);

}  // namespace parvis::runtime

#endif  // PARVIS_RUNTIME_TOKEN_HEALING_H_
