#ifndef PARVIS_CLI_CHAT_FLAGS_H_
#define PARVIS_CLI_CHAT_FLAGS_H_

#include <optional>
#include <string>
#include <vector>

#include "parvis/chat/prompt.h"
#include "parvis/cli/flag_set.h"
#include "parvis/core/json.h"
#include "parvis/text/tokenizer.h"

namespace parvis::cli {

// --chat-template and --no-chat: how conversations become prompts.
struct ChatFlags {
  std::string template_path;
  bool no_chat = false;

  void AddTo(FlagSet& flags);
  // What makes prompts for a model: its own template ("tool_use" if it has one and there are
  // tools), or the given file's. None with --no-chat, and for a model without a template.
  Result<std::optional<chat::Prompter>> Open(const text::Tokenizer& tokenizer,
                                             bool tools = false) const;
  // The same where there has to be one.
  Result<chat::Prompter> Need(const text::Tokenizer& tokenizer, bool tools = false) const;
};

// The messages of a dialogue so far.
class Dialogue {
 public:
  // `system` may be empty: no such message.
  explicit Dialogue(std::string system) : system_(std::move(system)) { Clear(); }

  void Add(const char* role, const std::string& content);
  void TakeBack();  // the last message
  void Clear();
  Result<chat::Prompt> Prompt(const chat::Prompter& prompter) const;

 private:
  std::string system_;
  OrderedJson messages_;
};

}  // namespace parvis::cli

#endif  // PARVIS_CLI_CHAT_FLAGS_H_
