#include "parvis/chat/conversation.h"

#include <algorithm>
#include <array>

#include "fmt/format.h"
#include "parvis/chat/json_value.h"
#include "parvis/chat/text_operations.h"
#include "parvis/text/tokenizer.h"

namespace parvis::chat {
namespace {

constexpr std::array<std::string_view, 3> kThoughts = {"reasoning_content", "thinking",
                                                       "reasoning"};
// Stands behind the text of a message that goes on; the prompt is cut there. Its space shows
// whether the template trims what it writes.
constexpr std::string_view kCutHere =
    "\xF4\x80\x80\x80"
    "continued\xF4\x80\x80\x80 ";

constexpr auto kGiven = std::to_array<std::string_view>(
    {"messages", "tools", "documents", "add_generation_prompt", "continue_final_message",
     "bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token", "mask_token",
     "range", "namespace", "dict", "raise_exception", "strftime_now"});

Status CheckList(const Value& value, std::string_view name) {
  if (value.is(Kind::kNone)) return {};
  if (!value.is(Kind::kList)) return DataLoss(fmt::format("{}: not a list", name));
  for (size_t i = 0; i < value.items().size(); ++i) {
    if (!value.items()[i].is(Kind::kDict)) {
      return DataLoss(fmt::format("{}[{}]: not an object", name, i));
    }
  }
  return {};
}

// A message without nulls, with all names of its thoughts.
Value Plain(const Value& message, Heap& heap) {
  DictObject plain;
  const Value* thought = nullptr;
  for (const std::string_view name : kThoughts) {
    const Value* found = Find(message.dict(), name);
    if (thought == nullptr && found != nullptr && !found->is(Kind::kNone)) thought = found;
  }
  if (thought != nullptr) Set(plain, heap.TemplateText("thinking"), *thought);
  for (const auto& [key, value] : message.dict().entries) {
    if (!value.is(Kind::kNone)) Set(plain, key, value);
  }
  if (thought != nullptr) Set(plain, heap.TemplateText("reasoning_content"), *thought);
  return heap.Dict(std::move(plain));
}

Value WithMark(const Value& text, Heap& heap) {
  MarkedText marked = text.text();
  marked.bytes += kCutHere;
  return heap.Text(std::move(marked));
}

Value WithEntry(const Value& dict, std::string_view key, const Value& value, Heap& heap) {
  DictObject changed = dict.dict();
  Set(changed, heap.TemplateText(std::string(key)), value);
  return heap.Dict(std::move(changed));
}

// The last message with the mark behind its text.
Result<Value> MarkEnd(const Value& message, Heap& heap) {
  const Value* content = Find(message.dict(), "content");
  if (content == nullptr) return InvalidArgument("the last message has no content to continue");
  if (content->is_string()) {
    return WithEntry(message, "content", WithMark(*content, heap), heap);
  }
  if (content->is(Kind::kList)) {
    std::vector<Value> parts = content->items();
    for (size_t i = parts.size(); i-- > 0;) {
      const Value* text = parts[i].is(Kind::kDict) ? Find(parts[i].dict(), "text") : nullptr;
      if (text == nullptr || !text->is_string()) continue;
      parts[i] = WithEntry(parts[i], "text", WithMark(*text, heap), heap);
      return WithEntry(message, "content", heap.List(Kind::kList, std::move(parts)), heap);
    }
  }
  return InvalidArgument("the last message has no text to continue");
}

Result<MarkedText> CutAtMark(const MarkedText& text) {
  const std::string_view bytes = text.bytes;
  const std::string_view bare = kCutHere.substr(0, kCutHere.size() - 1);
  size_t end = bytes.rfind(bare);
  if (end == std::string_view::npos) {
    return InvalidArgument("the template does not show the end of the last message as it is");
  }
  if (!bytes.substr(end).starts_with(kCutHere)) {
    end = Stripped(bytes.substr(0, end), nullptr, Side::kRight).end;
  }
  TextBuilder cut(bytes.size());
  cut.Append(text, 0, end);
  return cut.Take();
}

void AddSpecialTokens(const text::Vocabulary& v, Heap& heap, Template::Variables& variables) {
  const auto add = [&](const char* name, const std::optional<text::TokenId>& id) {
    if (id) variables.emplace_back(name, heap.TemplateText(v.tokens[static_cast<size_t>(*id)]));
  };
  add("bos_token", v.bos);
  add("eos_token", v.eos);
  add("unk_token", v.unknown);
  add("pad_token", v.padding);
}

}  // namespace

Result<Conversation> ReadConversation(std::string_view json, Heap& heap) {
  PARVIS_ASSIGN_OR_RETURN(const Value root, ReadJsonValue(json, heap));
  Conversation conversation;
  conversation.messages = root;
  if (root.is(Kind::kDict)) {
    const auto entry = [&](std::string_view name, Value absent) {
      const Value* found = Find(root.dict(), name);
      return found != nullptr ? *found : absent;
    };
    conversation.messages = entry("messages", Value());
    conversation.tools = entry("tools", Value::None());
    conversation.documents = entry("documents", Value::None());
    const Value more = entry("chat_template_kwargs", Value::None());
    if (!more.is(Kind::kNone) && !more.is(Kind::kDict)) {
      return DataLoss("chat_template_kwargs: not an object");
    }
    for (const auto& [key, value] :
         more.is(Kind::kDict) ? more.dict().entries : std::vector<std::pair<Value, Value>>{}) {
      if (std::find(kGiven.begin(), kGiven.end(), key.bytes()) != kGiven.end()) {
        return InvalidArgument(
            fmt::format("chat_template_kwargs: '{}' is given already", key.bytes()));
      }
      if (conversation.variables.size() == 64) {
        return InvalidArgument("chat_template_kwargs: more than 64 names");
      }
      conversation.variables.emplace_back(key.bytes(), value);
    }
  }
  if (!conversation.messages.is(Kind::kList)) return DataLoss("messages: there is no list of them");
  PARVIS_RETURN_IF_ERROR(CheckList(conversation.messages, "messages"));
  PARVIS_RETURN_IF_ERROR(CheckList(conversation.tools, "tools"));
  PARVIS_RETURN_IF_ERROR(CheckList(conversation.documents, "documents"));
  return conversation;
}

Result<MarkedText> RenderConversation(const Template& chat_template,
                                      const text::Vocabulary& vocabulary,
                                      const Conversation& conversation, Heap& heap,
                                      const Limits& limits) {
  if (conversation.messages.items().empty()) return InvalidArgument("messages: there are none");
  std::vector<Value> messages;
  for (const Value& message : conversation.messages.items()) {
    messages.push_back(Plain(message, heap));
  }
  if (conversation.continue_final_message) {
    if (conversation.add_generation_prompt) {
      return InvalidArgument("a message is continued or a new one begun, not both");
    }
    PARVIS_ASSIGN_OR_RETURN(messages.back(), MarkEnd(messages.back(), heap));
  }
  Template::Variables variables = {
      {"messages", heap.List(Kind::kList, std::move(messages))},
      {"tools", conversation.tools},
      {"documents", conversation.documents},
      {"add_generation_prompt", Value::Bool(conversation.add_generation_prompt)}};
  AddSpecialTokens(vocabulary, heap, variables);
  variables.insert(variables.end(), conversation.variables.begin(), conversation.variables.end());
  PARVIS_ASSIGN_OR_RETURN(MarkedText text,
                          chat_template.Render(heap, variables, limits, conversation.now));
  if (!conversation.continue_final_message) return text;
  return CutAtMark(text);
}

}  // namespace parvis::chat
