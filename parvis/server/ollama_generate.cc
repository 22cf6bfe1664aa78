// POST /api/chat and /api/generate: Ollama's words for a conversation and for a prompt. Answers
// come line by line unless asked otherwise.

#include <chrono>
#include <utility>

#include "parvis/core/clock.h"
#include "parvis/server/answer.h"
#include "parvis/server/ollama_json.h"
#include "parvis/service/describe_task.h"

namespace parvis::server {
namespace {

using service::Delta;
using service::Invalid;
using service::Refusal;
using Clock = std::chrono::steady_clock;

constexpr Shape kOff = Integer(0, 0);
constexpr Shape kAnyNumber = Number(-1e9, 1e9);
constexpr Field kOptionFields[] = {
    {"num_predict", Integer(-2, 1'000'000)},
    {"seed", Integer(-kMaxExactInteger, kMaxExactInteger)},
    {"temperature", Number(0, 10)},
    {"top_k", Integer(0, 1'000'000)},
    {"top_p", Number(0, 1)},
    {"min_p", Number(0, 1)},
    {"typical_p", Number(0.01, 1)},
    {"repeat_penalty", Number(0.1, 10)},
    {"presence_penalty", Number(-2, 2)},
    {"frequency_penalty", Number(-2, 2)},
    {"stop", OneOf(kStopShapes)},
    {"mirostat", kOff},  // Parvis has no such sampler
    {"tfs_z", Number(1, 1)},
    {"mirostat_tau", kAnyNumber, Presence::kIgnored},
    {"mirostat_eta", kAnyNumber, Presence::kIgnored},
    {"repeat_last_n", kAnyNumber, Presence::kIgnored},
    {"penalize_newline", Boolean(), Presence::kIgnored},
    {"num_keep", kAnyNumber, Presence::kIgnored},
    {"num_ctx", kAnyNumber, Presence::kIgnored},
    {"num_batch", kAnyNumber, Presence::kIgnored},
    {"num_gpu", kAnyNumber, Presence::kIgnored},
    {"main_gpu", kAnyNumber, Presence::kIgnored},
    {"num_thread", kAnyNumber, Presence::kIgnored},
    {"numa", Boolean(), Presence::kIgnored},
    {"low_vram", Boolean(), Presence::kIgnored},
    {"f16_kv", Boolean(), Presence::kIgnored},
    {"vocab_only", Boolean(), Presence::kIgnored},
    {"use_mmap", Boolean(), Presence::kIgnored},
    {"use_mlock", Boolean(), Presence::kIgnored},
    {"logits_all", Boolean(), Presence::kIgnored},
};

constexpr Shape kOptions = Object(kOptionFields);
constexpr Shape kAny = Any();
constexpr Shape kNone = Array(kAny, 0, 0);
constexpr Shape kFormatShapes[] = {String(16), Object({}, /*open=*/true)};
constexpr Shape kFormat = OneOf(kFormatShapes);
constexpr Shape kThinkShapes[] = {Boolean(), String(16)};
constexpr Shape kThink = OneOf(kThinkShapes);

constexpr std::string_view kRoles[] = {"system", "user", "assistant", "tool"};
constexpr Field kMessageFields[] = {
    {"role", Among(kRoles), Presence::kRequired},
    {"content", String(kMaxText)},
    {"thinking", String(kMaxText), Presence::kIgnored},
    {"tool_name", String(256)},
    {"images", kNone},
    {"tool_calls", kNone},
};
constexpr Shape kMessage = Object(kMessageFields);
constexpr Field kChatFields[] = {
    {"model", kModelName, Presence::kRequired},
    {"messages", Array(kMessage, 0, 4096)},
    {"stream", Boolean()},
    {"options", kOptions},
    {"keep_alive", kKeepAlive},
    {"format", kFormat},
    {"tools", kNone},
    {"think", kThink, Presence::kIgnored},
    {"truncate", Boolean(), Presence::kIgnored},  // what is too long is refused, never cut
    {"shift", Boolean(), Presence::kIgnored},
    {"logprobs", Boolean(), Presence::kUnsupported},
    {"top_logprobs", Any(), Presence::kUnsupported},
};
constexpr Shape kChatBody = Object(kChatFields);
constexpr Field kGenerateFields[] = {
    {"model", kModelName, Presence::kRequired},
    {"prompt", String(kMaxText)},
    {"system", String(kMaxText)},
    {"raw", Boolean()},
    {"stream", Boolean()},
    {"options", kOptions},
    {"keep_alive", kKeepAlive},
    {"format", kFormat},
    {"template", String(kMaxText)},
    {"suffix", String(kMaxText)},
    {"images", kNone},
    {"context", Any(), Presence::kUnsupported},
    {"think", kThink, Presence::kIgnored},
    {"truncate", Boolean(), Presence::kIgnored},
    {"shift", Boolean(), Presence::kIgnored},
    {"logprobs", Boolean(), Presence::kUnsupported},
    {"top_logprobs", Any(), Presence::kUnsupported},
};
constexpr Shape kGenerateBody = Object(kGenerateFields);

// What the dialect's own program sends empty, and Parvis does not do when it is not.
std::optional<Refusal> RefuseUnserved(const Json& body) {
  for (const char* name : {"format", "template", "suffix"}) {
    const Json& value = Get(body, name);
    if (value.is_null() || value == "") continue;
    return Invalid(name, std::string("Parvis does not support '") + name + "' here.",
                   "unsupported_parameter");
  }
  return std::nullopt;
}

void ReadOptions(const Json& body, service::GenerateSpec& spec) {
  Json options = {{"temperature", 0.8}, {"top_k", 40}, {"top_p", 0.9}};
  if (const Json& said = Get(body, "options"); said.is_object()) {
    for (const auto& [name, value] : said.items()) {
      if (!value.is_null()) options[name == "repeat_penalty" ? "repetition_penalty" : name] = value;
    }
  }
  // None of these options can name a token, so nothing is refused.
  (void)ReadSampling(options, spec);
  if (const Json& p = Get(options, "typical_p"); !p.is_null()) {
    spec.sampling.typical_p = p.get<float>();
  }
  if (const Json& most = Get(options, "num_predict"); !most.is_null() && most.get<int64_t>() >= 0) {
    spec.max_tokens = most.get<int64_t>();
  }
}

bool IsEmpty(const Json& body, const char* name) {
  const Json& value = Get(body, name);
  return value.is_null() || value.empty() || value == "";
}

// An assistant's last message is the beginning of the answer.
service::ConversationText ReadMessages(const Json& body) {
  OrderedJson messages = OrderedJson::array();
  for (const Json& message : body["messages"]) {
    const Json& content = Get(message, "content");
    OrderedJson entry = {{"role", message["role"]},
                         {"content", content.is_null() ? "" : content.get<std::string>()}};
    if (const Json& tool = Get(message, "tool_name"); !tool.is_null()) entry["name"] = tool;
    messages.push_back(std::move(entry));
  }
  const bool continues = messages.back()["role"] == "assistant";
  return {.json = OrderedJson{{"messages", std::move(messages)}}.dump(), .continues = continues};
}

// A prompt goes through the model's template as a user's message; a model without one goes on with
// it as it is, and so does every model that is asked to ("raw").
service::OrRefusal<service::PromptSource> ReadPrompt(const Json& body) {
  const auto prompt = body["prompt"].get<std::string>();
  const bool has_system = !IsEmpty(body, "system");
  if (Get(body, "raw") == true) {
    if (has_system) return Invalid("system", "'system' and 'raw' exclude each other.");
    return service::PromptSource(prompt);
  }
  OrderedJson messages = OrderedJson::array();
  if (has_system) messages.push_back({{"role", "system"}, {"content", body["system"]}});
  messages.push_back({{"role", "user"}, {"content", prompt}});
  service::ConversationText text{.json = OrderedJson{{"messages", std::move(messages)}}.dump()};
  if (!has_system) text.plain = prompt;
  return service::PromptSource(std::move(text));
}

// What the answer needs to know of its request.
struct Asked {
  bool chat = false, stream = true;
  std::string model;  // as the caller named it
  KeepAlive keep;
  service::Caller caller;
  Clock::time_point at = Clock::now();
};

// One line, of a piece of the answer or of all of it.
OrderedJson LineOf(const Asked& asked, const std::string& text) {
  OrderedJson line = {{"model", asked.model}, {"created_at", TimeText(WallClockMs())}};
  if (asked.chat) {
    line["message"] = {{"role", "assistant"}, {"content", text}};
  } else {
    line["response"] = text;
  }
  line["done"] = false;
  return line;
}

class OllamaReceiver : public AnswerReceiver {
 public:
  OllamaReceiver(const Api& api, Asked asked, std::string request_id, std::shared_ptr<Responder> to)
      : AnswerReceiver(Dialect::kOllama, std::move(request_id), std::move(to)),
        api_(api),
        asked_(std::move(asked)) {}

  void OnAdmitted(const service::Admission& admission) override {
    AnswerReceiver::OnAdmitted(admission);
    admitted_at_ = Clock::now();
    if (asked_.stream) to_->Begin(200, "application/x-ndjson", AdmissionHeaders(admission));
    begun_ = asked_.stream;
  }
  void OnDelta(Delta delta) override {
    if (delta.finish) finish_ = delta.finish;
    if (!asked_.stream) {
      text_ += delta.text;
    } else if (!delta.text.empty()) {
      to_->Write(Dump(LineOf(asked_, delta.text)) + "\n");
    }
  }
  void OnReply(const service::Reply& reply) override {
    if (finish_ == service::Finish::kCancelled) return OnRefused(CutShort());
    Keep(api_, asked_.caller, admission_.model, asked_.keep);
    OrderedJson line = LineOf(asked_, text_);
    line["done"] = true;
    line["done_reason"] = finish_ ? std::string(service::FinishName(*finish_)) : "load";
    const std::chrono::duration<double> total = Clock::now() - asked_.at;
    const std::chrono::duration<double> load = admitted_at_ - asked_.at;
    line["total_duration"] = Nanoseconds(total.count());
    line["load_duration"] = Nanoseconds(load.count());
    if (finish_) {
      line["prompt_eval_count"] = reply.usage.prompt_tokens;
      line["prompt_eval_duration"] = Nanoseconds(reply.timings.prompt);
      line["eval_count"] = reply.usage.completion_tokens;
      line["eval_duration"] = Nanoseconds(reply.timings.generation);
    }
    if (!asked_.stream) {
      return to_->Send({.body = Dump(line), .headers = AdmissionHeaders(admission_)});
    }
    to_->Write(Dump(line) + "\n");
    to_->End();
  }
  void OnRefused(const Refusal& refusal) override {
    if (!begun_) return AnswerReceiver::OnRefused(refusal);
    to_->Write(Dump(ErrorBody(Dialect::kOllama, refusal, request_id_)) + "\n");
    to_->Break();
  }

 private:
  const Api api_;
  const Asked asked_;
  Clock::time_point admitted_at_;
  std::string text_;
  std::optional<service::Finish> finish_;  // none: only loaded
  bool begun_ = false;
};

// Without a prompt and with keep_alive 0 a model is to be unloaded.
void Unload(const Api& api, const HttpRequest& request, const Asked& asked,
            const std::string& model, const std::shared_ptr<Responder>& to) {
  const auto refuse = [&](const Refusal& refusal) {
    to->Send(ErrorResponse(Dialect::kOllama, refusal, request.id));
  };
  if (!request.caller.permissions.Has(service::Permission::kManage)) {
    return refuse({service::RefusalKind::kForbidden, "This key may not unload models."});
  }
  if (!api.catalogue.Find(model)) {
    return refuse({service::RefusalKind::kNotFound, "There is no such model."});
  }
  api.catalogue.Unload(model);
  OrderedJson line = LineOf(asked, "");
  line["done"] = true;
  line["done_reason"] = "unload";
  const char* const type = asked.stream ? "application/x-ndjson" : "application/json";
  to->Send({.content_type = type, .body = Dump(line) + "\n"});
}

void Answer(const Api& api, const HttpRequest& request, const std::shared_ptr<Responder>& to,
            bool chat) {
  const auto refuse = [&](const Refusal& refusal) {
    to->Send(ErrorResponse(Dialect::kOllama, refusal, request.id));
  };
  const auto body = ReadBody(request.body, chat ? kChatBody : kGenerateBody);
  if (!body.ok()) return refuse(body.refusal());
  if (const auto refusal = RefuseUnserved(*body)) return refuse(*refusal);
  const auto keep = ReadKeepAlive(*body);
  if (!keep.ok()) return refuse(keep.refusal());
  const std::string model = ModelOf(*body);
  Asked asked{.chat = chat,
              .stream = Get(*body, "stream") != false,
              .model = (*body)["model"].get<std::string>(),
              .keep = *keep,
              .caller = request.caller};
  std::unique_ptr<service::Task> task;
  if (IsEmpty(*body, chat ? "messages" : "prompt")) {
    if (keep->said && keep->time && keep->time->count() == 0) {
      return Unload(api, request, asked, model, to);
    }
    task = std::make_unique<service::DescribeTask>(model);  // which loads it
  } else {
    service::GenerateSpec spec{.model = model};
    if (chat) {
      spec.prompts.emplace_back(ReadMessages(*body));
    } else {
      auto prompt = ReadPrompt(*body);
      if (!prompt.ok()) return refuse(prompt.refusal());
      spec.prompts.push_back(std::move(*prompt));
    }
    ReadOptions(*body, spec);
    task = std::make_unique<service::GenerateTask>(std::move(spec));
  }
  SendTask(api, request, chat ? "POST /api/chat" : "POST /api/generate", std::move(task),
           std::make_shared<OllamaReceiver>(api, std::move(asked), request.id, to), to);
}

}  // namespace

void AddOllamaGenerate(const Api& api, std::vector<Route>& routes) {
  routes.push_back(
      OllamaPost("/api/chat", "Answer a conversation, in Ollama's words", &kChatBody,
                 [api](const HttpRequest& request, const std::shared_ptr<Responder>& to) {
                   Answer(api, request, to, /*chat=*/true);
                 }));
  routes.push_back(
      OllamaPost("/api/generate", "Go on with a prompt, in Ollama's words", &kGenerateBody,
                 [api](const HttpRequest& request, const std::shared_ptr<Responder>& to) {
                   Answer(api, request, to, /*chat=*/false);
                 }));
}

}  // namespace parvis::server
