#include "parvis/server/errors.h"

#include <algorithm>

namespace parvis::server {
namespace {

using service::Refusal;
using service::RefusalKind;

const char* OpenAiType(RefusalKind kind) {
  switch (kind) {
    case RefusalKind::kForbidden:
      return "permission_error";
    case RefusalKind::kRateLimited:
      return "rate_limit_exceeded";
    case RefusalKind::kQuotaExhausted:
      return "insufficient_quota";
    case RefusalKind::kOverloaded:
    case RefusalKind::kUnavailable:
    case RefusalKind::kUpstreamFailed:
    case RefusalKind::kUpstreamTimeout:
    case RefusalKind::kUnimplemented:
    case RefusalKind::kInternal:
      return "server_error";
    default:
      return "invalid_request_error";
  }
}

const char* AnthropicType(RefusalKind kind) {
  switch (kind) {
    case RefusalKind::kUnauthenticated:
      return "authentication_error";
    case RefusalKind::kForbidden:
      return "permission_error";
    case RefusalKind::kNotFound:
      return "not_found_error";
    case RefusalKind::kTooLarge:
      return "request_too_large";
    case RefusalKind::kRateLimited:
    case RefusalKind::kQuotaExhausted:
      return "rate_limit_error";
    case RefusalKind::kOverloaded:
    case RefusalKind::kUnavailable:
      return "overloaded_error";
    case RefusalKind::kUpstreamFailed:
    case RefusalKind::kUpstreamTimeout:
    case RefusalKind::kUnimplemented:
    case RefusalKind::kInternal:
      return "api_error";
    default:
      return "invalid_request_error";
  }
}

OrderedJson OrNull(const std::string& text) {
  return text.empty() ? OrderedJson() : OrderedJson(text);
}

}  // namespace

int StatusOf(RefusalKind kind) {
  switch (kind) {
    case RefusalKind::kInvalid:
      return 400;
    case RefusalKind::kUnauthenticated:
      return 401;
    case RefusalKind::kForbidden:
      return 403;
    case RefusalKind::kNotFound:
      return 404;
    case RefusalKind::kTooLarge:
      return 413;
    case RefusalKind::kRateLimited:
    case RefusalKind::kQuotaExhausted:
      return 429;
    case RefusalKind::kOverloaded:
    case RefusalKind::kUnavailable:
      return 503;
    case RefusalKind::kUpstreamFailed:
      return 502;
    case RefusalKind::kUpstreamTimeout:
      return 504;
    case RefusalKind::kUnimplemented:
      return 501;
    case RefusalKind::kInternal:
      break;
  }
  return 500;
}

OrderedJson ErrorBody(Dialect dialect, const Refusal& refusal, const std::string& request_id) {
  switch (dialect) {
    case Dialect::kAnthropic:
      return {{"type", "error"},
              {"error", {{"type", AnthropicType(refusal.kind)}, {"message", refusal.message}}},
              {"request_id", request_id}};
    case Dialect::kOllama:
      return {{"error", refusal.message}};
    case Dialect::kOpenAi:
      break;
  }
  return {{"error",
           {{"message", refusal.message},
            {"type", OpenAiType(refusal.kind)},
            {"param", OrNull(refusal.param)},
            {"code", OrNull(refusal.code)}}}};
}

HttpResponse ErrorResponse(Dialect dialect, const Refusal& refusal, const std::string& request_id) {
  HttpResponse response{.status = StatusOf(refusal.kind),
                        .body = ErrorBody(dialect, refusal, request_id).dump()};
  if (dialect == Dialect::kAnthropic) response.headers.emplace_back("request-id", request_id);
  // What is certain to fail again must not be sent again by the clients' own retries.
  const bool again =
      refusal.kind == RefusalKind::kRateLimited || refusal.kind == RefusalKind::kOverloaded ||
      refusal.kind == RefusalKind::kUnavailable || refusal.kind == RefusalKind::kUpstreamFailed ||
      refusal.kind == RefusalKind::kUpstreamTimeout;
  if (response.status >= 409)
    response.headers.emplace_back("x-should-retry", again ? "true" : "false");
  if (again) {
    const int64_t ms = refusal.retry_after_ms.value_or(1000);
    response.headers.emplace_back("retry-after",
                                  std::to_string(std::max<int64_t>(1, (ms + 999) / 1000)));
    response.headers.emplace_back("retry-after-ms", std::to_string(ms));
  }
  if (refusal.kind == RefusalKind::kQuotaExhausted && refusal.retry_after_ms) {
    // For people: clients do not wait for tomorrow.
    response.headers.emplace_back("retry-after",
                                  std::to_string((*refusal.retry_after_ms + 999) / 1000));
  }
  if (!refusal.limit.empty()) response.headers.emplace_back("x-parvis-limit", refusal.limit);
  if (refusal.kind == RefusalKind::kUnauthenticated) {
    response.headers.emplace_back("www-authenticate", "Bearer");
  }
  return response;
}

}  // namespace parvis::server
