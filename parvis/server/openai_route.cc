#include "parvis/server/openai_route.h"

#include <utility>

#include "parvis/server/errors.h"

namespace parvis::server {

Route OpenAiRoute(const Api& api, std::string method, std::string pattern, std::string summary,
                  OpenAiHandler handler) {
  return {.method = std::move(method),
          .pattern = std::move(pattern),
          .policy = Policy::Needs(service::Permission::kUseModels),
          .dialect = Dialect::kOpenAi,
          .summary = std::move(summary),
          .body = nullptr,
          .max_body_bytes = 0,
          .handler = [api, handler = std::move(handler)](const HttpRequest& request,
                                                         const std::shared_ptr<Responder>& to) {
            handler(api, request, to);
          }};
}

void Refuse(const HttpRequest& request, const std::shared_ptr<Responder>& to,
            const service::Refusal& refusal) {
  to->Send(ErrorResponse(Dialect::kOpenAi, refusal, request.id));
}

}  // namespace parvis::server
