#include "parvis/chat/prompt.h"

#include <algorithm>

#include "parvis/chat/text_operations.h"
#include "parvis/text/utf8.h"

namespace parvis::chat {
namespace {

// JSON of a conversation: bytes while it is read, before the template's own limits count.
constexpr size_t kMaxConversationBytes = size_t{1} << 30;

bool IsBlank(std::string_view text) {
  const ByteRange kept = Stripped(text, nullptr, Side::kBoth);
  return kept.begin == kept.end;
}

}  // namespace

Prompter::Prompter(const text::Tokenizer& tokenizer, Template chat_template)
    : tokenizer_(&tokenizer), template_(std::move(chat_template)) {
  for (const text::AddedToken& added : tokenizer.vocabulary().added) {
    const bool written = template_.literals().find(added.content) != std::string::npos;
    if (!added.special && written && !IsBlank(added.content)) control_.push_back(added.id);
  }
  std::sort(control_.begin(), control_.end());
}

Result<Prompter> Prompter::With(const text::Tokenizer& tokenizer, std::string_view source) {
  PARVIS_ASSIGN_OR_RETURN(Template parsed, Template::Parse(source));
  return Prompter(tokenizer, std::move(parsed));
}

Result<Prompter> Prompter::Of(const text::Tokenizer& tokenizer, std::string_view name) {
  const text::Vocabulary& v = tokenizer.vocabulary();
  for (const auto& [own, source] : v.chat_templates) {
    if (own == name) return With(tokenizer, source);
  }
  if (v.chat_template.empty()) return NotFound("the model has no chat template");
  return With(tokenizer, v.chat_template);
}

Result<Prompt> Prompter::Make(const Conversation& conversation, Heap& heap,
                              const Limits& limits) const {
  Prompt prompt;
  PARVIS_ASSIGN_OR_RETURN(prompt.text, RenderConversation(template_, tokenizer_->vocabulary(),
                                                          conversation, heap, limits));
  if (prompt.text.bytes.size() > text::kMaxTextBytes) {
    return InvalidArgument("the prompt is too long");
  }
  if (!text::IsValidUtf8(prompt.text.bytes)) return Internal("the prompt is not UTF-8");
  text::CallerText caller;
  caller.control = control_;
  for (const ByteRange& range : prompt.text.caller) {
    caller.ranges.emplace_back(range.begin, range.end);
  }
  prompt.ids = tokenizer_
                   ->Encode(prompt.text.bytes,
                            {.add_special = false, .parse_special = true, .caller = &caller})
                   .ids;
  return prompt;
}

Result<Prompt> Prompter::Make(std::string_view conversation_json) const {
  Heap heap(kMaxConversationBytes);
  PARVIS_ASSIGN_OR_RETURN(const Conversation conversation,
                          ReadConversation(conversation_json, heap));
  return Make(conversation, heap);
}

}  // namespace parvis::chat
