#ifndef PARVIS_CHAT_CONVERSATION_H_
#define PARVIS_CHAT_CONVERSATION_H_

#include <ctime>
#include <optional>
#include <string>
#include <string_view>

#include "parvis/chat/template.h"
#include "parvis/core/result.h"

namespace parvis::text {
struct Vocabulary;
}

namespace parvis::chat {

// What a template is given. The values lie in the heap that RenderConversation is given.
struct Conversation {
  Value messages;                       // a list of dicts with "role" and mostly "content"
  Value tools = Value::None();          // a list of dicts, or none
  Value documents = Value::None();      // likewise
  Template::Variables variables;        // more, by name: what a template asks for by itself
  bool add_generation_prompt = true;    // end with the beginning of an answer
  bool continue_final_message = false;  // end within the last message, which the model goes on with
  std::optional<std::tm> now;           // the time; none: the clock's
};

// Takes a conversation from JSON: a list of messages, or an object with "messages" and perhaps
// "tools", "documents" and "chat_template_kwargs", an object of further variables. Refuses
// variables that would stand for what the template is given anyway.
Result<Conversation> ReadConversation(std::string_view json, Heap& heap);

// The prompt of a conversation, as transformers' apply_chat_template renders it: entries that are
// null are left out of messages, and what a model thought ("reasoning_content", "thinking",
// "reasoning") is known by all of its names. bos_token and its like are `vocabulary`'s.
Result<MarkedText> RenderConversation(const Template& chat_template,
                                      const text::Vocabulary& vocabulary,
                                      const Conversation& conversation, Heap& heap,
                                      const Limits& limits = {});

}  // namespace parvis::chat

#endif  // PARVIS_CHAT_CONVERSATION_H_
