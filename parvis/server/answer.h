#ifndef PARVIS_SERVER_ANSWER_H_
#define PARVIS_SERVER_ANSWER_H_

#include <memory>
#include <string>
#include <utility>

#include "parvis/server/errors.h"
#include "parvis/server/http.h"
#include "parvis/service/gateway.h"

namespace parvis::server {

// What receivers of several dialects have in common. As it is, an answer is sent whole: derived
// classes gather it and send it in OnReply.
class AnswerReceiver : public service::Receiver {
 public:
  AnswerReceiver(Dialect dialect, std::string request_id, std::shared_ptr<Responder> to)
      : dialect_(dialect), request_id_(std::move(request_id)), to_(std::move(to)) {}

  void OnAdmitted(const service::Admission& admission) override { admission_ = admission; }
  void OnDelta(service::Delta) override {}
  void OnRefused(const service::Refusal& refusal) override {
    to_->Send(ErrorResponse(dialect_, refusal, request_id_));
  }

 protected:
  // What an answer that was cancelled comes to: it must not look like one that ended.
  static service::Refusal CutShort() {
    return {service::RefusalKind::kUnavailable, "The answer was cut short."};
  }

  // An answer, or the piece of one that ends a choice so: if a limit of its caller made it short,
  // it says which. Another field than the dialect's own: clients pass over it.
  void Tell(std::optional<service::Finish> finish, OrderedJson& json) const {
    if (finish == service::Finish::kLength && !admission_.notice.empty()) {
      json["parvis"] = {{"notice", admission_.notice}};
    }
  }

  const Dialect dialect_;
  const std::string request_id_;
  const std::shared_ptr<Responder> to_;
  service::Admission admission_;
};

}  // namespace parvis::server

#endif  // PARVIS_SERVER_ANSWER_H_
