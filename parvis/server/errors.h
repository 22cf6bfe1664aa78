#ifndef PARVIS_SERVER_ERRORS_H_
#define PARVIS_SERVER_ERRORS_H_

#include <string>

#include "parvis/core/json.h"
#include "parvis/server/http.h"
#include "parvis/service/refusal.h"

namespace parvis::server {

// In whose words an answer is written.
enum class Dialect { kOpenAi, kAnthropic, kOllama };

int StatusOf(service::RefusalKind kind);
// The refusal's body in a dialect.
OrderedJson ErrorBody(Dialect dialect, const service::Refusal& refusal,
                      const std::string& request_id);
// With Retry-After, retry-after-ms and x-should-retry, as the dialects' clients read them.
HttpResponse ErrorResponse(Dialect dialect, const service::Refusal& refusal,
                           const std::string& request_id);

}  // namespace parvis::server

#endif  // PARVIS_SERVER_ERRORS_H_
