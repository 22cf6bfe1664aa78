// GET /v1/models and /v1/models/{model}.

#include <utility>

#include "parvis/server/api.h"
#include "parvis/server/openai_json.h"
#include "parvis/server/parvis_load.h"
#include "parvis/service/access.h"

namespace parvis::server {
namespace {

OrderedJson ModelJson(const service::ModelState& state) {
  OrderedJson ours = {{"bytes", state.bytes}, {"loaded", state.loaded}};
  if (!state.alias_of.empty()) ours["alias_of"] = state.alias_of;
  if (state.elsewhere) ours["upstream"] = true;
  if (state.loading) ours["loading"] = LoadingJson(*state.loading);
  // As vLLM tells adapters; but for the root, which there is a path of the machine.
  const bool adapter = !state.base.empty();
  return {{"id", state.name},
          {"object", "model"},
          {"created", state.modified_ms / 1000},
          {"owned_by", "parvis"},
          {"root", adapter ? state.base : state.name},
          {"parent", adapter ? OrderedJson(state.base) : OrderedJson()},
          {"parvis", std::move(ours)}};
}

void ListModels(const Api& api, const HttpRequest& request, const std::shared_ptr<Responder>& to) {
  OrderedJson list = {{"object", "list"}, {"data", OrderedJson::array()}};
  for (const service::ModelState& state : api.catalogue.List()) {
    if (!service::MayName(request.caller, state.name, api.catalogue)) continue;
    list["data"].push_back(ModelJson(state));
  }
  to->Send({.body = Dump(list)});
}

void OneModel(const Api& api, const HttpRequest& request, const std::shared_ptr<Responder>& to) {
  const auto state = api.catalogue.Find(request.captures[0]);
  if (state && service::MayName(request.caller, state->name, api.catalogue))
    return to->Send({.body = Dump(ModelJson(*state))});
  to->Send(ErrorResponse(
      Dialect::kOpenAi,
      {service::RefusalKind::kNotFound, "There is no such model.", "model", "model_not_found", {}},
      request.id));
}

Route Get(std::string pattern, std::string summary, Handler handler) {
  return {.method = "GET",
          .pattern = std::move(pattern),
          .policy = Policy::Needs(service::Permission::kSeeModels),
          .dialect = Dialect::kOpenAi,
          .summary = std::move(summary),
          .body = nullptr,
          .max_body_bytes = 0,
          .handler = std::move(handler)};
}

}  // namespace

void AddOpenAiModels(const Api& api, std::vector<Route>& routes) {
  routes.push_back(Get("/v1/models", "Which models there are",
                       [api](const HttpRequest& request, const std::shared_ptr<Responder>& to) {
                         ListModels(api, request, to);
                       }));
  routes.push_back(Get("/v1/models/{model*}", "One model",
                       [api](const HttpRequest& request, const std::shared_ptr<Responder>& to) {
                         OneModel(api, request, to);
                       }));
}

}  // namespace parvis::server
