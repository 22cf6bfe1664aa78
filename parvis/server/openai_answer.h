#ifndef PARVIS_SERVER_OPENAI_ANSWER_H_
#define PARVIS_SERVER_OPENAI_ANSWER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "parvis/core/json.h"
#include "parvis/server/answer.h"

namespace parvis::server {

// What every object of an answer to chat and completions says.
struct OpenAiAnswer {
  std::string id;  // "chatcmpl-…", "cmpl-…"
  int64_t created = 0;
  bool include_usage = false;  // of a stream: at its end
};
// The answer of a request now. `prefix`: "chatcmpl-".
OpenAiAnswer NewOpenAiAnswer(const std::string& prefix, const std::string& request_id);

// What chat's and completions' receivers have in common, streamed or whole.
class OpenAiReceiver : public AnswerReceiver {
 public:
  OpenAiReceiver(OpenAiAnswer answer, std::string request_id, std::shared_ptr<Responder> to)
      : AnswerReceiver(Dialect::kOpenAi, std::move(request_id), std::move(to)),
        answer_(std::move(answer)) {}

  // Of a stream that has begun: an event, and the connection is cut.
  void OnRefused(const service::Refusal& refusal) override;

 protected:
  // Without choices and usage.
  OrderedJson Envelope(const char* object) const;
  void Begin();                 // a stream
  void Say(OrderedJson chunk);  // one event of it, that tells no usage
  void End(const char* object, const runtime::Usage& usage);  // its last ones
  void SendWhole(OrderedJson body, const runtime::Usage& usage);

  // A choice that was cancelled must not look like one that ended.
  static bool Cut(const service::Delta& delta) {
    return delta.finish == service::Finish::kCancelled;
  }

  const OpenAiAnswer answer_;
  bool cut_ = false;

 private:
  bool begun_ = false;
};

}  // namespace parvis::server

#endif  // PARVIS_SERVER_OPENAI_ANSWER_H_
