#ifndef PARVIS_SERVICE_PROMPT_TOKENS_H_
#define PARVIS_SERVICE_PROMPT_TOKENS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "parvis/service/loaded_model.h"
#include "parvis/service/refusal.h"

namespace parvis::service {

// A conversation as JSON: an object with "messages" and perhaps "tools" (chat/conversation.h).
struct ConversationText {
  std::string json;
  bool continues = false;                 // the model goes on with the last message
  std::optional<std::string> plain = {};  // what a model without a template reads instead
};
// The beginning and the end of a text whose middle the model is to write.
struct InfillText {
  std::string prefix, suffix;
};
// Text, tokens, a conversation that the model's template turns into tokens, or what stands around a
// middle.
using PromptSource = std::variant<std::string, std::vector<int32_t>, ConversationText, InfillText>;

// The tokens that a model reads. `name` is what the caller calls the model, `param` the part of the
// request that holds the prompt; what the check must read is added to `texts`.
OrRefusal<std::vector<int32_t>> TokensOf(const PromptSource& source, const std::string& name,
                                         const LoadedModel& model, const std::string& param,
                                         std::vector<std::string>& texts);

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_PROMPT_TOKENS_H_
