#include "parvis/server/openai_answer.h"

#include <utility>

#include "parvis/core/clock.h"
#include "parvis/server/openai_json.h"

namespace parvis::server {

OpenAiAnswer NewOpenAiAnswer(const std::string& prefix, const std::string& request_id) {
  return {prefix + request_id.substr(request_id.find('_') + 1), WallClockMs() / 1000};
}

void OpenAiReceiver::OnRefused(const service::Refusal& refusal) {
  if (!begun_) return AnswerReceiver::OnRefused(refusal);
  to_->Write(Event(ErrorBody(dialect_, refusal, request_id_)));
  to_->Break();
}

OrderedJson OpenAiReceiver::Envelope(const char* object) const {
  std::string fingerprint = "fp_" + admission_.model_digest.substr(0, 12);
  if (!admission_.adapter_digest.empty()) {
    fingerprint += "_" + admission_.adapter_digest.substr(0, 12);
  }
  return {{"id", answer_.id},
          {"object", object},
          {"created", answer_.created},
          {"model", admission_.model},
          {"system_fingerprint", std::move(fingerprint)}};
}

void OpenAiReceiver::Begin() {
  begun_ = true;
  to_->Begin(200, "text/event-stream; charset=utf-8", AdmissionHeaders(admission_));
}

void OpenAiReceiver::Say(OrderedJson chunk) {
  if (answer_.include_usage) chunk["usage"] = nullptr;
  to_->Write(Event(chunk));
}

void OpenAiReceiver::End(const char* object, const runtime::Usage& usage) {
  if (answer_.include_usage) {
    OrderedJson chunk = Envelope(object);
    chunk["choices"] = OrderedJson::array();
    chunk["usage"] = UsageJson(usage);
    to_->Write(Event(chunk));
  }
  to_->Write("data: [DONE]\n\n");
  to_->End();
}

void OpenAiReceiver::SendWhole(OrderedJson body, const runtime::Usage& usage) {
  body["usage"] = UsageJson(usage);
  to_->Send({.body = Dump(body), .headers = AdmissionHeaders(admission_)});
}

}  // namespace parvis::server
