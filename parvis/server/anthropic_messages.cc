// POST /v1/messages and /v1/messages/count_tokens: Anthropic's words for a conversation.

#include <utility>

#include "parvis/server/answer.h"
#include "parvis/server/api.h"
#include "parvis/server/openai_json.h"
#include "parvis/service/count_task.h"
#include "parvis/service/generate_task.h"

namespace parvis::server {
namespace {

using service::Delta;
using service::Invalid;
using service::Refusal;

constexpr std::string_view kRoles[] = {"user", "assistant"};
constexpr std::string_view kBlockTypes[] = {"text"};
constexpr Field kBlockFields[] = {
    {"type", Among(kBlockTypes), Presence::kRequired},
    {"text", String(kMaxText), Presence::kRequired},
    {"cache_control", Any(), Presence::kIgnored},
    {"citations", Any(), Presence::kUnsupported},
};
constexpr Shape kBlock = Object(kBlockFields);
constexpr Shape kTextShapes[] = {String(kMaxText), Array(kBlock, 1, 1024)};
constexpr Shape kTextOrBlocks = OneOf(kTextShapes);
constexpr Field kMessageFields[] = {
    {"role", Among(kRoles), Presence::kRequired},
    {"content", kTextOrBlocks, Presence::kRequired},
};
constexpr Shape kMessage = Object(kMessageFields);
constexpr Shape kMessages = Array(kMessage, 1, 4096);
constexpr std::string_view kThinkingTypes[] = {"disabled"};
constexpr Field kThinkingFields[] = {{"type", Among(kThinkingTypes), Presence::kRequired}};
constexpr Shape kThinking = Object(kThinkingFields);
constexpr Field kMetadataFields[] = {{"user_id", String(512), Presence::kIgnored}};
constexpr std::string_view kTiers[] = {"auto", "standard_only"};
constexpr Field kFields[] = {
    {"model", kModelName, Presence::kRequired},
    {"max_tokens", Integer(1, 1'000'000), Presence::kRequired},
    {"messages", kMessages, Presence::kRequired},
    {"system", kTextOrBlocks},
    {"stream", Boolean()},
    {"stop_sequences", Array(kStopText, 0, kMaxStopTexts)},
    {"temperature", Number(0, 1)},
    {"top_p", Number(0, 1)},
    {"top_k", Integer(0, 1'000'000)},
    {"thinking", kThinking},
    {"metadata", Object(kMetadataFields), Presence::kIgnored},
    {"service_tier", Among(kTiers), Presence::kIgnored},
    {"cache_control", Any(), Presence::kIgnored},
    {"tools", Any(), Presence::kUnsupported},
    {"tool_choice", Any(), Presence::kUnsupported},
    {"output_config", Any(), Presence::kUnsupported},
    {"container", Any(), Presence::kUnsupported},
    {"context_management", Any(), Presence::kUnsupported},
    {"mcp_servers", Any(), Presence::kUnsupported},
};
constexpr Shape kBody = Object(kFields);
constexpr Field kCountFields[] = {
    {"model", kModelName, Presence::kRequired},
    {"messages", kMessages, Presence::kRequired},
    {"system", kTextOrBlocks},
    {"thinking", kThinking},
    {"cache_control", Any(), Presence::kIgnored},
    {"tools", Any(), Presence::kUnsupported},
    {"tool_choice", Any(), Presence::kUnsupported},
    {"output_config", Any(), Presence::kUnsupported},
    {"context_management", Any(), Presence::kUnsupported},
    {"mcp_servers", Any(), Presence::kUnsupported},
};
constexpr Shape kCountBody = Object(kCountFields);

// Templates are given text, not blocks.
std::string TextOf(const Json& content) {
  if (content.is_string()) return content.get<std::string>();
  std::string text;
  for (const Json& block : content) text += block["text"].get<std::string>();
  return text;
}

// An assistant's last message is the beginning of the answer.
service::ConversationText ReadConversation(const Json& body) {
  OrderedJson messages = OrderedJson::array();
  if (const Json& system = Get(body, "system"); !system.is_null()) {
    messages.push_back({{"role", "system"}, {"content", TextOf(system)}});
  }
  for (const Json& message : body["messages"]) {
    messages.push_back({{"role", message["role"]}, {"content", TextOf(message["content"])}});
  }
  const bool continues = messages.back()["role"] == "assistant";
  return {.json = OrderedJson{{"messages", std::move(messages)}}.dump(), .continues = continues};
}

service::OrRefusal<service::GenerateSpec> ReadSpec(const Json& body) {
  service::GenerateSpec spec;
  spec.model = body["model"].get<std::string>();
  spec.prompts.emplace_back(ReadConversation(body));
  spec.max_tokens = body["max_tokens"].get<int64_t>();
  if (auto refusal = ReadSampling(body, spec)) return std::move(*refusal);
  if (const Json& stop = Get(body, "stop_sequences"); !stop.is_null()) {
    spec.stop = stop.get<std::vector<std::string>>();
  }
  return spec;
}

// The engine does not say whether a stop text ended an answer, so none is named.
OrderedJson EndingOf(std::optional<service::Finish> finish) {
  const char* reason = "end_turn";
  if (finish == service::Finish::kLength) reason = "max_tokens";
  if (finish == service::Finish::kContentFilter) reason = "refusal";
  return {{"stop_reason", reason}, {"stop_sequence", nullptr}};
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

Headers MessageHeaders(const service::Admission& admission, const std::string& request_id) {
  Headers headers = AdmissionHeaders(admission);
  headers.emplace_back("request-id", request_id);
  return headers;
}

class WholeMessage : public AnswerReceiver {
 public:
  WholeMessage(std::string request_id, std::shared_ptr<Responder> to)
      : AnswerReceiver(Dialect::kAnthropic, std::move(request_id), std::move(to)) {}

  void OnDelta(Delta delta) override {
    text_ += delta.text;
    if (delta.finish) finish_ = delta.finish;
  }
  void OnReply(const service::Reply& reply) override {
    if (finish_ == service::Finish::kCancelled) return OnRefused(CutShort());
    OrderedJson body = MessageOf(request_id_, admission_);
    body["content"].push_back({{"type", "text"}, {"text", text_}});
    body.update(EndingOf(finish_));
    body["usage"] = UsageOf(reply.usage.prompt_tokens, reply.usage.completion_tokens);
    to_->Send({.body = Dump(body), .headers = MessageHeaders(admission_, request_id_)});
  }

 private:
  std::string text_;
  std::optional<service::Finish> finish_;
};

class StreamedMessage : public AnswerReceiver {
 public:
  StreamedMessage(std::string request_id, std::shared_ptr<Responder> to)
      : AnswerReceiver(Dialect::kAnthropic, std::move(request_id), std::move(to)) {}

  void OnAdmitted(const service::Admission& admission) override {
    AnswerReceiver::OnAdmitted(admission);
    begun_ = true;
    to_->Begin(200, "text/event-stream; charset=utf-8", MessageHeaders(admission, request_id_));
    OrderedJson message = MessageOf(request_id_, admission);
    message["usage"] = UsageOf(admission.input_tokens, 0);
    Say({{"type", "message_start"}, {"message", std::move(message)}});
    Say({{"type", "content_block_start"},
         {"index", 0},
         {"content_block", {{"type", "text"}, {"text", ""}}}});
    Say({{"type", "ping"}});
  }
  void OnDelta(Delta delta) override {
    if (delta.finish) finish_ = delta.finish;
    if (delta.text.empty()) return;
    Say({{"type", "content_block_delta"},
         {"index", 0},
         {"delta", {{"type", "text_delta"}, {"text", delta.text}}}});
  }
  void OnReply(const service::Reply& reply) override {
    if (finish_ == service::Finish::kCancelled) return OnRefused(CutShort());
    Say({{"type", "content_block_stop"}, {"index", 0}});
    Say({{"type", "message_delta"},
         {"delta", EndingOf(finish_)},
         {"usage", UsageOf(reply.usage.prompt_tokens, reply.usage.completion_tokens)}});
    Say({{"type", "message_stop"}});
    to_->End();
  }
  void OnRefused(const Refusal& refusal) override {
    if (!begun_) return AnswerReceiver::OnRefused(refusal);
    Say(ErrorBody(Dialect::kAnthropic, refusal, request_id_));
    to_->Break();
  }

 private:
  // Events are named by their type, "error" among them.
  void Say(const OrderedJson& event) {
    to_->Write("event: " + event["type"].get<std::string>() + "\n" + Event(event));
  }

  std::optional<service::Finish> finish_;
  bool begun_ = false;
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
  const auto body = ReadBody(request.body, kBody);
  if (!body.ok()) return refuse(body.refusal());
  auto spec = ReadSpec(*body);
  if (!spec.ok()) return refuse(spec.refusal());
  std::shared_ptr<service::Receiver> receiver;
  if (Get(*body, "stream") == true) {
    receiver = std::make_shared<StreamedMessage>(request.id, to);
  } else {
    receiver = std::make_shared<WholeMessage>(request.id, to);
  }
  SendTask(api, request, "POST /v1/messages",
           std::make_unique<service::GenerateTask>(std::move(*spec)), std::move(receiver), to);
}

void CountTokens(const Api& api, const HttpRequest& request, const std::shared_ptr<Responder>& to) {
  const auto body = ReadBody(request.body, kCountBody);
  if (!body.ok()) return to->Send(ErrorResponse(Dialect::kAnthropic, body.refusal(), request.id));
  SendTask(api, request, "POST /v1/messages/count_tokens",
           std::make_unique<service::CountTask>((*body)["model"].get<std::string>(),
                                                ReadConversation(*body)),
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
  routes.push_back(Post("/v1/messages", "Answer a conversation, in Anthropic's words", &kBody,
                        [api](const HttpRequest& request, const std::shared_ptr<Responder>& to) {
                          Messages(api, request, to);
                        }));
  routes.push_back(Post("/v1/messages/count_tokens", "How many tokens a conversation is",
                        &kCountBody,
                        [api](const HttpRequest& request, const std::shared_ptr<Responder>& to) {
                          CountTokens(api, request, to);
                        }));
}

}  // namespace parvis::server
