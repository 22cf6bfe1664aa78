#ifndef PARVIS_RUNTIME_PROMPT_H_
#define PARVIS_RUNTIME_PROMPT_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "parvis/core/result.h"

namespace parvis::models {
struct Model;
}

namespace parvis::runtime {

// The tokens of a text that a model goes on with: with those of its beginning, and without an end,
// which would end it; a model with an encoder is told where the text ends. Empty only if the text
// is and the model has no token for a beginning. REQUIRES: the model has a tokeniser.
std::vector<int32_t> PromptTokens(const models::Model& model, std::string_view text);

// What asks a model for the middle of a text (fill in the middle).
struct InfillPrompt {
  std::vector<int32_t> tokens;
  std::vector<int32_t> ends;  // GenerateRequest::stop_tokens
};

// By the model's own marks and in the order that it wants (models/infill.h). What is written like
// one of them, or like a control token, in `prefix` or `suffix` stays text. Refuses a model that
// has no such marks and texts that are not UTF-8. REQUIRES: the model has a tokeniser.
Result<InfillPrompt> MakeInfillPrompt(const models::Model& model, std::string_view prefix,
                                      std::string_view suffix);

}  // namespace parvis::runtime

#endif  // PARVIS_RUNTIME_PROMPT_H_
