// GET /metrics: counts and times of the whole service, for Prometheus. They tell what others do, so
// that it takes a permission of its own to see them.

#include <utility>

#include "parvis/server/api.h"

namespace parvis::server {
namespace {

telemetry::ServiceNow NowOf(const Api& api) {
  telemetry::ServiceNow now{.version = api.version};
  now.requests = api.gateway.running();
  now.connections = api.connections();
  now.ready = api.not_ready().empty();
  api.telemetry.Describe(now);
  for (const service::ModelLoad& load : api.catalogue.Loads()) {
    now.models.push_back({load.name, load.bytes, load.running, load.waiting, load.kv_usage});
  }
  return now;
}

}  // namespace

void AddMetrics(const Api& api, std::vector<Route>& routes) {
  routes.push_back({.method = "GET",
                    .pattern = "/metrics",
                    .policy = Policy::Needs(service::Permission::kSeeMetrics),
                    .dialect = Dialect::kOpenAi,
                    .summary = "Counts and times of the service, as Prometheus reads them",
                    .body = nullptr,
                    .max_body_bytes = 0,
                    .handler = [api](const HttpRequest&, const std::shared_ptr<Responder>& to) {
                      to->Send({.content_type = telemetry::Metrics::kContentType,
                                .body = api.telemetry.metrics().Text(NowOf(api))});
                    }});
}

}  // namespace parvis::server
