#include "parvis/cli/chat_flags.h"

#include "parvis/chat/limits.h"
#include "parvis/core/file.h"

namespace parvis::cli {

void ChatFlags::AddTo(FlagSet& flags) {
  flags.Add("--chat-template", &template_path, "Use the template in this file (Jinja)");
  flags.Add("--no-chat", &no_chat, "Go on with the text as it is, without a template");
}

Result<std::optional<chat::Prompter>> ChatFlags::Open(const text::Tokenizer& tokenizer,
                                                      bool tools) const {
  using Found = std::optional<chat::Prompter>;
  if (no_chat) return Found();
  if (!template_path.empty()) {
    PARVIS_ASSIGN_OR_RETURN(const std::string source,
                            ReadFile(template_path, chat::kMaxTemplateBytes));
    auto made = chat::Prompter::With(tokenizer, source);
    if (!made.ok()) return made.status().In(template_path);
    return Found(std::move(made).value());
  }
  auto made = chat::Prompter::Of(tokenizer, tools ? "tool_use" : "");
  if (made.ok()) return Found(std::move(made).value());
  if (made.status().code() == StatusCode::kNotFound) return Found();
  return made.status();
}

Result<chat::Prompter> ChatFlags::Need(const text::Tokenizer& tokenizer, bool tools) const {
  PARVIS_ASSIGN_OR_RETURN(auto prompter, Open(tokenizer, tools));
  if (prompter) return std::move(*prompter);
  return InvalidArgument(
      "the model has no chat template, so it cannot read messages; "
      "--chat-template gives it one");
}

void Dialogue::Add(const char* role, const std::string& content) {
  messages_.push_back({{"role", role}, {"content", content}});
}

void Dialogue::TakeBack() {
  if (!messages_.empty()) messages_.erase(messages_.size() - 1);
}

void Dialogue::Clear() {
  messages_ = OrderedJson::array();
  if (!system_.empty()) Add("system", system_);
}

Result<chat::Prompt> Dialogue::Prompt(const chat::Prompter& prompter) const {
  // Bytes that are no UTF-8 become U+FFFD, as tokenisers read them.
  return prompter.Make(messages_.dump(-1, ' ', false, OrderedJson::error_handler_t::replace));
}

}  // namespace parvis::cli
