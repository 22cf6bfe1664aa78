#ifndef PARVIS_RUNTIME_PROMPT_H_
#define PARVIS_RUNTIME_PROMPT_H_

#include <cstdint>
#include <string_view>
#include <vector>

namespace parvis::models {
struct Model;
}

namespace parvis::runtime {

// The tokens of a text that a model goes on with: with those of its beginning, and without an end,
// which would end it; a model with an encoder is told where the text ends. Empty only if the text
// is and the model has no token for a beginning. REQUIRES: the model has a tokeniser.
std::vector<int32_t> PromptTokens(const models::Model& model, std::string_view text);

}  // namespace parvis::runtime

#endif  // PARVIS_RUNTIME_PROMPT_H_
