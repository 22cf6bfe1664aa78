#include "parvis/train/answer_turn.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include "fmt/format.h"

namespace parvis::train {
namespace {

using Ids = std::vector<text::TokenId>;

constexpr size_t kMaxConversationBytes = size_t{256} << 20;

// What strftime_now shows: a run does not depend on the clock. The day is the one that LLaMA 3's
// own template has where there is no clock.
std::tm SomeDay() {
  std::tm day{};
  day.tm_year = 2024 - 1900;
  day.tm_mon = 6;
  day.tm_mday = 26;
  day.tm_wday = 5;
  day.tm_yday = 207;
  return day;
}

// Of the first `count` messages; `ask`: with the beginning of the next answer.
Result<chat::Prompt> Render(const chat::Prompter& prompter, const Json& fields,
                            const Json& messages, size_t count, bool ask) {
  Json part = Json::object();
  for (const char* key : {"tools", "documents", "chat_template_kwargs"}) {
    if (fields.is_object() && fields.contains(key)) part[key] = fields[key];
  }
  Json& said = part["messages"] = Json::array();
  for (size_t i = 0; i < count; ++i) said.push_back(messages[i]);
  chat::Heap heap(kMaxConversationBytes);
  PARVIS_ASSIGN_OR_RETURN(
      chat::Conversation conversation,
      chat::ReadConversation(part.dump(-1, ' ', false, Json::error_handler_t::replace), heap));
  conversation.add_generation_prompt = ask;
  conversation.now = SomeDay();
  return prompter.Make(conversation, heap);
}

bool Ends(const text::Tokenizer& tokenizer, text::TokenId id) {
  const std::vector<text::TokenId>& more = tokenizer.vocabulary().end_tokens;
  return id == tokenizer.eos() || std::find(more.begin(), more.end(), id) != more.end();
}

size_t CommonBeginning(const Ids& a, const Ids& b) {
  return static_cast<size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first -
                             a.begin());
}

std::string EndsOf(const text::Tokenizer& tokenizer) {
  const text::Vocabulary& v = tokenizer.vocabulary();
  std::string names = v.eos ? v.tokens[*v.eos] : "";
  for (const text::TokenId id : v.end_tokens) {
    names += (names.empty() ? "" : ", ") + v.tokens[id];
  }
  return names.empty() ? "the tokenizer has none" : names;
}

}  // namespace

Status CheckMessages(const Json& messages, const std::string& field) {
  if (!messages.is_array() || messages.empty()) {
    return DataLoss("\"" + field + "\" is no list of messages");
  }
  for (size_t i = 0; i < messages.size(); ++i) {
    const std::string place = fmt::format("{}[{}]", field, i);
    if (!messages[i].is_object()) return DataLoss(place + ": not an object");
    const auto role = messages[i].find("role");
    if (role == messages[i].end() || !role->is_string()) return DataLoss(place + ": no \"role\"");
    if (*role != "assistant") continue;
    const auto has = [&](const char* key) {
      const auto entry = messages[i].find(key);
      return entry != messages[i].end() && !entry->is_null();
    };
    if (!has("content") && !has("tool_calls")) return DataLoss(place + ": no \"content\"");
  }
  return {};
}

Result<AnswerTurn> TurnOf(const chat::Prompter& prompter, const text::Tokenizer& tokenizer,
                          const Json& fields, const Json& messages, size_t index) {
  PARVIS_ASSIGN_OR_RETURN(chat::Prompt prompt,
                          Render(prompter, fields, messages, index, /*ask=*/true));
  PARVIS_ASSIGN_OR_RETURN(chat::Prompt whole,
                          Render(prompter, fields, messages, index + 1, /*ask=*/false));
  if (!whole.text.bytes.starts_with(prompt.text.bytes)) {
    return InvalidArgument(
        fmt::format("the chat template does not write message {} behind what it writes to ask for "
                    "it (add_generation_prompt)",
                    index));
  }
  AnswerTurn turn{std::move(prompt.ids), std::move(whole.ids), 0};
  turn.begin = CommonBeginning(turn.prompt, turn.whole);
  size_t end = turn.whole.size();  // what a template writes behind the end is not the model's
  while (end > turn.begin && !Ends(tokenizer, turn.whole[end - 1])) --end;
  if (end == turn.begin) {
    return InvalidArgument(
        fmt::format("the chat template does not end message {} with a token that ends texts ({}): "
                    "a model taught so would not know when to stop",
                    index, EndsOf(tokenizer)));
  }
  turn.whole.resize(end);
  return turn;
}

AnswerTurn TurnOfTexts(const text::Tokenizer& tokenizer, const std::string& prompt,
                       const std::string& answer, bool encoder) {
  AnswerTurn turn;
  const auto encode = [&](const std::string& text, bool special) {
    Ids ids = tokenizer.Encode(text, {.add_special = special}).ids;
    if (special && !encoder && tokenizer.add_eos() && !ids.empty()) ids.pop_back();
    return ids;
  };
  turn.prompt = encode(prompt, true);
  if (encoder) {
    turn.whole = turn.prompt;
    turn.begin = turn.prompt.size();
    const Ids ids = encode(answer, false);
    turn.whole.insert(turn.whole.end(), ids.begin(), ids.end());
  } else {
    turn.whole = encode(prompt + answer, true);
    turn.begin = CommonBeginning(turn.prompt, turn.whole);
  }
  turn.whole.push_back(*tokenizer.eos());
  return turn;
}

}  // namespace parvis::train
