// POST /v1/chat/completions: from OpenAI's words to a task, and from what the gateway tells to
// OpenAI's words. What is answered, to whom and at what price is the gateway's.

#include <optional>
#include <set>
#include <utility>

#include "parvis/server/api.h"
#include "parvis/server/openai_answer.h"
#include "parvis/server/openai_chat_request.h"
#include "parvis/server/openai_json.h"
#include "parvis/server/tools.h"
#include "parvis/service/generate_task.h"

namespace parvis::server {
namespace {

using service::Delta;

// What the answer needs to know of its request.
struct Asked {
  bool logprobs = false;
  std::set<std::string> functions;  // whose calls are looked for
};

// What both forms of an answer have in common.
class ChatReceiver : public OpenAiReceiver {
 public:
  ChatReceiver(OpenAiAnswer answer, Asked asked, std::string request_id,
               std::shared_ptr<Responder> to)
      : OpenAiReceiver(std::move(answer), std::move(request_id), std::move(to)),
        asked_(std::move(asked)) {}

 protected:
  const Asked asked_;
};

OrderedJson CallJson(const ToolCall& call) {
  return {{"id", NewCallId("call_")},
          {"type", "function"},
          {"function", {{"name", call.name}, {"arguments", call.arguments}}}};
}

OrderedJson FinishOf(std::optional<service::Finish> finish, const AnswerParts& parts) {
  return parts.calls.empty() ? FinishReason(finish) : OrderedJson("tool_calls");
}

class WholeChat : public ChatReceiver {
 public:
  using ChatReceiver::ChatReceiver;

  bool delivers_whole() const override { return true; }
  void OnAdmitted(const service::Admission& admission) override {
    ChatReceiver::OnAdmitted(admission);
    choices_.assign(static_cast<size_t>(admission.choices), Choice(asked_.functions));
  }
  void OnDelta(Delta delta) override {
    Choice& choice = choices_[static_cast<size_t>(delta.choice)];
    choice.text += choice.filter.Add(std::move(delta.text));
    choice.tokens.insert(choice.tokens.end(), std::make_move_iterator(delta.tokens.begin()),
                         std::make_move_iterator(delta.tokens.end()));
    if (delta.finish) choice.finish = delta.finish;
    cut_ |= Cut(delta);
  }
  void OnReply(const service::Reply& reply) override {
    if (cut_) return OnRefused(CutShort());
    OrderedJson body = Envelope("chat.completion");
    body["choices"] = OrderedJson::array();
    for (size_t i = 0; i < choices_.size(); ++i) {
      Choice& choice = choices_[i];
      OrderedJson logprobs;
      if (asked_.logprobs)
        logprobs = {{"content", ChatLogprobs(choice.tokens)}, {"refusal", nullptr}};
      AnswerParts parts = choice.filter.Finish(choice.finish == service::Finish::kStop);
      parts.text.insert(0, choice.text);
      const bool silent = parts.text.empty() && !parts.calls.empty();
      OrderedJson message = {{"role", "assistant"},
                             {"content", silent ? OrderedJson() : OrderedJson(parts.text)},
                             {"refusal", nullptr},
                             {"annotations", OrderedJson::array()}};
      for (const ToolCall& call : parts.calls) message["tool_calls"].push_back(CallJson(call));
      body["choices"].push_back({{"index", i},
                                 {"message", std::move(message)},
                                 {"logprobs", std::move(logprobs)},
                                 {"finish_reason", FinishOf(choice.finish, parts)}});
      Tell(choice.finish, body);
    }
    SendWhole(std::move(body), reply.usage);
  }

 private:
  struct Choice {
    explicit Choice(const std::set<std::string>& functions) : filter(functions) {}
    CallFilter filter;
    std::string text;
    std::vector<service::TokenInfo> tokens;
    std::optional<service::Finish> finish;
  };
  std::vector<Choice> choices_;
};

class StreamedChat : public ChatReceiver {
 public:
  using ChatReceiver::ChatReceiver;

  void OnAdmitted(const service::Admission& admission) override {
    ChatReceiver::OnAdmitted(admission);
    filters_.assign(static_cast<size_t>(admission.choices), CallFilter(asked_.functions));
    Begin();
    for (int64_t i = 0; i < admission.choices; ++i) {
      Say(i, {{"role", "assistant"}, {"content", ""}, {"refusal", nullptr}}, {}, {});
    }
  }
  void OnDelta(Delta delta) override {
    if (Cut(delta)) cut_ = true;
    OrderedJson logprobs;
    if (asked_.logprobs && !delta.tokens.empty()) {
      logprobs = {{"content", ChatLogprobs(delta.tokens)}, {"refusal", nullptr}};
    }
    std::string text = FilterOf(delta.choice).Add(std::move(delta.text));
    if (!text.empty() || !logprobs.is_null()) {
      Say(delta.choice, {{"content", std::move(text)}}, std::move(logprobs), {});
    }
    if (delta.finish && !Cut(delta)) EndChoice(delta.choice, *delta.finish);
  }
  void OnReply(const service::Reply& reply) override {
    if (cut_) return OnRefused(CutShort());
    End("chat.completion.chunk", reply.usage);
  }

 private:
  CallFilter& FilterOf(int64_t choice) { return filters_[static_cast<size_t>(choice)]; }

  void EndChoice(int64_t choice, service::Finish finish) {
    const AnswerParts parts = FilterOf(choice).Finish(finish == service::Finish::kStop);
    if (!parts.text.empty()) Say(choice, {{"content", parts.text}}, {}, {});
    for (size_t i = 0; i < parts.calls.size(); ++i) {
      OrderedJson call = {{"index", i}};
      call.update(CallJson(parts.calls[i]));
      OrderedJson delta = {{"tool_calls", OrderedJson::array()}};
      delta["tool_calls"].push_back(std::move(call));
      Say(choice, std::move(delta), {}, {});
    }
    Say(choice, OrderedJson::object(), {}, FinishOf(finish, parts), finish);
  }

  void Say(int64_t choice, OrderedJson delta, OrderedJson logprobs, OrderedJson finish,
           std::optional<service::Finish> ending = {}) {
    OrderedJson chunk = Envelope("chat.completion.chunk");
    chunk["choices"] = {{{"index", choice},
                         {"delta", std::move(delta)},
                         {"logprobs", std::move(logprobs)},
                         {"finish_reason", std::move(finish)}}};
    Tell(ending, chunk);
    OpenAiReceiver::Say(std::move(chunk));
  }

  std::vector<CallFilter> filters_;  // of each choice
};

void ChatCompletions(const Api& api, const HttpRequest& request,
                     const std::shared_ptr<Responder>& to) {
  auto chat = ReadChatRequest(request.body);
  if (!chat.ok()) return to->Send(ErrorResponse(Dialect::kOpenAi, chat.refusal(), request.id));
  OpenAiAnswer answer = NewOpenAiAnswer("chatcmpl-", request.id);
  answer.include_usage = chat->include_usage;
  Asked asked{chat->spec.logprobs >= 0, std::move(chat->functions)};
  std::shared_ptr<service::Receiver> receiver;
  if (chat->stream) {
    receiver = std::make_shared<StreamedChat>(std::move(answer), std::move(asked), request.id, to);
  } else {
    receiver = std::make_shared<WholeChat>(std::move(answer), std::move(asked), request.id, to);
  }
  SendTask(api, request, "POST /v1/chat/completions",
           std::make_unique<service::GenerateTask>(std::move(chat->spec)), std::move(receiver), to);
}

}  // namespace

void AddOpenAiChat(const Api& api, std::vector<Route>& routes) {
  routes.push_back(
      {.method = "POST",
       .pattern = "/v1/chat/completions",
       .policy = Policy::Needs(service::Permission::kUseModels),
       .dialect = Dialect::kOpenAi,
       .summary = "Answer a conversation",
       .body = &ChatBody(),
       .max_body_bytes = kMaxBodyBytes,
       .handler = [api](const HttpRequest& request, const std::shared_ptr<Responder>& to) {
         ChatCompletions(api, request, to);
       }});
}

}  // namespace parvis::server
