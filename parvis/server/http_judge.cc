#include <fmt/format.h>

#include <utility>

#include "parvis/server/http_head.h"
#include "parvis/server/http_incoming.h"

namespace parvis::server {
namespace {

using service::Refusal;
using service::RefusalKind;

std::optional<Refusal> Admit(service::Identity& identity, const Incoming& incoming,
                             HttpRequest& request) {
  const Route& route = *incoming.route;
  if (route.policy.kind == Policy::Kind::kPublic) return std::nullopt;
  auto credential = CredentialOf(request);
  if (!credential.ok()) return credential.refusal();
  auto caller = identity.Identify(*credential, incoming.peer);
  if (!caller.ok()) return caller.refusal();
  if (!caller->permissions.Has(route.policy.permission)) {
    return Refusal{RefusalKind::kForbidden,
                   fmt::format("This key may not do that: it lacks '{}'.",
                               service::PermissionName(route.policy.permission)),
                   {},
                   "permission_denied",
                   {}};
  }
  request.caller = std::move(*caller);
  request.headers.erase("authorization");  // handlers have no use for secrets
  request.headers.erase("x-api-key");
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
  if (!HostAllowed(host, settings.allowed_hosts)) {
    incoming.refusal = Refusal{RefusalKind::kForbidden, "This server does not go by that name."};
    return;
  }
  if (!OriginAllowed(request.Header("origin"), host, settings.allowed_origins)) {
    incoming.refusal =
        Refusal{RefusalKind::kForbidden, "Pages from there may not call this server."};
    return;
  }
  if (incoming.route == nullptr) {
    incoming.refusal = NoRoute(incoming);
    if (!incoming.allow.empty()) incoming.status = 405;
    return;
  }
  incoming.refusal = Admit(service.identity, incoming, request);
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
