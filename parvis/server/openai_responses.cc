// /v1/responses: conversations that the server keeps, in OpenAI's newer words. Answers are written
// as items; streams tell how they grow, event by event, in one numbered order.

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "parvis/core/clock.h"
#include "parvis/server/answer.h"
#include "parvis/server/api.h"
#include "parvis/server/openai_json.h"
#include "parvis/server/openai_responses_request.h"
#include "parvis/server/openai_route.h"
#include "parvis/server/query.h"
#include "parvis/server/tools.h"
#include "parvis/service/count_task.h"

namespace parvis::server {
namespace {

using service::Delta;
using service::Invalid;
using service::Refusal;
using service::RefusalKind;

std::string ResponseId(const std::string& request_id) { return "resp_" + request_id.substr(4); }

OrderedJson TextPart(const std::string& text, OrderedJson logprobs) {
  return {{"type", "output_text"},
          {"annotations", OrderedJson::array()},
          {"logprobs", std::move(logprobs)},
          {"text", text}};
}

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
                   std::string request_id, std::shared_ptr<Responder> to)
      : AnswerReceiver(Dialect::kOpenAi, std::move(request_id), std::move(to)),
        asked_(std::move(asked)),
        caller_(std::move(caller)),
        store_(store),
        filter_(asked_.functions) {}

  void OnAdmitted(const service::Admission& admission) override {
    AnswerReceiver::OnAdmitted(admission);
    if (!asked_.stream) return;
    begun_ = true;
    to_->Begin(200, "text/event-stream; charset=utf-8", AdmissionHeaders(admission_));
    Say("response.created", {{"response", Response("in_progress")}});
    Say("response.in_progress", {{"response", Response("in_progress")}});
  }
  void OnDelta(Delta delta) override {
    if (delta.finish) finish_ = delta.finish;
    untold_.insert(untold_.end(), std::make_move_iterator(delta.tokens.begin()),
                   std::make_move_iterator(delta.tokens.end()));
    Take(filter_.Add(std::move(delta.text)));
  }
  void OnReply(const service::Reply& reply) override;
  void OnRefused(const Refusal& refused) override {
    const Refusal refusal = InItsWords(refused);
    if (!begun_) return AnswerReceiver::OnRefused(refusal);
    OrderedJson response = Response("failed");
    response["error"] = {{"code", "server_error"}, {"message", refusal.message}};
    Say("response.failed", {{"response", std::move(response)}});
    to_->Break();
  }

 private:
  // The answer as it stands.
  OrderedJson Response(const char* status) const {
    OrderedJson response = {{"id", ResponseId(request_id_)},
                            {"object", "response"},
                            {"created_at", created_ms_ / 1000},
                            {"status", status},
                            {"background", false},
                            {"error", nullptr},
                            {"incomplete_details", nullptr},
                            {"model", admission_.model},
                            {"output", output_},
                            {"usage", nullptr}};
    response.update(asked_.echo);
    return response;
  }

  void Say(const char* type, const OrderedJson& facts) {
    if (!begun_) return;
    OrderedJson event = {{"type", type}, {"sequence_number", sequence_number_++}};
    event.update(facts);
    to_->Write(fmt::format("event: {}\n", type) + Event(event));
  }

  OrderedJson Logprobs(const std::vector<service::TokenInfo>& tokens) const {
    return asked_.logprobs ? ChatLogprobs(tokens) : OrderedJson::array();
  }

  void BeginText() {
    text_id_ = NewCallId("msg_");
    Say("response.output_item.added", {{"output_index", 0}, {"item", TextItem("in_progress")}});
    Say("response.content_part.added", {{"item_id", text_id_},
                                        {"output_index", 0},
                                        {"content_index", 0},
                                        {"part", TextPart("", OrderedJson::array())}});
  }
  void Take(const std::string& text) {
    if (text.empty()) return;
    if (text_id_.empty()) BeginText();
    text_ += text;
    Say("response.output_text.delta", {{"item_id", text_id_},
                                       {"output_index", 0},
                                       {"content_index", 0},
                                       {"delta", text},
                                       {"logprobs", Logprobs(untold_)}});
    tokens_.insert(tokens_.end(), std::make_move_iterator(untold_.begin()),
                   std::make_move_iterator(untold_.end()));
    untold_.clear();
  }
  OrderedJson TextItem(const char* status) const {
    return {{"id", text_id_},
            {"type", "message"},
            {"status", status},
            {"role", "assistant"},
            {"content", OrderedJson::array()}};
  }
  void EndText(const char* status) {
    const OrderedJson part = TextPart(text_, Logprobs(tokens_));
    Say("response.output_text.done", {{"item_id", text_id_},
                                      {"output_index", 0},
                                      {"content_index", 0},
                                      {"text", text_},
                                      {"logprobs", part["logprobs"]}});
    Say("response.content_part.done",
        {{"item_id", text_id_}, {"output_index", 0}, {"content_index", 0}, {"part", part}});
    OrderedJson item = TextItem(status);
    item["content"].push_back(part);
    EndItem(std::move(item));
  }
  void TellCall(const ToolCall& call) {
    const size_t index = output_.size();
    OrderedJson item = {{"id", NewCallId("fc_")},        {"type", "function_call"},
                        {"status", "in_progress"},       {"arguments", ""},
                        {"call_id", NewCallId("call_")}, {"name", call.name}};
    const OrderedJson id = item["id"];
    Say("response.output_item.added", {{"output_index", index}, {"item", item}});
    Say("response.function_call_arguments.delta",
        {{"item_id", id}, {"output_index", index}, {"delta", call.arguments}});
    Say("response.function_call_arguments.done", {{"item_id", id},
                                                  {"name", call.name},
                                                  {"output_index", index},
                                                  {"arguments", call.arguments}});
    item["status"] = "completed";
    item["arguments"] = call.arguments;
    EndItem(std::move(item));
  }
  void EndItem(OrderedJson item) {
    Say("response.output_item.done", {{"output_index", output_.size()}, {"item", item}});
    output_.push_back(std::move(item));
  }

  const ResponsesRequest asked_;
  const service::Caller caller_;
  service::ResponseStore& store_;
  const int64_t created_ms_ = WallClockMs();
  CallFilter filter_;
  bool begun_ = false;  // a stream
  int64_t sequence_number_ = 0;
  std::string text_id_, text_;                       // of the message; empty: none has begun
  std::vector<service::TokenInfo> tokens_, untold_;  // of its text; of what is held back
  OrderedJson output_ = OrderedJson::array();        // items that are whole
  std::optional<service::Finish> finish_;
};

void ResponseReceiver::OnReply(const service::Reply& reply) {
  if (finish_ == service::Finish::kCancelled) return OnRefused(CutShort());
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
  // Before the last byte: who has the answer can go on from it.
  if (asked_.store) {
    const Status kept = store_.Put(caller_, {ResponseId(request_id_), request_id_, asked_.previous,
                                             created_ms_, Dump(asked_.input), Dump(response)});
    if (!kept.ok()) {
      return OnRefused({RefusalKind::kUnavailable,
                        "The answer cannot be kept, so it is not given to its end.",
                        {},
                        "record_unavailable",
                        1000});
    }
  }
  if (!asked_.stream) {
    return to_->Send({.body = Dump(response), .headers = AdmissionHeaders(admission_)});
  }
  Say(whole ? "response.completed" : "response.incomplete", {{"response", std::move(response)}});
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

void Create(const Api& api, const HttpRequest& request, const std::shared_ptr<Responder>& to) {
  auto asked = ReadResponsesRequest(request.body, request.caller, api.responses);
  if (!asked.ok()) return to->Send(ErrorResponse(Dialect::kOpenAi, asked.refusal(), request.id));
  auto task = std::make_unique<service::GenerateTask>(std::move(asked->spec));
  auto receiver = std::make_shared<ResponseReceiver>(std::move(*asked), request.caller,
                                                     api.responses, request.id, to);
  SendTask(api, request, "POST /v1/responses", std::move(task), std::move(receiver), to);
}

void CountTokens(const Api& api, const HttpRequest& request, const std::shared_ptr<Responder>& to) {
  auto asked = ReadInputTokensRequest(request.body, request.caller, api.responses);
  if (!asked.ok()) return to->Send(ErrorResponse(Dialect::kOpenAi, asked.refusal(), request.id));
  SendTask(api, request, "POST /v1/responses/input_tokens",
           std::make_unique<service::CountTask>(asked->spec.model,
                                                std::move(asked->spec.prompts.front())),
           std::make_shared<InputTokensReceiver>(request.id, to), to);
}

// An earlier answer of the caller's. Somebody else's is not there.
service::OrRefusal<service::StoredResponse> Kept(const Api& api, const HttpRequest& request) {
  auto found = api.responses.Get(request.caller, request.captures[0]);
  if (!found.ok()) {
    return Refusal{RefusalKind::kUnavailable, "What was kept cannot be read now."};
  }
  if (!*found) {
    return Refusal{RefusalKind::kNotFound,
                   fmt::format("Response with id '{}' not found.", request.captures[0]), "id"};
  }
  return std::move(**found);
}

void Retrieve(const Api& api, const HttpRequest& request, const std::shared_ptr<Responder>& to) {
  if (QueryValue(request.query, "stream") == "true") {
    return Refuse(request, to,
                  Invalid("stream", "Parvis streams an answer once, while it is made.",
                          "unsupported_parameter"));
  }
  auto kept = Kept(api, request);
  if (!kept.ok()) return Refuse(request, to, kept.refusal());
  to->Send({.body = std::move(kept->response)});
}

void Delete(const Api& api, const HttpRequest& request, const std::shared_ptr<Responder>& to) {
  if (const auto kept = Kept(api, request); !kept.ok()) return Refuse(request, to, kept.refusal());
  const std::string& id = request.captures[0];
  if (!api.responses.Delete(request.caller, id).ok()) {
    return Refuse(request, to, {RefusalKind::kUnavailable, "What was kept cannot be deleted now."});
  }
  to->Send({.body = Dump({{"id", id}, {"object", "response"}, {"deleted", true}})});
}

// Which of the items a query asks for.
service::OrRefusal<OrderedJson> PageOf(const OrderedJson& items, std::string_view query) {
  const auto page = ReadPage(query, 20, 100, {"after", "include", "include[]", "limit", "order"});
  if (!page.ok()) return page.refusal();
  std::vector<OrderedJson> all(items.begin(), items.end());
  if (page->newest_first) std::reverse(all.begin(), all.end());
  size_t begin = 0;
  if (!page->after.empty()) {
    while (begin < all.size() && all[begin]["id"] != page->after) ++begin;
    if (begin == all.size()) return Invalid("after", "'after' is the id of no item.");
    ++begin;
  }
  const size_t end = std::min(all.size(), begin + static_cast<size_t>(page->limit));
  OrderedJson data(std::vector<OrderedJson>(all.begin() + static_cast<ptrdiff_t>(begin),
                                            all.begin() + static_cast<ptrdiff_t>(end)));
  return OrderedJson{{"object", "list"},
                     {"data", data},
                     {"first_id", data.empty() ? OrderedJson() : data.front()["id"]},
                     {"last_id", data.empty() ? OrderedJson() : data.back()["id"]},
                     {"has_more", end < all.size()}};
}

void InputItems(const Api& api, const HttpRequest& request, const std::shared_ptr<Responder>& to) {
  const auto kept = Kept(api, request);
  if (!kept.ok()) return Refuse(request, to, kept.refusal());
  const auto page = PageOf(OrderedJson::parse(kept->input), request.query);
  if (!page.ok()) return Refuse(request, to, page.refusal());
  to->Send({.body = Dump(*page)});
}

Route RouteOf(const Api& api, std::string method, std::string pattern, std::string summary,
              const Shape* body, OpenAiHandler handler) {
  Route route =
      OpenAiRoute(api, std::move(method), std::move(pattern), std::move(summary), handler);
  route.body = body;
  route.max_body_bytes = body == nullptr ? 0 : kMaxBodyBytes;
  return route;
}

}  // namespace

void AddOpenAiResponses(const Api& api, std::vector<Route>& routes) {
  routes.push_back(RouteOf(api, "POST", "/v1/responses",
                           "Answer a conversation that the server can keep", &ResponsesBody(),
                           &Create));
  routes.push_back(RouteOf(api, "POST", "/v1/responses/input_tokens",
                           "How many tokens its prompt is", &InputTokensBody(), &CountTokens));
  routes.push_back(
      RouteOf(api, "GET", "/v1/responses/{id}", "An answer that was kept", nullptr, &Retrieve));
  routes.push_back(RouteOf(api, "DELETE", "/v1/responses/{id}", "Delete it", nullptr, &Delete));
  routes.push_back(RouteOf(api, "GET", "/v1/responses/{id}/input_items",
                           "What its request added to the conversation", nullptr, &InputItems));
}

}  // namespace parvis::server
