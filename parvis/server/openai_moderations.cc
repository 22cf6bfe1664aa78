// POST /v1/moderations: known, and not there yet. No answer is better than one that says a text is
// harmless which nothing has read.

#include "parvis/server/api.h"
#include "parvis/server/openai_json.h"

namespace parvis::server {
namespace {

constexpr Shape kText = String(kMaxText);
constexpr std::string_view kPartTypes[] = {"text", "image_url"};
constexpr Field kPartFields[] = {{"type", Among(kPartTypes), Presence::kRequired}};
constexpr Shape kPart = Object(kPartFields, /*open=*/true);
constexpr Shape kInputShapes[] = {kText, Array(kText, 1, 2048), Array(kPart, 1, 2048)};
constexpr Field kFields[] = {
    {"input", OneOf(kInputShapes), Presence::kRequired},
    {"model", kModelName},
};
constexpr Shape kBody = Object(kFields);

void Moderations(const HttpRequest& request, const std::shared_ptr<Responder>& to) {
  const auto body = ReadBody(request.body, kBody);
  if (!body.ok()) return to->Send(ErrorResponse(Dialect::kOpenAi, body.refusal(), request.id));
  to->Send(ErrorResponse(Dialect::kOpenAi,
                         {service::RefusalKind::kUnimplemented,
                          "Parvis has no classifier for moderation yet: nothing has read this "
                          "text, and nothing is said of it.",
                          {},
                          "not_implemented",
                          {}},
                         request.id));
}

}  // namespace

void AddOpenAiModerations(const Api&, std::vector<Route>& routes) {
  routes.push_back({.method = "POST",
                    .pattern = "/v1/moderations",
                    .policy = Policy::Needs(service::Permission::kUseModels),
                    .dialect = Dialect::kOpenAi,
                    .summary = "Not yet there: says 501",
                    .body = &kBody,
                    .max_body_bytes = kMaxBodyBytes,
                    .handler = &Moderations});
}

}  // namespace parvis::server
