#include "parvis/server/task_answers.h"

#include <utility>

namespace parvis::server {
namespace {

// Text that a task tells while it runs (and only that has gone through the check of what comes out)
// is the answer's `text`.
class TaskReceiver : public service::Receiver {
 public:
  TaskReceiver(std::string request_id, std::shared_ptr<Responder> to)
      : request_id_(std::move(request_id)), to_(std::move(to)) {}

  void OnAdmitted(const service::Admission& admission) override { admission_ = admission; }
  void OnDelta(service::Delta delta) override {
    text_ += delta.text;
    if (delta.finish) finish_ = delta.finish;
  }
  void OnReply(const service::Reply& reply) override {
    OrderedJson body = {{"id", request_id_}, {"model", admission_.model}};
    if (finish_) {
      body["text"] = text_;
      body["finish_reason"] = FinishReason(finish_);
    }
    if (reply.result.is_object()) body.update(reply.result);
    body["usage"] = {{"prompt_tokens", reply.usage.prompt_tokens},
                     {"completion_tokens", reply.usage.completion_tokens},
                     {"total_tokens", reply.usage.prompt_tokens + reply.usage.completion_tokens}};
    to_->Send({.body = Dump(body), .headers = AdmissionHeaders(admission_)});
  }
  void OnRefused(const service::Refusal& refusal) override {
    to_->Send(ErrorResponse(Dialect::kOpenAi, refusal, request_id_));
  }

 private:
  const std::string request_id_;
  const std::shared_ptr<Responder> to_;
  service::Admission admission_;
  std::string text_;
  std::optional<service::Finish> finish_;
};

}  // namespace

Route TaskRoute(const Api& api, std::string pattern, std::string summary, const Shape& shape,
                MakeTask make, MakeReceiver receive) {
  std::string name = "POST " + pattern;
  if (!receive) {
    receive = [](const Json&, const std::string& request_id, const std::shared_ptr<Responder>& to) {
      return std::make_shared<TaskReceiver>(request_id, to);
    };
  }
  return {.method = "POST",
          .pattern = std::move(pattern),
          .policy = Policy::Needs(service::Permission::kUseModels),
          .dialect = Dialect::kOpenAi,
          .summary = std::move(summary),
          .body = &shape,
          .max_body_bytes = kMaxBodyBytes,
          .handler = [api, &shape, name = std::move(name), make = std::move(make),
                      receive = std::move(receive)](const HttpRequest& request,
                                                    const std::shared_ptr<Responder>& to) {
            const auto body = ReadBody(request.body, shape);
            if (!body.ok()) {
              return to->Send(ErrorResponse(Dialect::kOpenAi, body.refusal(), request.id));
            }
            auto task = make(*body);
            if (!task.ok()) {
              return to->Send(ErrorResponse(Dialect::kOpenAi, task.refusal(), request.id));
            }
            SendTask(api, request, name, std::move(*task), receive(*body, request.id, to), to);
          }};
}

std::vector<std::string> TextsOf(const Json& texts) {
  if (texts.is_string()) return {texts.get<std::string>()};
  return texts.get<std::vector<std::string>>();
}

}  // namespace parvis::server
