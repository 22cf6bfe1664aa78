// POST /api/chat and /api/generate: Ollama's words for a conversation and for a prompt. Answers
// come line by line unless asked otherwise.

#include <chrono>
#include <set>
#include <utility>
#include <vector>

#include "parvis/core/clock.h"
#include "parvis/core/utc.h"
#include "parvis/server/answer.h"
#include "parvis/server/ollama_generate_request.h"
#include "parvis/server/ollama_json.h"
#include "parvis/server/tools.h"
#include "parvis/service/describe_task.h"

namespace parvis::server {
namespace {

using service::Delta;
using service::Refusal;
using Clock = std::chrono::steady_clock;

// What the answer needs to know of its request.
struct Asked {
  bool chat = false, stream = true;
  std::string model;  // as the caller named it
  KeepAlive keep;
  service::Caller caller;
  std::set<std::string> functions = {};  // whose calls are looked for
  Clock::time_point at = Clock::now();
};

// One line, of a piece of the answer or of all of it.
OrderedJson LineOf(const Asked& asked, const std::string& text) {
  OrderedJson line = {{"model", asked.model}, {"created_at", UtcMilliseconds(WallClockMs())}};
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
        asked_(std::move(asked)),
        filter_(asked_.functions) {}

  void OnAdmitted(const service::Admission& admission) override {
    AnswerReceiver::OnAdmitted(admission);
    admitted_at_ = Clock::now();
    if (asked_.stream) to_->Begin(200, "application/x-ndjson", AdmissionHeaders(admission));
    begun_ = asked_.stream;
  }
  void OnDelta(Delta delta) override {
    if (delta.finish) finish_ = delta.finish;
    Take(filter_.Add(std::move(delta.text)));
  }
  void OnReply(const service::Reply& reply) override {
    if (finish_ == service::Finish::kCancelled) return OnRefused(CutShort());
    Keep(api_, asked_.caller, admission_.model, asked_.keep);
    const AnswerParts rest = filter_.Finish(finish_ == service::Finish::kStop);
    Take(rest.text);
    OrderedJson line = LineOf(asked_, text_);
    if (!rest.calls.empty()) {
      OrderedJson with_calls = LineOf(asked_, text_);
      with_calls["message"]["tool_calls"] = CallsOf(rest.calls);
      if (asked_.stream) {
        to_->Write(Dump(with_calls) + "\n");
      } else {
        line = std::move(with_calls);
      }
    }
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
    Tell(finish_, line);
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
  void Take(const std::string& text) {
    if (!asked_.stream) {
      text_ += text;
    } else if (!text.empty()) {
      to_->Write(Dump(LineOf(asked_, text)) + "\n");
    }
  }

  static OrderedJson CallsOf(const std::vector<ToolCall>& calls) {
    OrderedJson list = OrderedJson::array();
    for (size_t i = 0; i < calls.size(); ++i) {
      OrderedJson function = {{"index", i}, {"name", calls[i].name}};
      function["arguments"] = OrderedJson::parse(calls[i].arguments);
      list.push_back({{"id", NewCallId("call_")}, {"function", std::move(function)}});
    }
    return list;
  }

  const Api api_;
  const Asked asked_;
  CallFilter filter_;
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
  const auto body = ReadBody(request.body, chat ? OllamaChatBody() : OllamaGenerateBody());
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
  if (IsEmpty(*body, chat ? "messages" : "prompt") && (chat || IsEmpty(*body, "suffix"))) {
    if (keep->said && keep->time && keep->time->count() == 0) {
      return Unload(api, request, asked, model, to);
    }
    task = std::make_unique<service::DescribeTask>(model);  // which loads it
  } else {
    auto spec = ReadOllamaSpec(*body, request.body, chat, asked.functions);
    if (!spec.ok()) return refuse(spec.refusal());
    task = std::make_unique<service::GenerateTask>(std::move(*spec));
  }
  SendTask(api, request, chat ? "POST /api/chat" : "POST /api/generate", std::move(task),
           std::make_shared<OllamaReceiver>(api, std::move(asked), request.id, to), to);
}

}  // namespace

void AddOllamaGenerate(const Api& api, std::vector<Route>& routes) {
  routes.push_back(
      OllamaPost("/api/chat", "Answer a conversation, in Ollama's words", &OllamaChatBody(),
                 [api](const HttpRequest& request, const std::shared_ptr<Responder>& to) {
                   Answer(api, request, to, /*chat=*/true);
                 }));
  routes.push_back(
      OllamaPost("/api/generate", "Go on with a prompt, in Ollama's words", &OllamaGenerateBody(),
                 [api](const HttpRequest& request, const std::shared_ptr<Responder>& to) {
                   Answer(api, request, to, /*chat=*/false);
                 }));
}

}  // namespace parvis::server
