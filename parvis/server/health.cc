// GET / /health /ready: whether the server lives, and whether it can work.

#include "parvis/server/api.h"

namespace parvis::server {
namespace {

Route Get(std::string pattern, std::string summary, Handler handler) {
  return {.method = "GET",
          .pattern = std::move(pattern),
          .policy = Policy::Public(),
          .dialect = Dialect::kOpenAi,
          .summary = std::move(summary),
          .body = nullptr,
          .max_body_bytes = 0,
          .handler = std::move(handler)};
}

}  // namespace

void AddHealth(const Api& api, std::vector<Route>& routes) {
  routes.push_back(Get("/health", "Whether the server lives",
                       [](const HttpRequest&, const std::shared_ptr<Responder>& to) {
                         to->Send({.body = R"({"status":"ok"})"});
                       }));
  routes.push_back(Get("/ready", "Whether the server takes requests",
                       [api](const HttpRequest&, const std::shared_ptr<Responder>& to) {
                         const std::string why = api.not_ready();
                         OrderedJson body = {{"status", why.empty() ? "ready" : why}};
                         HttpResponse response{.status = why.empty() ? 200 : 503,
                                               .body = body.dump()};
                         if (!why.empty()) response.headers.emplace_back("retry-after", "1");
                         to->Send(std::move(response));
                       }));
}

}  // namespace parvis::server
