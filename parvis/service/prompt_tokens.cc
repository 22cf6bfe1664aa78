#include "parvis/service/prompt_tokens.h"

#include <fmt/format.h>

#include <utility>

#include "parvis/core/json.h"
#include "parvis/runtime/prompt.h"
#include "parvis/text/tokenizer.h"

namespace parvis::service {
namespace {

// While it is read; the server's own limit of bodies is far below.
constexpr size_t kMaxConversationBytes = size_t{1} << 30;

Result<chat::Prompt> PromptOf(const chat::Prompter& prompter, const ConversationText& text) {
  if (!text.continues) return prompter.Make(text.json);
  chat::Heap heap(kMaxConversationBytes);
  PARVIS_ASSIGN_OR_RETURN(chat::Conversation conversation, chat::ReadConversation(text.json, heap));
  conversation.continue_final_message = true;
  conversation.add_generation_prompt = false;
  return prompter.Make(conversation, heap);
}

}  // namespace

bool HasTools(const ConversationText& conversation) {
  const auto json = OrderedJson::parse(conversation.json, nullptr, /*allow_exceptions=*/false);
  return json.is_object() && json.contains("tools");
}

OrRefusal<std::vector<int32_t>> TokensOf(const PromptSource& source, const std::string& name,
                                         const LoadedModel& model, const std::string& param,
                                         std::vector<std::string>& texts) {
  if (const auto* tokens = std::get_if<std::vector<int32_t>>(&source)) {
    if (model.model().tokenizer != nullptr) {
      texts.push_back(model.model().tokenizer->Decode(*tokens, false));
    }
    return *tokens;
  }
  if (const Status status = models::CheckTokenizer(model.model()); !status.ok()) {
    return Invalid("model", name + ": " + status.message());
  }
  if (const auto* around = std::get_if<InfillText>(&source)) {
    auto prompt = runtime::MakeInfillPrompt(model.model(), around->prefix, around->suffix);
    if (!prompt.ok()) {
      return Invalid("suffix", fmt::format("The model '{}' takes no 'suffix': {}.", name,
                                           prompt.status().message()));
    }
    texts.push_back(around->prefix);
    texts.push_back(around->suffix);
    return std::move(prompt->tokens);
  }
  const auto* conversation = std::get_if<ConversationText>(&source);
  const chat::Prompter* prompter = model.prompter();
  const bool plain = conversation != nullptr && prompter == nullptr && conversation->plain;
  if (conversation == nullptr || plain) {
    const std::string& text = plain ? *conversation->plain : std::get<std::string>(source);
    texts.push_back(text);
    return runtime::PromptTokens(model.model(), text);
  }
  if (prompter == nullptr) {
    return Invalid("messages",
                   fmt::format("The model '{}' cannot read messages: {}. Completions work with it.",
                               name, model.why_no_chat()),
                   "no_chat_template");
  }
  auto prompt = PromptOf(*prompter, *conversation);
  if (!prompt.ok()) return Invalid(param, prompt.status().message());
  texts.push_back(std::move(prompt->text.bytes));
  return std::move(prompt->ids);
}

OrRefusal<Fitted> FitConversation(const ConversationText& whole, const std::string& name,
                                  const LoadedModel& model, const std::string& param,
                                  int64_t room) {
  const OrderedJson all = OrderedJson::parse(whole.json);
  const OrderedJson& messages = all["messages"];
  size_t first = 0;  // that may go
  while (first < messages.size() && messages[first]["role"] == "system") ++first;
  // What is left without `count` messages behind the first ones.
  const auto without = [&](size_t count) {
    size_t next = first + count;
    while (next + 1 < messages.size() && messages[next]["role"] == "tool") ++next;
    Fitted fitted{whole, static_cast<int64_t>(next - first)};
    OrderedJson rest = all;
    auto& list = rest["messages"];
    list.erase(list.begin() + static_cast<std::ptrdiff_t>(first),
               list.begin() + static_cast<std::ptrdiff_t>(next));
    fitted.conversation.json = rest.dump();
    return fitted;
  };
  // Fewer messages are fewer tokens, so the least number is found by halves.
  size_t low = 0, high = messages.size() > first ? messages.size() - first - 1 : 0;
  while (low < high) {
    const size_t middle = (low + high) / 2;
    std::vector<std::string> ignored;
    const auto tokens = TokensOf(without(middle).conversation, name, model, param, ignored);
    if (!tokens.ok()) return tokens.refusal();
    if (static_cast<int64_t>(tokens->size()) <= room) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return without(low);
}

}  // namespace parvis::service
