// What stewards do about how people sign in: give somebody a password, see and end sessions.

#include <utility>

#include "parvis/server/openai_json.h"
#include "parvis/server/openai_route.h"
#include "parvis/server/organisation.h"

namespace parvis::server {
namespace {

using governance::Organisation;
using governance::Session;
using service::Permission;
using To = std::shared_ptr<Responder>;

constexpr size_t kMaxBody = size_t{8} << 10;
constexpr Field kPasswordFields[] = {
    {"password", String(governance::kMaxPasswordBytes), Presence::kRequired},
};
constexpr Shape kPassword = Object(kPasswordFields);

// Its end ends their sessions, so that who had the old one is out.
void SetPassword(const Api& api, const HttpRequest& request, const Organisation& of, const To& to) {
  const auto user = api.directory->FindUser(of.id, request.captures[0]);
  if (!user.ok()) return Refuse(request, to, DirectoryRefusal(user.status()));
  const auto body = ReadBody(request.body, kPassword);
  if (!body.ok()) return Refuse(request, to, body.refusal());
  if (const auto refusal = CheckRank(request.caller, *user)) return Refuse(request, to, *refusal);
  api.sign_in->SetPassword(
      *user, Get(*body, "password").get<std::string>(),
      [id = request.id, user = user->id, to](const std::optional<service::Refusal>& refusal) {
        if (refusal) return to->Send(ErrorResponse(Dialect::kOpenAi, *refusal, id));
        to->Send({.body = Dump({{"object", "organization.user.password"}, {"id", user}})});
      });
}

void ListSessions(const Api& api, const HttpRequest& request, const Organisation& of,
                  const To& to) {
  const auto sessions = api.directory->Sessions(of.id);
  if (!sessions.ok()) return Refuse(request, to, DirectoryRefusal(sessions.status()));
  const std::string user = QueryValue(request.query, "user_id").value_or("");
  std::vector<OrderedJson> items;
  for (const Session& session : *sessions) {
    if (!user.empty() && session.owner != user) continue;
    items.push_back({{"object", "organization.session"},
                     {"id", session.id},
                     {"user_id", session.owner},
                     {"method", session.method},
                     {"created_at", session.created_ms / 1000},
                     {"last_used_at", session.used_ms / 1000},
                     {"expires_at", session.expires_ms / 1000}});
  }
  auto page = PageOf(request, items, {"after", "limit", "user_id"});
  if (!page.ok()) return Refuse(request, to, page.refusal());
  to->Send({.body = Dump(*page)});
}

void EndSession(const Api& api, const HttpRequest& request, const Organisation& of, const To& to) {
  const auto sessions = api.directory->Sessions(of.id);
  if (!sessions.ok()) return Refuse(request, to, DirectoryRefusal(sessions.status()));
  for (const Session& session : *sessions) {
    if (session.id != request.captures[0]) continue;
    const auto user = api.directory->FindUser(of.id, session.owner);
    if (!user.ok()) return Refuse(request, to, DirectoryRefusal(user.status()));
    if (const auto refusal = CheckRank(request.caller, *user)) return Refuse(request, to, *refusal);
    const Status status = api.directory->EndSession(of.id, session.id);
    if (!status.ok()) return Refuse(request, to, DirectoryRefusal(status));
    (void)api.keys->Refresh();
    return to->Send(
        {.body = Dump(
             {{"object", "organization.session.deleted"}, {"id", session.id}, {"deleted", true}})});
  }
  Refuse(request, to, {service::RefusalKind::kNotFound, "There is no such session."});
}

}  // namespace

void AddOrganisationSessions(const Api& api, std::vector<Route>& routes) {
  Route password = OrganisationRoute(api, "POST", "/v1/organization/users/{user}/password",
                                     Permission::kManageIdentity,
                                     "Give a user a password; ends their sessions", &SetPassword);
  password.body = &kPassword;
  password.max_body_bytes = kMaxBody;
  routes.push_back(std::move(password));
  routes.push_back(OrganisationRoute(api, "GET", "/v1/organization/sessions",
                                     Permission::kSeeIdentity, "Who is signed in", &ListSessions));
  routes.push_back(OrganisationRoute(api, "DELETE", "/v1/organization/sessions/{session}",
                                     Permission::kManageIdentity, "End a session now",
                                     &EndSession));
}

}  // namespace parvis::server
