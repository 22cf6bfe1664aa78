#include <fmt/format.h>

#include <utility>

#include "parvis/server/http_head.h"
#include "parvis/server/http_incoming.h"
#include "parvis/server/session_cookie.h"
#include "parvis/service/access.h"

namespace parvis::server {
namespace {

using service::Refusal;
using service::RefusalKind;

// A key in a header counts before a cookie, which browsers send by themselves. Neither stands in
// the other's place: a session without its token would be done by any page.
std::optional<Refusal> Identify(service::Identity& identity, const CookieRules& rules,
                                HttpRequest& request) {
  auto credential = CredentialOf(request);
  if (!credential.ok()) return credential.refusal();
  std::string session;
  if (credential->empty()) session = CookieOf(request, kSessionCookie, rules);
  auto caller = identity.Identify(session.empty() ? *credential : session, request.peer);
  if (!caller.ok()) return caller.refusal();
  if (caller->session == session.empty() && caller->key != service::kNoKey) {
    return Refusal{RefusalKind::kUnauthenticated,
                   "A key is shown in a header, and a session as a cookie.",
                   {},
                   "invalid_api_key",
                   {}};
  }
  if (caller->session) {
    if (auto refusal = CheckCsrf(request, session, rules)) return refusal;
    request.csrf_token = CsrfTokenOf(session);
  }
  request.caller = std::move(*caller);
  return std::nullopt;
}

std::optional<Refusal> Admit(service::Identity& identity, const CookieRules& rules,
                             const Route& route, HttpRequest& request) {
  if (route.policy.kind == Policy::Kind::kPublic) return std::nullopt;
  if (auto refusal = Identify(identity, rules, request)) return refusal;
  if (route.policy.kind == Policy::Kind::kSession && !request.caller.session) {
    return Refusal{RefusalKind::kForbidden,
                   "That is for who has signed in, not for keys.",
                   {},
                   "permission_denied",
                   {}};
  }
  if (route.policy.kind == Policy::Kind::kNeeds &&
      !request.caller.permissions.Has(route.policy.permission)) {
    return Refusal{RefusalKind::kForbidden,
                   fmt::format("This key may not do that: it lacks '{}'.",
                               service::PermissionName(route.policy.permission)),
                   {},
                   "permission_denied",
                   {}};
  }
  if (route.feature) {
    if (auto refusal = service::Lacks(request.caller, *route.feature)) return refusal;
  }
  for (const char* name : {"authorization", "x-api-key", "cookie", "x-csrf-token"}) {
    request.headers.erase(name);  // handlers have no use for secrets
  }
  return std::nullopt;
}

// In whose words who asks for what is not here is told so: those of the path, as far as it has
// some.
Dialect DialectOf(const HttpRequest& request) {
  const std::string_view path = request.path;
  const auto is_under = [path](std::string_view folder) {
    return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
  };
  if (is_under("/api")) return Dialect::kOllama;
  if (is_under("/v1/messages") || !request.Header("anthropic-version").empty()) {
    return Dialect::kAnthropic;
  }
  return Dialect::kOpenAi;
}

Refusal NoRoute(const Incoming& incoming) {
  const HttpRequest& request = incoming.request;
  return {RefusalKind::kNotFound,
          incoming.allow.empty()
              ? fmt::format("There is no '{}' here.", request.path.substr(0, 256))
              : fmt::format("'{}' is not for {}.", request.path, request.method)};
}

}  // namespace

void Judge(const HttpService& service, const HttpServerSettings& settings,
           std::optional<uint64_t> length, Incoming& incoming) {
  HttpRequest& request = incoming.request;
  Router::Match match = service.router.Find(request.method, request.path);
  incoming.route = match.route;
  incoming.allow = std::move(match.allow);
  request.captures = std::move(match.captures);
  incoming.dialect = incoming.route != nullptr ? incoming.route->dialect : DialectOf(request);

  const std::string_view host = request.Header("host");
  const bool public_name =
      !host.empty() && settings.public_url.ends_with("://" + std::string(host));
  if (!public_name && !HostAllowed(host, settings.allowed_hosts)) {
    incoming.refusal = Refusal{RefusalKind::kForbidden, "This server does not go by that name."};
    return;
  }
  const std::string_view origin = request.Header("origin");
  const bool own = !settings.public_url.empty() && origin == settings.public_url;
  if (!own && !OriginAllowed(origin, host, settings.allowed_origins)) {
    incoming.refusal =
        Refusal{RefusalKind::kForbidden, "Pages from there may not call this server."};
    return;
  }
  if (incoming.route == nullptr) {
    incoming.refusal = NoRoute(incoming);
    if (!incoming.allow.empty()) incoming.status = 405;
    return;
  }
  incoming.refusal = Admit(service.identity, CookieRulesOf(settings), *incoming.route, request);
  if (incoming.refusal) return;
  incoming.expects_continue = !request.Header("expect").empty();
  if (length && *length > incoming.route->max_body_bytes) {
    incoming.refusal = BodyTooLarge(*incoming.route);
  }
}

Refusal BodyTooLarge(const Route& route) {
  return {RefusalKind::kTooLarge, fmt::format("The body may have {} bytes.", route.max_body_bytes)};
}

void NoteRequest(const Incoming& incoming, telemetry::Trace& trace) {
  const HttpRequest& request = incoming.request;
  telemetry::Telemetry::Join(trace, request.Header("traceparent"));
  trace.Note([&](telemetry::RequestSeen& seen) {
    if (incoming.route != nullptr) {
      seen.method = incoming.route->method;
      seen.route = incoming.route->pattern;
    }
    seen.organisation = request.caller.organisation;
    seen.owner = request.caller.owner;
    seen.key = request.caller.key;
    if (!incoming.refusal) return;
    seen.error = incoming.refusal->code.empty() ? service::RefusalKindName(incoming.refusal->kind)
                                                : incoming.refusal->code;
  });
  trace.Enter("handle");
}

}  // namespace parvis::server
