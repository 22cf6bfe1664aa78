// /v1/sessions: people sign in with their password, see where they are signed in, and leave. A
// session's text is in its cookie and nowhere else; its answers tell the token that pages send.

#include <utility>

#include "parvis/server/openai_json.h"
#include "parvis/server/openai_route.h"
#include "parvis/server/organisation.h"

namespace parvis::server {
namespace {

using governance::Session;
using service::Refusal;
using service::RefusalKind;
using To = std::shared_ptr<Responder>;

constexpr size_t kMaxBody = size_t{8} << 10;
constexpr Field kSignInFields[] = {
    {"organisation", String(128, 1)},
    {"user", String(128, 1), Presence::kRequired},
    {"password", String(governance::kMaxPasswordBytes), Presence::kRequired},
};
constexpr Shape kSignIn = Object(kSignInFields);
constexpr Field kPasswordFields[] = {
    {"password", String(governance::kMaxPasswordBytes), Presence::kRequired},
    {"new_password", String(governance::kMaxPasswordBytes), Presence::kRequired},
};
constexpr Shape kPassword = Object(kPasswordFields);

OrderedJson SessionJson(const Session& session, const std::string& current) {
  return {{"object", "session"},
          {"id", session.id},
          {"method", session.method},
          {"created_at", session.created_ms / 1000},
          {"last_used_at", session.used_ms / 1000},
          {"expires_at", session.expires_ms / 1000},
          {"current", session.id == current}};
}

OrderedJson PersonJson(const governance::User& user, const service::Permissions& may) {
  return {{"id", user.id},
          {"name", user.name},
          {"role", governance::RoleName(user.role)},
          {"organisation", user.organisation},
          {"permissions", may.Names()}};
}

Headers NoCookie(const CookieRules& rules) {
  return {SetCookie(kSessionCookie, "", std::chrono::seconds(0), rules)};
}

// What a page must not do without TLS, nor another site at all: sign somebody in as somebody else.
std::optional<Refusal> CheckPage(const Api& api, const HttpRequest& request) {
  if (!api.passwords_are_safe) {
    return Refusal{RefusalKind::kForbidden,
                   "Passwords are taken by TLS only: --tls-cert and --tls-key, or --public-url of "
                   "a proxy that has it."};
  }
  if (!request.Header("origin").empty() && !FromOwnPage(request, api.cookies)) {
    return Refusal{RefusalKind::kForbidden, "Nobody signs in from another site's page."};
  }
  return std::nullopt;
}

void SignInByPassword(const Api& api, const HttpRequest& request, const To& to) {
  if (const auto refusal = CheckPage(api, request)) return Refuse(request, to, *refusal);
  const auto body = ReadBody(request.body, kSignIn);
  if (!body.ok()) return Refuse(request, to, body.refusal());
  service::PasswordTry attempt{.organisation = "local",
                               .user = Get(*body, "user").get<std::string>(),
                               .password = Get(*body, "password").get<std::string>(),
                               .peer = request.peer,
                               .device = CookieOf(request, kDeviceCookie, api.cookies)};
  if (const Json& organisation = Get(*body, "organisation"); !organisation.is_null()) {
    attempt.organisation = organisation.get<std::string>();
  }
  api.sign_in->ByPassword(std::move(attempt), [api, id = request.id, to](const auto& in) {
    if (!in.ok()) return to->Send(ErrorResponse(Dialect::kOpenAi, in.refusal(), id));
    OrderedJson json = SessionJson(in->session.session, in->session.session.id);
    const auto principal = api.keys->FindById(in->session.session.id);
    json["user"] =
        PersonJson(in->user, principal.ok() ? (*principal)->permissions : service::Permissions());
    json["csrf_token"] = CsrfTokenOf(in->session.secret);
    to->Send({.body = Dump(json), .headers = SessionCookies(*in, api.cookies)});
  });
}

service::OrRefusal<std::vector<Session>> OwnSessions(const Api& api, const HttpRequest& request) {
  auto all = api.directory->Sessions(request.caller.organisation);
  if (!all.ok()) return DirectoryRefusal(all.status());
  std::erase_if(*all, [&](const Session& s) { return s.owner != request.caller.owner; });
  return std::move(all).value();
}

void ListSessions(const Api& api, const HttpRequest& request, const To& to) {
  const auto sessions = OwnSessions(api, request);
  if (!sessions.ok()) return Refuse(request, to, sessions.refusal());
  std::vector<OrderedJson> items;
  for (const Session& session : *sessions) {
    items.push_back(SessionJson(session, request.caller.key));
  }
  auto page = PageOf(request, items, {"after", "limit"});
  if (!page.ok()) return Refuse(request, to, page.refusal());
  to->Send({.body = Dump(*page)});
}

// Who sits here: what a page asks when it is loaded.
void Current(const Api& api, const HttpRequest& request, const To& to) {
  const auto sessions = OwnSessions(api, request);
  if (!sessions.ok()) return Refuse(request, to, sessions.refusal());
  const auto user = api.directory->FindUser(request.caller.organisation, request.caller.owner);
  if (!user.ok()) return Refuse(request, to, DirectoryRefusal(user.status()));
  for (const Session& session : *sessions) {
    if (session.id != request.caller.key) continue;
    OrderedJson json = SessionJson(session, session.id);
    json["user"] = PersonJson(*user, request.caller.permissions);
    json["csrf_token"] = request.csrf_token;
    return to->Send({.body = Dump(json)});
  }
  Refuse(request, to, {RefusalKind::kUnauthenticated, "The session is over."});
}

void End(const Api& api, const HttpRequest& request, const std::string& id, const To& to) {
  const Status status = api.directory->EndSession(request.caller.organisation, id);
  if (!status.ok()) return Refuse(request, to, DirectoryRefusal(status));
  (void)api.keys->Refresh();
  to->Send({.body = Dump({{"object", "session.deleted"}, {"id", id}, {"deleted", true}}),
            .headers = id == request.caller.key ? NoCookie(api.cookies) : Headers()});
}

void SignOut(const Api& api, const HttpRequest& request, const To& to) {
  End(api, request, request.caller.key, to);
}

// One's own; those of others are not there.
void EndOther(const Api& api, const HttpRequest& request, const To& to) {
  const auto sessions = OwnSessions(api, request);
  if (!sessions.ok()) return Refuse(request, to, sessions.refusal());
  for (const Session& session : *sessions) {
    if (session.id == request.captures[0]) return End(api, request, session.id, to);
  }
  Refuse(request, to, {RefusalKind::kNotFound, "There is no such session of yours."});
}

// Who knows the old one may take another; all sessions end, this one too.
void ChangePassword(const Api& api, const HttpRequest& request, const To& to) {
  const auto body = ReadBody(request.body, kPassword);
  if (!body.ok()) return Refuse(request, to, body.refusal());
  service::PasswordTry attempt{.organisation = request.caller.organisation,
                               .user = request.caller.owner,
                               .password = Get(*body, "password").get<std::string>(),
                               .peer = request.peer,
                               .device = {}};
  api.sign_in->ChangePassword(std::move(attempt), Get(*body, "new_password").get<std::string>(),
                              [api, id = request.id, to](const std::optional<Refusal>& refusal) {
                                if (refusal)
                                  return to->Send(ErrorResponse(Dialect::kOpenAi, *refusal, id));
                                to->Send({.body = Dump({{"object", "password"}, {"changed", true}}),
                                          .headers = NoCookie(api.cookies)});
                              });
}

}  // namespace

Headers SessionCookies(const service::SignedIn& in, const CookieRules& rules) {
  constexpr auto kDeviceLife = std::chrono::hours(24 * 365);
  const std::chrono::milliseconds life(in.session.session.expires_ms -
                                       in.session.session.created_ms);
  return {SetCookie(kSessionCookie, in.session.secret,
                    std::chrono::duration_cast<std::chrono::seconds>(life), rules),
          SetCookie(kDeviceCookie, in.device, kDeviceLife, rules)};
}

void AddSessions(const Api& api, std::vector<Route>& routes) {
  const auto add = [&](const char* method, const char* pattern, Policy policy, const char* summary,
                       OpenAiHandler handler, const Shape* body = nullptr) {
    Route route = OpenAiRoute(api, method, pattern, summary, handler);
    route.policy = policy;
    route.body = body;
    route.max_body_bytes = body != nullptr ? kMaxBody : 0;
    routes.push_back(std::move(route));
  };
  const Policy session = Policy::Session();
  add("POST", "/v1/sessions", Policy::Public(), "Sign in", &SignInByPassword, &kSignIn);
  add("GET", "/v1/sessions", session, "Where you are signed in", &ListSessions);
  add("GET", "/v1/sessions/current", session, "Who is signed in here", &Current);
  add("DELETE", "/v1/sessions/current", session, "Sign out", &SignOut);
  add("POST", "/v1/sessions/current/password", session, "Take another password", &ChangePassword,
      &kPassword);
  add("DELETE", "/v1/sessions/{session}", session, "Sign out elsewhere", &EndOther);
}

}  // namespace parvis::server
