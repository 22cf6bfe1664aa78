#ifndef PARVIS_SERVER_OPENAI_RESPONSES_H_
#define PARVIS_SERVER_OPENAI_RESPONSES_H_

#include <memory>
#include <string>
#include <vector>

#include "parvis/server/api.h"
#include "parvis/server/running_responses.h"

namespace parvis::server {

// The answer's id, from its request's.
std::string ResponseId(const std::string& request_id);

// The routes under /v1/responses/{id}.
void AddKeptResponses(const Api& api, const std::shared_ptr<RunningResponses>& running,
                      std::vector<Route>& routes);

}  // namespace parvis::server

#endif  // PARVIS_SERVER_OPENAI_RESPONSES_H_
