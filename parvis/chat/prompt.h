#ifndef PARVIS_CHAT_PROMPT_H_
#define PARVIS_CHAT_PROMPT_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parvis/chat/conversation.h"
#include "parvis/chat/marked_text.h"
#include "parvis/chat/template.h"
#include "parvis/core/result.h"
#include "parvis/text/tokenizer.h"

namespace parvis::chat {

// A conversation as a model reads it.
struct Prompt {
  MarkedText text;
  std::vector<text::TokenId> ids;
};

// A template with the tokeniser of its model. Immutable; safe to use from several threads. The
// tokeniser must outlive it.
class Prompter {
 public:
  // The model's own template: `name` of several ("tool_use"), or the usual one if there is none of
  // that name. kNotFound: the model has no template.
  static Result<Prompter> Of(const text::Tokenizer& tokenizer, std::string_view name = {});
  // A template from elsewhere.
  static Result<Prompter> With(const text::Tokenizer& tokenizer, std::string_view source);

  // Renders and encodes a conversation of `heap`. No begin or end is added: templates write them.
  // Only the template can write control tokens: the special ones, and added ones whose text the
  // template contains (text/caller_text.h).
  Result<Prompt> Make(const Conversation& conversation, Heap& heap,
                      const Limits& limits = {}) const;
  // The same for JSON (conversation.h).
  Result<Prompt> Make(std::string_view conversation_json) const;

  const Template& chat_template() const { return template_; }

 private:
  Prompter(const text::Tokenizer& tokenizer, Template chat_template);

  const text::Tokenizer* tokenizer_;
  Template template_;
  std::vector<text::TokenId> control_;  // in order
};

}  // namespace parvis::chat

#endif  // PARVIS_CHAT_PROMPT_H_
