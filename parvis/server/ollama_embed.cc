// POST /api/embed and the older /api/embeddings: vectors in Ollama's words.

#include <chrono>
#include <utility>

#include "parvis/server/answer.h"
#include "parvis/server/ollama_json.h"
#include "parvis/service/embed_task.h"

namespace parvis::server {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Shape kInputText = String(kMaxText, 1);
constexpr Shape kInputShapes[] = {kInputText, Array(kInputText, 1, 2048)};
constexpr Field kEmbedFields[] = {
    {"model", kModelName, Presence::kRequired},
    {"input", OneOf(kInputShapes), Presence::kRequired},
    {"dimensions", Integer(1, 65536)},
    {"truncate", Boolean(), Presence::kIgnored},  // what is too long is refused, never cut
    {"options", Any(), Presence::kIgnored},
    {"keep_alive", kKeepAlive},
};
constexpr Shape kEmbedBody = Object(kEmbedFields);
constexpr Field kOldFields[] = {
    {"model", kModelName, Presence::kRequired},
    {"prompt", kInputText, Presence::kRequired},
    {"options", Any(), Presence::kIgnored},
    {"keep_alive", kKeepAlive},
};
constexpr Shape kOldBody = Object(kOldFields);

struct Asked {
  std::string model;  // as the caller named it
  bool old = false;   // one vector without more
  KeepAlive keep;
  service::Caller caller;
  Clock::time_point at = Clock::now();
};

class EmbedReceiver : public AnswerReceiver {
 public:
  EmbedReceiver(const Api& api, Asked asked, std::string request_id, std::shared_ptr<Responder> to)
      : AnswerReceiver(Dialect::kOllama, std::move(request_id), std::move(to)),
        api_(api),
        asked_(std::move(asked)) {}

  void OnAdmitted(const service::Admission& admission) override {
    AnswerReceiver::OnAdmitted(admission);
    admitted_at_ = Clock::now();
  }
  void OnReply(const service::Reply& reply) override {
    Keep(api_, asked_.caller, admission_.model, asked_.keep);
    OrderedJson body;
    if (asked_.old) {
      body = {{"embedding", reply.embeddings.at(0)}};
    } else {
      const std::chrono::duration<double> total = Clock::now() - asked_.at;
      const std::chrono::duration<double> load = admitted_at_ - asked_.at;
      body = {{"model", asked_.model},
              {"embeddings", reply.embeddings},
              {"total_duration", Nanoseconds(total.count())},
              {"load_duration", Nanoseconds(load.count())},
              {"prompt_eval_count", reply.usage.prompt_tokens}};
    }
    to_->Send({.body = Dump(body), .headers = AdmissionHeaders(admission_)});
  }

 private:
  const Api api_;
  const Asked asked_;
  Clock::time_point admitted_at_;
};

void Embed(const Api& api, const HttpRequest& request, const std::shared_ptr<Responder>& to,
           bool old) {
  const auto refuse = [&](const service::Refusal& refusal) {
    to->Send(ErrorResponse(Dialect::kOllama, refusal, request.id));
  };
  const auto body = ReadBody(request.body, old ? kOldBody : kEmbedBody);
  if (!body.ok()) return refuse(body.refusal());
  const auto keep = ReadKeepAlive(*body);
  if (!keep.ok()) return refuse(keep.refusal());
  service::EmbedSpec spec{.model = ModelOf(*body)};
  const Json& input = (*body)[old ? "prompt" : "input"];
  if (input.is_string()) {
    spec.inputs.emplace_back(input.get<std::string>());
  } else {
    for (const Json& text : input) spec.inputs.emplace_back(text.get<std::string>());
  }
  if (const Json& size = Get(*body, "dimensions"); !size.is_null()) {
    spec.dimensions = size.get<int64_t>();
  }
  Asked asked{.model = (*body)["model"].get<std::string>(),
              .old = old,
              .keep = *keep,
              .caller = request.caller};
  SendTask(api, request, old ? "POST /api/embeddings" : "POST /api/embed",
           std::make_unique<service::EmbedTask>(std::move(spec)),
           std::make_shared<EmbedReceiver>(api, std::move(asked), request.id, to), to);
}

}  // namespace

void AddOllamaEmbed(const Api& api, std::vector<Route>& routes) {
  routes.push_back(
      OllamaPost("/api/embed", "Turn texts into vectors, in Ollama's words", &kEmbedBody,
                 [api](const HttpRequest& request, const std::shared_ptr<Responder>& to) {
                   Embed(api, request, to, /*old=*/false);
                 }));
  routes.push_back(OllamaPost(
      "/api/embeddings", "Turn one text into a vector, in Ollama's older words", &kOldBody,
      [api](const HttpRequest& request, const std::shared_ptr<Responder>& to) {
        Embed(api, request, to, /*old=*/true);
      }));
}

}  // namespace parvis::server
