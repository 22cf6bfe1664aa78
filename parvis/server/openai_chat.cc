// POST /v1/chat/completions: from OpenAI's words to a task, and from what the gateway tells to
// OpenAI's words. What is answered, to whom and at what price is the gateway's.

#include <fmt/format.h>

#include <utility>

#include "parvis/core/clock.h"
#include "parvis/server/api.h"
#include "parvis/server/openai_json.h"
#include "parvis/service/generate_task.h"

namespace parvis::server {
namespace {

using service::Delta;
using service::Invalid;
using service::Refusal;

constexpr std::string_view kRoles[] = {"system", "developer", "user", "assistant", "tool"};
constexpr std::string_view kPartTypes[] = {"text", "refusal"};
constexpr Field kPartFields[] = {
    {"type", Among(kPartTypes), Presence::kRequired},
    {"text", String(kMaxText), Presence::kOptional},
    {"refusal", String(kMaxText), Presence::kOptional},
};
constexpr Shape kPart = Object(kPartFields);
constexpr Shape kContentShapes[] = {String(kMaxText), Array(kPart, 1, 1024)};
constexpr Field kMessageFields[] = {
    {"role", Among(kRoles), Presence::kRequired},
    {"content", OneOf(kContentShapes)},
    {"name", String(64), Presence::kNullable},
    {"refusal", String(kMaxText)},
    {"tool_call_id", String(256)},
    {"tool_calls", Any(), Presence::kUnsupported},
    {"function_call", Any(), Presence::kUnsupported},
    {"audio", Any(), Presence::kUnsupported},
    {"annotations", Any(), Presence::kIgnored},
};
constexpr Shape kMessage = Object(kMessageFields);
constexpr std::string_view kFormats[] = {"text"};
constexpr Field kFormatFields[] = {{"type", Among(kFormats), Presence::kRequired}};
constexpr std::string_view kTiers[] = {"auto", "default", "flex", "priority", "scale"};
constexpr Field kFields[] = {
    {"model", kModelName, Presence::kRequired},
    {"messages", Array(kMessage, 1, 4096), Presence::kRequired},
    {"max_completion_tokens", Integer(1, 1'000'000)},
    {"max_tokens", Integer(1, 1'000'000)},
    {"temperature", Number(0, 2)},
    {"top_p", Number(0, 1)},
    {"top_k", Integer(0, 1'000'000)},
    {"min_p", Number(0, 1)},
    {"repetition_penalty", Number(0.1, 10)},
    {"presence_penalty", Number(-2, 2)},
    {"frequency_penalty", Number(-2, 2)},
    {"logit_bias", kLogitBias},
    {"n", Integer(1, 128)},
    {"seed", Integer(-kMaxExactInteger, kMaxExactInteger)},
    {"stop", kStop},
    {"stream", Boolean()},
    {"stream_options", kStreamOptions},
    {"logprobs", Boolean()},
    {"top_logprobs", Integer(0, 20)},
    {"response_format", Object(kFormatFields)},
    {"tools", Any(), Presence::kUnsupported},
    {"tool_choice", Any(), Presence::kUnsupported},
    {"functions", Any(), Presence::kUnsupported},
    {"function_call", Any(), Presence::kUnsupported},
    {"parallel_tool_calls", Boolean(), Presence::kIgnored},
    {"metadata", kMetadata},
    {"user", String(512), Presence::kIgnored},
    {"safety_identifier", String(64), Presence::kIgnored},
    {"prompt_cache_key", String(512), Presence::kIgnored},
    {"prompt_cache_retention", String(64), Presence::kIgnored},
    {"service_tier", Among(kTiers), Presence::kIgnored},
    {"reasoning_effort", String(16), Presence::kIgnored},
    {"verbosity", String(16), Presence::kIgnored},
    {"store", Boolean(), Presence::kIgnored},
    {"modalities", Any(), Presence::kUnsupported},
    {"audio", Any(), Presence::kUnsupported},
    {"prediction", Any(), Presence::kUnsupported},
    {"web_search_options", Any(), Presence::kUnsupported},
    {"moderation", Any(), Presence::kUnsupported},
};
constexpr Shape kBody = Object(kFields);

// The text of a message's content; templates are given text, not parts.
std::string TextOf(const Json& content) {
  if (content.is_string()) return content.get<std::string>();
  std::string text;
  for (const Json& part : content) {
    for (const char* name : {"text", "refusal"}) {
      if (const Json& value = Get(part, name); value.is_string()) text += value.get<std::string>();
    }
  }
  return text;
}

service::OrRefusal<service::ConversationText> ReadMessages(const Json& messages) {
  OrderedJson conversation = {{"messages", OrderedJson::array()}};
  for (size_t i = 0; i < messages.size(); ++i) {
    const Json& message = messages[i];
    std::string role = message["role"].get<std::string>();
    const Json& content = Get(message, "content");
    if (content.is_null()) {
      const std::string where = fmt::format("messages[{}].content", i);
      return Invalid(where, fmt::format("'{}' is missing.", where), "missing_required_parameter");
    }
    if (role == "developer") role = "system";  // the older word, which templates know
    OrderedJson entry = {{"role", role}, {"content", TextOf(content)}};
    if (const Json& name = Get(message, "name"); !name.is_null()) entry["name"] = name;
    if (const Json& id = Get(message, "tool_call_id"); !id.is_null()) entry["tool_call_id"] = id;
    conversation["messages"].push_back(std::move(entry));
  }
  return service::ConversationText{conversation.dump()};
}

service::OrRefusal<service::GenerateSpec> ReadSpec(const Json& body) {
  service::GenerateSpec spec;
  spec.model = body["model"].get<std::string>();
  auto conversation = ReadMessages(body["messages"]);
  if (!conversation.ok()) return conversation.refusal();
  spec.prompts.emplace_back(std::move(*conversation));
  if (auto refusal = ReadSampling(body, spec)) return std::move(*refusal);
  for (const char* name : {"max_tokens", "max_completion_tokens"}) {  // the latter wins
    if (const Json& most = Get(body, name); !most.is_null()) spec.max_tokens = most.get<int64_t>();
  }
  const Json& logprobs = Get(body, "logprobs");
  const Json& top = Get(body, "top_logprobs");
  if (logprobs == true) {
    spec.logprobs = top.is_null() ? 0 : top.get<int>();
  } else if (!top.is_null()) {
    return Invalid("top_logprobs", "'top_logprobs' needs 'logprobs' to be true.");
  }
  return spec;
}

// What the answer needs to know of its request.
struct Asked {
  std::string id;  // "chatcmpl-…"
  int64_t created = 0;
  bool logprobs = false, include_usage = false;
};

OrderedJson Envelope(const Asked& asked, const char* object, const service::Admission& admission) {
  return {{"id", asked.id},
          {"object", object},
          {"created", asked.created},
          {"model", admission.model},
          {"system_fingerprint", "fp_" + admission.model_digest.substr(0, 12)}};
}

// What both forms of an answer have in common.
class ChatReceiver : public service::Receiver {
 public:
  ChatReceiver(Asked asked, std::string request_id, std::shared_ptr<Responder> to)
      : asked_(std::move(asked)), request_id_(std::move(request_id)), to_(std::move(to)) {}

  void OnAdmitted(const service::Admission& admission) override { admission_ = admission; }

 protected:
  // A choice that was cancelled must not look like one that ended.
  static bool Cut(const Delta& delta) { return delta.finish == service::Finish::kCancelled; }

  const Asked asked_;
  const std::string request_id_;
  const std::shared_ptr<Responder> to_;
  service::Admission admission_;
  bool cut_ = false;
};

Refusal CutShort() { return {service::RefusalKind::kUnavailable, "The answer was cut short."}; }

class WholeChat : public ChatReceiver {
 public:
  using ChatReceiver::ChatReceiver;

  void OnAdmitted(const service::Admission& admission) override {
    ChatReceiver::OnAdmitted(admission);
    choices_.resize(static_cast<size_t>(admission.choices));
  }
  void OnDelta(Delta delta) override {
    Choice& choice = choices_[static_cast<size_t>(delta.choice)];
    choice.text += delta.text;
    choice.tokens.insert(choice.tokens.end(), std::make_move_iterator(delta.tokens.begin()),
                         std::make_move_iterator(delta.tokens.end()));
    if (delta.finish) choice.finish = delta.finish;
    cut_ |= Cut(delta);
  }
  void OnReply(const service::Reply& reply) override {
    if (cut_) return OnRefused(CutShort());
    OrderedJson body = Envelope(asked_, "chat.completion", admission_);
    body["choices"] = OrderedJson::array();
    for (size_t i = 0; i < choices_.size(); ++i) {
      const Choice& choice = choices_[i];
      OrderedJson logprobs;
      if (asked_.logprobs)
        logprobs = {{"content", ChatLogprobs(choice.tokens)}, {"refusal", nullptr}};
      body["choices"].push_back({{"index", i},
                                 {"message",
                                  {{"role", "assistant"},
                                   {"content", choice.text},
                                   {"refusal", nullptr},
                                   {"annotations", OrderedJson::array()}}},
                                 {"logprobs", std::move(logprobs)},
                                 {"finish_reason", FinishReason(choice.finish)}});
    }
    body["usage"] = UsageJson(reply.usage);
    to_->Send({.body = Dump(body), .headers = AdmissionHeaders(admission_)});
  }
  void OnRefused(const Refusal& refusal) override {
    to_->Send(ErrorResponse(Dialect::kOpenAi, refusal, request_id_));
  }

 private:
  struct Choice {
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
    begun_ = true;
    to_->Begin(200, "text/event-stream; charset=utf-8", AdmissionHeaders(admission));
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
    if (!delta.text.empty() || !logprobs.is_null()) {
      Say(delta.choice, {{"content", delta.text}}, std::move(logprobs), {});
    }
    if (delta.finish && !Cut(delta)) {
      Say(delta.choice, OrderedJson::object(), {}, FinishReason(delta.finish));
    }
  }
  void OnReply(const service::Reply& reply) override {
    if (cut_) return OnRefused(CutShort());
    if (asked_.include_usage) {
      OrderedJson chunk = Envelope(asked_, "chat.completion.chunk", admission_);
      chunk["choices"] = OrderedJson::array();
      chunk["usage"] = UsageJson(reply.usage);
      to_->Write(Event(chunk));
    }
    to_->Write("data: [DONE]\n\n");
    to_->End();
  }
  void OnRefused(const Refusal& refusal) override {
    if (!begun_) return to_->Send(ErrorResponse(Dialect::kOpenAi, refusal, request_id_));
    to_->Write(Event(ErrorBody(Dialect::kOpenAi, refusal, request_id_)));
    to_->Break();
  }

 private:
  void Say(int64_t choice, OrderedJson delta, OrderedJson logprobs, OrderedJson finish) {
    OrderedJson chunk = Envelope(asked_, "chat.completion.chunk", admission_);
    chunk["choices"] = {{{"index", choice},
                         {"delta", std::move(delta)},
                         {"logprobs", std::move(logprobs)},
                         {"finish_reason", std::move(finish)}}};
    if (asked_.include_usage) chunk["usage"] = nullptr;
    to_->Write(Event(chunk));
  }

  bool begun_ = false;
};

void ChatCompletions(const Api& api, const HttpRequest& request,
                     const std::shared_ptr<Responder>& to) {
  const auto refuse = [&](const Refusal& refusal) {
    to->Send(ErrorResponse(Dialect::kOpenAi, refusal, request.id));
  };
  const auto body = ReadBody(request.body, kBody);
  if (!body.ok()) return refuse(body.refusal());
  auto spec = ReadSpec(*body);
  if (!spec.ok()) return refuse(spec.refusal());
  Asked asked{.id = "chatcmpl-" + request.id.substr(4),
              .created = WallClockMs() / 1000,
              .logprobs = spec->logprobs >= 0,
              .include_usage = Get(*body, "stream_options").is_object() &&
                               Get(Get(*body, "stream_options"), "include_usage") == true};
  const bool stream = Get(*body, "stream") == true;
  if (!stream && !Get(*body, "stream_options").is_null()) {
    return refuse(Invalid("stream_options", "'stream_options' needs 'stream' to be true."));
  }
  std::shared_ptr<service::Receiver> receiver;
  if (stream) {
    receiver = std::make_shared<StreamedChat>(std::move(asked), request.id, to);
  } else {
    receiver = std::make_shared<WholeChat>(std::move(asked), request.id, to);
  }
  SendTask(api, request, "POST /v1/chat/completions",
           std::make_unique<service::GenerateTask>(std::move(*spec)), std::move(receiver), to);
}

}  // namespace

void AddOpenAiChat(const Api& api, std::vector<Route>& routes) {
  routes.push_back(
      {.method = "POST",
       .pattern = "/v1/chat/completions",
       .policy = Policy::Needs(service::Permission::kUseModels),
       .dialect = Dialect::kOpenAi,
       .summary = "Answer a conversation",
       .body = &kBody,
       .max_body_bytes = kMaxBodyBytes,
       .handler = [api](const HttpRequest& request, const std::shared_ptr<Responder>& to) {
         ChatCompletions(api, request, to);
       }});
}

}  // namespace parvis::server
