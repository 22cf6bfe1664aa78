// GET / /api/version /api/tags /api/ps, POST /api/show: which models there are, in Ollama's words.

#include <map>
#include <optional>
#include <utility>

#include "parvis/core/utc.h"
#include "parvis/server/answer.h"
#include "parvis/server/ollama_json.h"
#include "parvis/server/parvis_load.h"
#include "parvis/service/access.h"
#include "parvis/service/describe_task.h"

namespace parvis::server {
namespace {

constexpr Field kShowFields[] = {
    {"model", kModelName, Presence::kRequired},
    {"name", String(256), Presence::kIgnored},
    {"verbose", Boolean(), Presence::kIgnored},
    {"system", String(kMaxText), Presence::kIgnored},
    {"template", String(kMaxText), Presence::kIgnored},
    {"options", Any(), Presence::kIgnored},
};
constexpr Shape kShowBody = Object(kShowFields);

OrderedJson ModelJson(const service::ModelState& state) {
  OrderedJson details = DetailsJson(state.path, state.facts);
  if (!state.base.empty()) details["parent_model"] = Tagged(state.base);
  return {{"name", Tagged(state.name)},
          {"model", Tagged(state.name)},
          {"modified_at", UtcMilliseconds(state.modified_ms)},
          {"size", state.bytes},
          {"digest", state.facts ? state.facts->digest : ""},
          {"details", std::move(details)}};
}

// "0001-01-01": Go's way to say never.
OrderedJson LoadedJson(const service::ModelState& state) {
  OrderedJson model = ModelJson(state);
  model.erase("modified_at");
  model["expires_at"] = state.expires_ms > 0 ? UtcMilliseconds(state.expires_ms)
                                             : std::string("0001-01-01T00:00:00Z");
  model["size_vram"] = 0;
  return model;
}

// What those may see of a loaded model who manage the service: to others it would tell what
// strangers do.
OrderedJson LoadJson(const service::ModelLoad& load) {
  return {{"memory_bytes", load.bytes},
          {"idle_seconds", load.idle_seconds},
          {"running", load.running},
          {"waiting", load.waiting}};
}

OrderedJson Models(const Api& api, const service::Caller& caller, bool loaded_only) {
  const bool manages = loaded_only && caller.permissions.Has(service::Permission::kManage);
  std::map<std::string, service::ModelLoad> loads;
  if (manages) {
    for (service::ModelLoad& load : api.catalogue.Loads()) loads[load.name] = load;
  }
  OrderedJson list = {{"models", OrderedJson::array()}};
  for (const service::ModelState& state : api.catalogue.List()) {
    if (!service::MayName(caller, state.name, api.catalogue)) continue;
    if (!loaded_only) {
      list["models"].push_back(ModelJson(state));
    } else if (state.loaded && state.alias_of.empty()) {
      OrderedJson model = LoadedJson(state);
      const auto load = loads.find(state.name);
      if (load != loads.end()) model["parvis"] = LoadJson(load->second);
      list["models"].push_back(std::move(model));
    } else if (state.loading && manages && state.alias_of.empty()) {
      OrderedJson model = LoadedJson(state);
      model["parvis"] = {{"loading", LoadingJson(*state.loading)}};
      list["models"].push_back(std::move(model));
    }
  }
  return list;
}

class ShowReceiver : public AnswerReceiver {
 public:
  ShowReceiver(service::Catalogue& catalogue, std::string request_id, std::shared_ptr<Responder> to)
      : AnswerReceiver(Dialect::kOllama, std::move(request_id), std::move(to)),
        catalogue_(catalogue) {}

  void OnReply(const service::Reply& reply) override {
    const OrderedJson& facts = reply.result;
    const auto state = catalogue_.Find(admission_.model).value_or(service::ModelState{});
    const std::string family = facts["family"].get<std::string>();
    OrderedJson capabilities = OrderedJson::array();
    if (facts["generates"] == true) capabilities.push_back("completion");
    if (facts["embeds"] == true) capabilities.push_back("embedding");
    // There are no Modelfiles here; the template is the model's own, in Jinja.
    OrderedJson body = {{"modelfile", ""},
                        {"parameters", ""},
                        {"template", TextOf(facts["chat_template"])},
                        {"details", DetailsJson(state.path, state.facts)},
                        {"model_info",
                         {{"general.architecture", family},
                          {"general.parameter_count", facts["parameters"]},
                          {family + ".context_length", facts["context_length"]},
                          {family + ".embedding_length", facts["hidden_size"]},
                          {family + ".block_count", facts["num_layers"]},
                          {family + ".vocab_size", facts["vocab_size"]}}},
                        {"capabilities", std::move(capabilities)},
                        {"modified_at", UtcMilliseconds(state.modified_ms)}};
    if (!facts["license"].is_null()) body["license"] = facts["license"];
    to_->Send({.body = Dump(body), .headers = AdmissionHeaders(admission_)});
  }

 private:
  static std::string TextOf(const OrderedJson& value) {
    return value.is_string() ? value.get<std::string>() : std::string();
  }
  service::Catalogue& catalogue_;
};

void Show(const Api& api, const HttpRequest& request, const std::shared_ptr<Responder>& to) {
  const auto body = ReadBody(request.body, kShowBody);
  if (!body.ok()) return to->Send(ErrorResponse(Dialect::kOllama, body.refusal(), request.id));
  SendTask(api, request, "POST /api/show", std::make_unique<service::DescribeTask>(ModelOf(*body)),
           std::make_shared<ShowReceiver>(api.catalogue, request.id, to), to);
}

constexpr Field kDeleteFields[] = {
    {"model", kModelName, Presence::kRequired},
    {"name", String(256), Presence::kIgnored},
};
constexpr Shape kDeleteBody = Object(kDeleteFields);
constexpr Field kCopyFields[] = {
    {"source", kModelName, Presence::kRequired},
    {"destination", kModelName, Presence::kRequired},
};
constexpr Shape kCopyBody = Object(kCopyFields);

std::string Untagged(const Json& body, const char* name) {
  return ModelOf({{"model", body[name]}});
}

void Answer(const HttpRequest& request, const std::shared_ptr<Responder>& to,
            const std::optional<service::Refusal>& refusal) {
  if (refusal) return to->Send(ErrorResponse(Dialect::kOllama, *refusal, request.id));
  to->Send({.content_type = ""});
}

// DELETE /api/delete and POST /api/copy, of servers that have models of their own on a disk.
void AddManaging(const Api& api, std::vector<Route>& routes) {
  if (!api.remove_model || !api.copy_model) return;
  Route remove =
      OllamaPost("/api/delete", "Remove a model", &kDeleteBody,
                 [api](const HttpRequest& request, const std::shared_ptr<Responder>& to) {
                   const auto body = ReadBody(request.body, kDeleteBody);
                   if (!body.ok()) return Answer(request, to, body.refusal());
                   const std::string model = Untagged(*body, "model");
                   const auto refusal = api.remove_model(model);
                   if (!refusal) api.catalogue.Unload(model);
                   Answer(request, to, refusal);
                 });
  remove.method = "DELETE";
  Route copy = OllamaPost(
      "/api/copy", "Give a model another name", &kCopyBody,
      [api](const HttpRequest& request, const std::shared_ptr<Responder>& to) {
        const auto body = ReadBody(request.body, kCopyBody);
        if (!body.ok()) return Answer(request, to, body.refusal());
        Answer(request, to,
               api.copy_model(Untagged(*body, "source"), Untagged(*body, "destination")));
      });
  remove.policy = copy.policy = Policy::Needs(service::Permission::kManage);
  routes.push_back(std::move(remove));
  routes.push_back(std::move(copy));
}

Route Get(std::string pattern, Policy policy, std::string summary, Handler handler) {
  return {.method = "GET",
          .pattern = std::move(pattern),
          .policy = policy,
          .dialect = Dialect::kOllama,
          .summary = std::move(summary),
          .body = nullptr,
          .max_body_bytes = 0,
          .handler = std::move(handler)};
}

}  // namespace

void AddOllamaModels(const Api& api, std::vector<Route>& routes) {
  const Policy sees = Policy::Needs(service::Permission::kSeeModels);
  // What Ollama's program asks before anything else. It says no more than that somebody listens.
  routes.push_back(
      Get("/", Policy::Public(), "Whether somebody is there",
          [](const HttpRequest&, const std::shared_ptr<Responder>& to) {
            to->Send({.content_type = "text/plain; charset=utf-8", .body = "Parvis is running\n"});
          }));
  routes.push_back(
      Get("/api/version", sees, "Parvis's version",
          [version = api.version](const HttpRequest&, const std::shared_ptr<Responder>& to) {
            to->Send({.body = Dump({{"version", version}})});
          }));
  routes.push_back(Get("/api/tags", sees, "Which models there are",
                       [api](const HttpRequest& request, const std::shared_ptr<Responder>& to) {
                         to->Send(
                             {.body = Dump(Models(api, request.caller, /*loaded_only=*/false))});
                       }));
  routes.push_back(Get("/api/ps", sees, "Which models are loaded",
                       [api](const HttpRequest& request, const std::shared_ptr<Responder>& to) {
                         to->Send(
                             {.body = Dump(Models(api, request.caller, /*loaded_only=*/true))});
                       }));
  AddManaging(api, routes);
  routes.push_back(
      OllamaPost("/api/show", "What a model is", &kShowBody,
                 [api](const HttpRequest& request, const std::shared_ptr<Responder>& to) {
                   Show(api, request, to);
                 }));
}

}  // namespace parvis::server
