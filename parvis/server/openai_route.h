#ifndef PARVIS_SERVER_OPENAI_ROUTE_H_
#define PARVIS_SERVER_OPENAI_ROUTE_H_

#include <functional>
#include <memory>
#include <string>

#include "parvis/server/api.h"
#include "parvis/server/http.h"
#include "parvis/server/router.h"

namespace parvis::server {

using OpenAiHandler =
    std::function<void(const Api&, const HttpRequest&, const std::shared_ptr<Responder>&)>;

// A route of OpenAI's for whoever may use models, without a body; who has one sets it and its size.
Route OpenAiRoute(const Api& api, std::string method, std::string pattern, std::string summary,
                  OpenAiHandler handler);

// Answers with why not, in OpenAI's words.
void Refuse(const HttpRequest& request, const std::shared_ptr<Responder>& to,
            const service::Refusal& refusal);

}  // namespace parvis::server

#endif  // PARVIS_SERVER_OPENAI_ROUTE_H_
