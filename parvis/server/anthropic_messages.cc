// POST /v1/messages and /v1/messages/count_tokens: Anthropic's words for a conversation.

#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "parvis/server/answer.h"
#include "parvis/server/anthropic_request.h"
#include "parvis/server/api.h"
#include "parvis/server/openai_json.h"
#include "parvis/server/tools.h"
#include "parvis/service/count_task.h"
#include "parvis/service/generate_task.h"

namespace parvis::server {
namespace {

using service::Delta;
using service::Refusal;

// What the answer needs to know of its request.
struct Asked {
  std::set<std::string> functions;  // whose calls are looked for
};

// How an answer ended, and by which of the texts to stop at.
struct Ending {
  std::optional<service::Finish> finish;
  std::string stop_text;
};

OrderedJson EndingOf(const Ending& ending, bool calls) {
  OrderedJson stop_sequence;
  const char* reason = "end_turn";
  if (ending.finish == service::Finish::kLength) reason = "max_tokens";
  if (ending.finish == service::Finish::kContentFilter) reason = "refusal";
  if (calls) {
    reason = "tool_use";
  } else if (!ending.stop_text.empty()) {
    reason = "stop_sequence";
    stop_sequence = ending.stop_text;
  }
  return {{"stop_reason", reason}, {"stop_sequence", stop_sequence}};
}

OrderedJson UsageOf(int64_t input, int64_t output) {
  return {{"input_tokens", input}, {"output_tokens", output}};
}

OrderedJson MessageOf(const std::string& request_id, const service::Admission& admission) {
  return {{"id", "msg_" + request_id.substr(4)},
          {"type", "message"},
          {"role", "assistant"},
          {"model", admission.model},
          {"content", OrderedJson::array()},
          {"stop_reason", nullptr},
          {"stop_sequence", nullptr}};
}

OrderedJson ToolUse(const ToolCall& call, const std::string& input) {
  return {{"type", "tool_use"},
          {"id", NewCallId("toolu_")},
          {"name", call.name},
          {"input", OrderedJson::parse(input)}};
}

Headers MessageHeaders(const service::Admission& admission, const std::string& request_id) {
  Headers headers = AdmissionHeaders(admission);
  headers.emplace_back("request-id", request_id);
  return headers;
}

class MessageReceiver : public AnswerReceiver {
 public:
  MessageReceiver(Asked asked, std::string request_id, std::shared_ptr<Responder> to)
      : AnswerReceiver(Dialect::kAnthropic, std::move(request_id), std::move(to)),
        asked_(std::move(asked)),
        filter_(asked_.functions) {}

  void OnDelta(Delta delta) override {
    if (delta.finish) ending_ = {delta.finish, std::move(delta.stop_text)};
    if (std::string text = filter_.Add(std::move(delta.text)); !text.empty()) {
      Take(std::move(text));
    }
  }
  void OnReply(const service::Reply& reply) override {
    if (ending_.finish == service::Finish::kCancelled) return OnRefused(CutShort());
    const AnswerParts rest = filter_.Finish(ending_.finish == service::Finish::kStop);
    if (!rest.text.empty()) Take(rest.text);
    Finish(rest.calls, reply.usage);
  }

 protected:
  virtual void Take(std::string text) = 0;
  virtual void Finish(const std::vector<ToolCall>& calls, const runtime::Usage& usage) = 0;

  const Asked asked_;
  Ending ending_;

 private:
  CallFilter filter_;
};

class WholeMessage : public MessageReceiver {
 public:
  using MessageReceiver::MessageReceiver;

 private:
  void Take(std::string text) override { text_ += text; }
  void Finish(const std::vector<ToolCall>& calls, const runtime::Usage& usage) override {
    OrderedJson body = MessageOf(request_id_, admission_);
    if (!text_.empty() || calls.empty()) {
      body["content"].push_back({{"type", "text"}, {"text", text_}});
    }
    for (const ToolCall& call : calls) body["content"].push_back(ToolUse(call, call.arguments));
    body.update(EndingOf(ending_, !calls.empty()));
    Tell(ending_.finish, body);
    body["usage"] = UsageOf(usage.prompt_tokens, usage.completion_tokens);
    to_->Send({.body = Dump(body), .headers = MessageHeaders(admission_, request_id_)});
  }

  std::string text_;
};

// Blocks are begun when there is something in them: an answer that is a call has no text.
class StreamedMessage : public MessageReceiver {
 public:
  using MessageReceiver::MessageReceiver;

  void OnAdmitted(const service::Admission& admission) override {
    AnswerReceiver::OnAdmitted(admission);
    begun_ = true;
    to_->Begin(200, "text/event-stream; charset=utf-8", MessageHeaders(admission, request_id_));
    OrderedJson message = MessageOf(request_id_, admission);
    message["usage"] = UsageOf(admission.input_tokens, 0);
    Say({{"type", "message_start"}, {"message", std::move(message)}});
    if (asked_.functions.empty()) BeginText();
    Say({{"type", "ping"}});
  }
  void OnRefused(const Refusal& refusal) override {
    if (!begun_) return AnswerReceiver::OnRefused(refusal);
    Say(ErrorBody(Dialect::kAnthropic, refusal, request_id_));
    to_->Break();
  }

 private:
  void Take(std::string text) override {
    if (!in_text_) BeginText();
    SayDelta({{"type", "text_delta"}, {"text", std::move(text)}});
  }
  void Finish(const std::vector<ToolCall>& calls, const runtime::Usage& usage) override {
    if (!in_text_ && calls.empty()) BeginText();
    if (in_text_) EndBlock();
    for (const ToolCall& call : calls) {
      BeginBlock(ToolUse(call, "{}"));
      SayDelta({{"type", "input_json_delta"}, {"partial_json", call.arguments}});
      EndBlock();
    }
    OrderedJson ending = {{"type", "message_delta"},
                          {"delta", EndingOf(ending_, !calls.empty())},
                          {"usage", UsageOf(usage.prompt_tokens, usage.completion_tokens)}};
    Tell(ending_.finish, ending);
    Say(ending);
    Say({{"type", "message_stop"}});
    to_->End();
  }

  void BeginText() {
    in_text_ = true;
    BeginBlock({{"type", "text"}, {"text", ""}});
  }
  void BeginBlock(OrderedJson block) {
    Say({{"type", "content_block_start"}, {"index", block_}, {"content_block", std::move(block)}});
  }
  void SayDelta(OrderedJson delta) {
    Say({{"type", "content_block_delta"}, {"index", block_}, {"delta", std::move(delta)}});
  }
  void EndBlock() { Say({{"type", "content_block_stop"}, {"index", block_++}}); }
  // Events are named by their type, "error" among them.
  void Say(const OrderedJson& event) {
    to_->Write("event: " + event["type"].get<std::string>() + "\n" + Event(event));
  }

  int block_ = 0;
  bool begun_ = false, in_text_ = false;
};

class CountReceiver : public AnswerReceiver {
 public:
  CountReceiver(std::string request_id, std::shared_ptr<Responder> to)
      : AnswerReceiver(Dialect::kAnthropic, std::move(request_id), std::move(to)) {}
  void OnReply(const service::Reply& reply) override {
    to_->Send({.body = Dump({{"input_tokens", reply.result["tokens"]}}),
               .headers = MessageHeaders(admission_, request_id_)});
  }
};

void Messages(const Api& api, const HttpRequest& request, const std::shared_ptr<Responder>& to) {
  const auto refuse = [&](const Refusal& refusal) {
    to->Send(ErrorResponse(Dialect::kAnthropic, refusal, request.id));
  };
  auto asked = ReadMessagesRequest(request.body);
  if (!asked.ok()) return refuse(asked.refusal());
  Asked answer{std::move(asked->functions)};
  std::shared_ptr<service::Receiver> receiver;
  if (asked->stream) {
    receiver = std::make_shared<StreamedMessage>(std::move(answer), request.id, to);
  } else {
    receiver = std::make_shared<WholeMessage>(std::move(answer), request.id, to);
  }
  SendTask(api, request, "POST /v1/messages",
           std::make_unique<service::GenerateTask>(std::move(asked->spec)), std::move(receiver),
           to);
}

void CountTokens(const Api& api, const HttpRequest& request, const std::shared_ptr<Responder>& to) {
  auto counted = ReadCountRequest(request.body);
  if (!counted.ok()) {
    return to->Send(ErrorResponse(Dialect::kAnthropic, counted.refusal(), request.id));
  }
  SendTask(api, request, "POST /v1/messages/count_tokens",
           std::make_unique<service::CountTask>(std::move(counted->model),
                                                std::move(counted->conversation)),
           std::make_shared<CountReceiver>(request.id, to), to);
}

Route Post(std::string pattern, std::string summary, const Shape* body, Handler handler) {
  return {.method = "POST",
          .pattern = std::move(pattern),
          .policy = Policy::Needs(service::Permission::kUseModels),
          .dialect = Dialect::kAnthropic,
          .summary = std::move(summary),
          .body = body,
          .max_body_bytes = kMaxBodyBytes,
          .handler = std::move(handler)};
}

}  // namespace

void AddAnthropicMessages(const Api& api, std::vector<Route>& routes) {
  routes.push_back(Post("/v1/messages", "Answer a conversation, in Anthropic's words",
                        &MessagesBody(),
                        [api](const HttpRequest& request, const std::shared_ptr<Responder>& to) {
                          Messages(api, request, to);
                        }));
  routes.push_back(Post("/v1/messages/count_tokens", "How many tokens a conversation is",
                        &CountTokensBody(),
                        [api](const HttpRequest& request, const std::shared_ptr<Responder>& to) {
                          CountTokens(api, request, to);
                        }));
}

}  // namespace parvis::server
