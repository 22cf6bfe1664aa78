// /v1/responses: conversations that the server keeps, in OpenAI's newer words. Answers are written
// as items; streams tell how they grow, event by event, in one numbered order.

#include "parvis/server/openai_responses.h"

#include <fmt/format.h>

#include <utility>

#include "parvis/core/clock.h"
#include "parvis/server/answer.h"
#include "parvis/server/api.h"
#include "parvis/server/openai_json.h"
#include "parvis/server/openai_response_events.h"
#include "parvis/server/openai_responses_request.h"
#include "parvis/server/openai_route.h"
#include "parvis/server/running_responses.h"
#include "parvis/server/tools.h"
#include "parvis/service/count_task.h"

namespace parvis::server {
namespace {

using service::Delta;
using service::Refusal;
using service::RefusalKind;

OrderedJson UsageOf(const runtime::Usage& usage) {
  return {
      {"input_tokens", usage.prompt_tokens},
      {"input_tokens_details", {{"cached_tokens", usage.cached_tokens}, {"cache_write_tokens", 0}}},
      {"output_tokens", usage.completion_tokens},
      {"output_tokens_details", {{"reasoning_tokens", 0}}},
      {"total_tokens", usage.prompt_tokens + usage.completion_tokens}};
}

// The conversation is this route's "input".
Refusal InItsWords(Refusal refusal) {
  if (refusal.param == "messages") refusal.param = "input";
  return refusal;
}

// Whole and streamed answers are made in the same way; what tells of it says nothing if nobody
// listens.
class ResponseReceiver : public AnswerReceiver {
 public:
  ResponseReceiver(ResponsesRequest asked, service::Caller caller, service::ResponseStore& store,
                   std::shared_ptr<RunningResponses> running, std::string request_id,
                   std::shared_ptr<Responder> to)
      : AnswerReceiver(Dialect::kOpenAi, std::move(request_id), std::move(to)),
        asked_(std::move(asked)),
        caller_(std::move(caller)),
        store_(store),
        running_(std::move(running)),
        filter_(asked_.functions) {}

  void OnAdmitted(const service::Admission& admission) override {
    AnswerReceiver::OnAdmitted(admission);
    if (asked_.background) return Queue();
    if (!asked_.stream) return;
    begun_ = true;
    to_->Begin(200, "text/event-stream; charset=utf-8", AdmissionHeaders(admission_));
    events_.To([to = to_](std::string event) { to->Write(std::move(event)); });
    events_.Say("response.created", {{"response", Response("in_progress")}});
    events_.Say("response.in_progress", {{"response", Response("in_progress")}});
  }
  bool delivers_whole() const override { return !asked_.stream; }
  void OnDelta(Delta delta) override {
    if (asked_.background && tokens_.empty() && text_id_.empty()) {
      running_->SetStatus(ResponseId(request_id_), "in_progress");
    }
    if (delta.finish) finish_ = delta.finish;
    untold_.insert(untold_.end(), std::make_move_iterator(delta.tokens.begin()),
                   std::make_move_iterator(delta.tokens.end()));
    Take(filter_.Add(std::move(delta.text)));
  }
  void OnReply(const service::Reply& reply) override;
  void OnRefused(const Refusal& refused) override {
    const Refusal refusal = InItsWords(refused);
    if (queued_) return EndQueued(Failed(refusal));
    if (asked_.background) running_->End(ResponseId(request_id_));
    if (not_kept_) return;
    if (!begun_) return AnswerReceiver::OnRefused(refusal);
    events_.Say("response.failed", {{"response", Failed(refusal)}});
    to_->Break();
  }

 private:
  // The answer as it stands.
  OrderedJson Response(const char* status) const {
    OrderedJson response = {{"id", ResponseId(request_id_)},
                            {"object", "response"},
                            {"created_at", created_ms_ / 1000},
                            {"status", status},
                            {"background", asked_.background},
                            {"error", nullptr},
                            {"incomplete_details", nullptr},
                            {"model", admission_.model},
                            {"output", output_},
                            {"usage", nullptr}};
    response.update(asked_.echo);
    if (admission_.dropped > 0) response["parvis"] = {{"dropped_messages", admission_.dropped}};
    return response;
  }
  OrderedJson Failed(const Refusal& refusal) const {
    OrderedJson response = Response("failed");
    response["error"] = {{"code", "server_error"}, {"message", refusal.message}};
    return response;
  }

  Status Keep(const OrderedJson& response) {
    return store_.Put(caller_, {ResponseId(request_id_), request_id_, asked_.previous, created_ms_,
                                Dump(asked_.input), Dump(response)});
  }
  // In the background the client is told now, and what comes of it is kept for when it asks.
  void Queue() {
    const OrderedJson response = Response("queued");
    if (!Keep(response).ok()) {
      not_kept_ = true;
      running_->Cancel(ResponseId(request_id_));
      return AnswerReceiver::OnRefused(NotKept());
    }
    queued_ = true;
    to_->Send({.body = Dump(response), .headers = AdmissionHeaders(admission_)});
  }
  // If it cannot be kept now, who asks finds an answer that never ended.
  void EndQueued(const OrderedJson& response) {
    (void)store_.Update(caller_, ResponseId(request_id_), Dump(response));
    running_->End(ResponseId(request_id_));
  }
  static Refusal NotKept() {
    return {RefusalKind::kUnavailable,
            "The answer cannot be kept, so it is not given to its end.",
            {},
            "record_unavailable",
            1000};
  }

  OrderedJson Logprobs(const std::vector<service::TokenInfo>& tokens) const {
    return asked_.logprobs ? ChatLogprobs(tokens) : OrderedJson::array();
  }
  OrderedJson TextItem(const char* status) const {
    return {{"id", text_id_},
            {"type", "message"},
            {"status", status},
            {"role", "assistant"},
            {"content", OrderedJson::array()}};
  }

  void BeginText() {
    text_id_ = NewCallId("msg_");
    events_.TextBegins(TextItem("in_progress"));
  }
  void Take(const std::string& text) {
    if (text.empty()) return;
    if (text_id_.empty()) BeginText();
    text_ += text;
    events_.TextGrows(text_id_, text, Logprobs(untold_));
    tokens_.insert(tokens_.end(), std::make_move_iterator(untold_.begin()),
                   std::make_move_iterator(untold_.end()));
    untold_.clear();
  }
  void EndText(const char* status) {
    OrderedJson item = TextItem(status);
    item["content"].push_back(ResponseText(text_, Logprobs(tokens_)));
    events_.TextEnds(item);
    output_.push_back(std::move(item));
  }
  void TellCall(const ToolCall& call) {
    OrderedJson item = {{"id", NewCallId("fc_")},        {"type", "function_call"},
                        {"status", "completed"},         {"arguments", call.arguments},
                        {"call_id", NewCallId("call_")}, {"name", call.name}};
    events_.Calls(output_.size(), item);
    output_.push_back(std::move(item));
  }
  OrderedJson Whole(const service::Reply& reply);

  const ResponsesRequest asked_;
  const service::Caller caller_;
  service::ResponseStore& store_;
  const std::shared_ptr<RunningResponses> running_;
  const int64_t created_ms_ = WallClockMs();
  CallFilter filter_;
  ResponseEvents events_;
  bool begun_ = false;  // a stream
  // In the background: the client has been told that it is made, or that it cannot be.
  bool queued_ = false, not_kept_ = false;
  std::string text_id_, text_;  // of the message; empty: none has begun
  std::vector<service::TokenInfo> tokens_,
      untold_;                                 // of its text; of what is held back
  OrderedJson output_ = OrderedJson::array();  // items that are whole
  std::optional<service::Finish> finish_;
};

// The answer as it is in the end.
OrderedJson ResponseReceiver::Whole(const service::Reply& reply) {
  const bool whole = finish_ == service::Finish::kStop;
  const AnswerParts rest = filter_.Finish(whole);
  Take(rest.text);
  if (text_id_.empty() && rest.calls.empty()) BeginText();
  const char* const status = whole ? "completed" : "incomplete";
  if (!text_id_.empty()) EndText(status);
  for (const ToolCall& call : rest.calls) TellCall(call);

  OrderedJson response = Response(status);
  if (whole) {
    response["completed_at"] = WallClockMs() / 1000;
  } else {
    const bool length = finish_ == service::Finish::kLength;
    response["incomplete_details"] = {{"reason", length ? "max_output_tokens" : "content_filter"}};
  }
  response["usage"] = UsageOf(reply.usage);
  return response;
}

void ResponseReceiver::OnReply(const service::Reply& reply) {
  if (finish_ == service::Finish::kCancelled) {
    const bool wanted = queued_ && running_->WasCancelled(ResponseId(request_id_));
    return wanted ? EndQueued(Response("cancelled")) : OnRefused(CutShort());
  }
  const OrderedJson response = Whole(reply);
  if (queued_) return EndQueued(response);
  if (not_kept_) return running_->End(ResponseId(request_id_));
  // Before the last byte: who has the answer can go on from it.
  if (asked_.store && !Keep(response).ok()) return OnRefused(NotKept());
  if (!asked_.stream) {
    return to_->Send({.body = Dump(response), .headers = AdmissionHeaders(admission_)});
  }
  const std::string last = "response." + response["status"].get<std::string>();
  events_.Say(last.c_str(), {{"response", response}});
  to_->End();
}

class InputTokensReceiver : public AnswerReceiver {
 public:
  InputTokensReceiver(std::string request_id, std::shared_ptr<Responder> to)
      : AnswerReceiver(Dialect::kOpenAi, std::move(request_id), std::move(to)) {}
  void OnReply(const service::Reply& reply) override {
    to_->Send({.body = Dump(
                   {{"object", "response.input_tokens"}, {"input_tokens", reply.result["tokens"]}}),
               .headers = AdmissionHeaders(admission_)});
  }
  void OnRefused(const Refusal& refusal) override {
    AnswerReceiver::OnRefused(InItsWords(refusal));
  }
};

void Create(const Api& api, const std::shared_ptr<RunningResponses>& running,
            const HttpRequest& request, const std::shared_ptr<Responder>& to) {
  auto asked = ReadResponsesRequest(request.body, request.caller, api.responses);
  if (!asked.ok()) return to->Send(ErrorResponse(Dialect::kOpenAi, asked.refusal(), request.id));
  const bool background = asked->background;
  auto task = std::make_unique<service::GenerateTask>(std::move(asked->spec));
  auto receiver = std::make_shared<ResponseReceiver>(std::move(*asked), request.caller,
                                                     api.responses, running, request.id, to);
  const std::string route = "POST /v1/responses";
  if (!background) {
    return SendTask(api, request, route, std::move(task), std::move(receiver), to);
  }
  // It goes on when the client leaves.
  const std::string id = ResponseId(request.id);
  running->Begin(id);
  running->SetExchange(id, api.gateway.Send({request.id, request.caller, route, request.trace},
                                            std::move(task), std::move(receiver)));
}

void CountTokens(const Api& api, const HttpRequest& request, const std::shared_ptr<Responder>& to) {
  auto asked = ReadInputTokensRequest(request.body, request.caller, api.responses);
  if (!asked.ok()) return to->Send(ErrorResponse(Dialect::kOpenAi, asked.refusal(), request.id));
  SendTask(api, request, "POST /v1/responses/input_tokens",
           std::make_unique<service::CountTask>(asked->spec.model,
                                                std::move(asked->spec.prompts.front())),
           std::make_shared<InputTokensReceiver>(request.id, to), to);
}

}  // namespace

std::string ResponseId(const std::string& request_id) { return "resp_" + request_id.substr(4); }

void AddOpenAiResponses(const Api& api, std::vector<Route>& routes) {
  const auto running = std::make_shared<RunningResponses>();
  const auto add = [&](std::string method, std::string pattern, std::string summary,
                       const Shape* body, OpenAiHandler handler) {
    routes.push_back(OpenAiRoute(api, std::move(method), std::move(pattern), std::move(summary),
                                 std::move(handler)));
    routes.back().body = body;
    routes.back().max_body_bytes = body == nullptr ? 0 : kMaxBodyBytes;
  };
  add("POST", "/v1/responses", "Answer a conversation that the server can keep", &ResponsesBody(),
      [running](const Api& a, const HttpRequest& request, const std::shared_ptr<Responder>& to) {
        Create(a, running, request, to);
      });
  add("POST", "/v1/responses/input_tokens", "How many tokens its prompt is", &InputTokensBody(),
      &CountTokens);
  AddKeptResponses(api, running, routes);
}

}  // namespace parvis::server
