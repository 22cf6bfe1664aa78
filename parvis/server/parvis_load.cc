// POST /v1/models/load: has a model loaded before somebody needs it, and tells how that gets on.

#include "parvis/server/parvis_load.h"

#include <mutex>
#include <utility>

#include "parvis/server/answer.h"
#include "parvis/server/api.h"
#include "parvis/server/openai_json.h"
#include "parvis/server/openai_route.h"
#include "parvis/service/describe_task.h"

namespace parvis::server {
namespace {

constexpr Field kLoadFields[] = {
    {"model", kModelName, Presence::kRequired},
    {"stream", Boolean()},
};
constexpr Shape kLoadBody = Object(kLoadFields);

// A stream begins with the first that is told, so what is refused at once has its own status.
class LoadReceiver : public AnswerReceiver {
 public:
  LoadReceiver(std::string model, bool stream, std::string request_id,
               std::shared_ptr<Responder> to)
      : AnswerReceiver(Dialect::kOpenAi, std::move(request_id), std::move(to)),
        model_(std::move(model)),
        stream_(stream) {}

  void OnProgress(const service::LoadProgress& progress) {
    const std::lock_guard lock(mutex_);
    if (over_ || !stream_) return;
    Begin({});
    Say(LoadingJson(progress));
  }
  void OnReply(const service::Reply&) override {
    const std::lock_guard lock(mutex_);
    over_ = true;
    const OrderedJson loaded = {{"stage", "loaded"}, {"progress", 1.0}};
    if (!stream_) {
      return to_->Send({.body = Dump(Whole(loaded)), .headers = AdmissionHeaders(admission_)});
    }
    Begin(AdmissionHeaders(admission_));
    Say(loaded);
    to_->Write("data: [DONE]\n\n");
    to_->End();
  }
  void OnRefused(const service::Refusal& refusal) override {
    const std::lock_guard lock(mutex_);
    over_ = true;
    if (!begun_) return AnswerReceiver::OnRefused(refusal);
    to_->Write(Event(ErrorBody(Dialect::kOpenAi, refusal, request_id_)));
    to_->Break();
  }

 private:
  OrderedJson Whole(const OrderedJson& facts) const {
    OrderedJson all = {{"id", request_id_}, {"object", "model.loading"}, {"model", model_}};
    all.update(facts);
    return all;
  }
  void Begin(const Headers& headers) {
    if (!begun_) to_->Begin(200, "text/event-stream; charset=utf-8", headers);
    begun_ = true;
  }
  void Say(const OrderedJson& facts) { to_->Write(Event(Whole(facts))); }

  const std::string model_;
  const bool stream_;
  std::mutex mutex_;  // guards the two below: the catalogue tells progress, the gateway the end
  bool begun_ = false, over_ = false;
};

void Load(const Api& api, const HttpRequest& request, const std::shared_ptr<Responder>& to) {
  const auto body = ReadBody(request.body, kLoadBody);
  if (!body.ok()) return Refuse(request, to, body.refusal());
  const std::string model = (*body)["model"].get<std::string>();
  const auto receiver =
      std::make_shared<LoadReceiver>(model, Get(*body, "stream") == true, request.id, to);
  SendTask(api, request, "POST /v1/models/load", std::make_unique<service::DescribeTask>(model),
           receiver, to);
  if (!api.catalogue.Find(model)) return;  // it is told that there is no such model
  api.catalogue.Watch(
      model, [receiver](const service::LoadProgress& progress) { receiver->OnProgress(progress); });
}

}  // namespace

OrderedJson LoadingJson(const service::LoadProgress& progress) {
  return {{"stage", progress.stage}, {"progress", progress.part}, {"seconds", progress.seconds}};
}

void AddParvisLoad(const Api& api, std::vector<Route>& routes) {
  Route load = OpenAiRoute(api, "POST", "/v1/models/load", "Have a model loaded", &Load);
  load.body = &kLoadBody;
  load.max_body_bytes = kMaxBodyBytes;
  routes.push_back(std::move(load));
}

}  // namespace parvis::server
