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
  bool may_drop = false;  // its oldest messages, if they have no room: the caller has said so
};
// Whether the model is told of functions in it.
bool HasTools(const ConversationText& conversation);
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

// As many of a conversation's last messages, behind its first system messages, as `room` tokens
// hold; at least the last. Results of tools do not stay without the calls that they answer.
struct Fitted {
  ConversationText conversation;
  int64_t dropped = 0;  // messages
};
OrRefusal<Fitted> FitConversation(const ConversationText& whole, const std::string& name,
                                  const LoadedModel& model, const std::string& param, int64_t room);

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_PROMPT_TOKENS_H_
