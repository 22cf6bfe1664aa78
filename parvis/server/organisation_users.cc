// /v1/organization/users and /v1/organization/groups, in the shapes of OpenAI's where it has them.
// What differs: roles are Parvis's, users are made here (not invited) and disabled (not deleted:
// records name them), and a user is in one group at most.

#include <utility>

#include "parvis/server/openai_json.h"
#include "parvis/server/openai_route.h"
#include "parvis/server/organisation.h"

namespace parvis::server {
namespace {

using governance::Group;
using governance::Organisation;
using governance::User;
using service::Permission;
using To = std::shared_ptr<Responder>;

constexpr size_t kMaxBody = size_t{64} << 10;
constexpr std::string_view kRoles[] = {"operator", "steward", "auditor",
                                       "maker",    "member",  "guest"};
constexpr std::string_view kKinds[] = {"person", "service"};
constexpr Field kNewUserFields[] = {
    {"name", String(64, 1), Presence::kRequired},
    {"role", Among(kRoles)},
    {"kind", Among(kKinds)},
    {"group_id", String(64)},
    {"plan", String(64)},
};
constexpr Shape kNewUser = Object(kNewUserFields);
constexpr Field kUserFields[] = {
    {"name", String(64, 1)}, {"role", Among(kRoles)}, {"group_id", String(64)},
    {"plan", String(64)},    {"disabled", Boolean()},
};
constexpr Shape kUser = Object(kUserFields);
constexpr Field kNewGroupFields[] = {
    {"name", String(64, 1), Presence::kRequired},
    {"plan", String(64)},
};
constexpr Shape kNewGroup = Object(kNewGroupFields);

OrderedJson OrNull(const std::string& text) {
  return text.empty() ? OrderedJson() : OrderedJson(text);
}

OrderedJson UserJson(const User& user) {
  return {{"object", "organization.user"},
          {"id", user.id},
          {"name", user.name},
          {"email", nullptr},
          {"role", governance::RoleName(user.role)},
          {"added_at", user.created_ms / 1000},
          {"kind", user.service ? "service" : "person"},
          {"group_id", OrNull(user.group)},
          {"plan", OrNull(user.plan)},
          {"disabled", user.disabled}};
}

OrderedJson GroupJson(const Group& group) {
  return {{"object", "group"},        {"id", group.id},
          {"name", group.name},       {"created_at", group.created_ms / 1000},
          {"is_scim_managed", false}, {"plan", OrNull(group.plan)}};
}

// What a body says of a user, over what they are. A plan is the operator's to give.
std::optional<service::Refusal> Apply(const HttpRequest& request, const Json& body, User& user) {
  if (const Json& name = Get(body, "name"); !name.is_null()) user.name = name.get<std::string>();
  if (const Json& role = Get(body, "role"); !role.is_null()) {
    const auto named = governance::RoleNamed(role.get<std::string>());
    if (!named.ok()) return DirectoryRefusal(named.status());
    user.role = *named;
  }
  if (const Json& kind = Get(body, "kind"); !kind.is_null()) user.service = kind == "service";
  if (const Json& group = Get(body, "group_id"); !group.is_null()) {
    user.group = group.get<std::string>();
  }
  if (const Json& disabled = Get(body, "disabled"); !disabled.is_null()) {
    user.disabled = disabled.get<bool>();
  }
  if (const Json& plan = Get(body, "plan"); !plan.is_null()) {
    if (!request.caller.permissions.Has(Permission::kManageOrganisations)) {
      return service::Refusal{service::RefusalKind::kForbidden,
                              "Plans are given by the operator of the service.",
                              "plan",
                              "permission_denied",
                              {}};
    }
    user.plan = plan.get<std::string>();
  }
  return std::nullopt;
}

void Told(const Api& api, const To& to, const OrderedJson& json) {
  (void)api.keys->Refresh();  // what was changed counts when its answer is there
  to->Send({.body = Dump(json)});
}

void ListUsers(const Api& api, const HttpRequest& request, const Organisation& of, const To& to) {
  const auto users = api.directory->Users(of.id);
  if (!users.ok()) return Refuse(request, to, DirectoryRefusal(users.status()));
  const std::string group = QueryValue(request.query, "group_id").value_or("");
  std::vector<OrderedJson> items;
  for (const User& user : *users) {
    if (group.empty() || user.group == group) items.push_back(UserJson(user));
  }
  auto page = PageOf(request, items, {"after", "limit", "group_id"});
  if (!page.ok()) return Refuse(request, to, page.refusal());
  to->Send({.body = Dump(*page)});
}

void AddUser(const Api& api, const HttpRequest& request, const Organisation& of, const To& to) {
  const auto body = ReadBody(request.body, kNewUser);
  if (!body.ok()) return Refuse(request, to, body.refusal());
  User user{.organisation = of.id};
  if (const auto refusal = Apply(request, *body, user)) return Refuse(request, to, *refusal);
  if (const auto refusal = CheckRank(request.caller, user)) return Refuse(request, to, *refusal);
  const auto made = api.directory->AddUser(std::move(user));
  if (!made.ok()) return Refuse(request, to, DirectoryRefusal(made.status()));
  Told(api, to, UserJson(*made));
}

void OneUser(const Api& api, const HttpRequest& request, const Organisation& of, const To& to) {
  const auto user = api.directory->FindUser(of.id, request.captures[0]);
  if (!user.ok()) return Refuse(request, to, DirectoryRefusal(user.status()));
  to->Send({.body = Dump(UserJson(*user))});
}

void ChangeUser(const Api& api, const HttpRequest& request, const Organisation& of, const To& to) {
  const auto body = ReadBody(request.body, kUser);
  if (!body.ok()) return Refuse(request, to, body.refusal());
  auto user = api.directory->FindUser(of.id, request.captures[0]);
  if (!user.ok()) return Refuse(request, to, DirectoryRefusal(user.status()));
  // Neither what they were nor what they become is above the caller.
  if (const auto refusal = CheckRank(request.caller, *user)) return Refuse(request, to, *refusal);
  if (const auto refusal = Apply(request, *body, *user)) return Refuse(request, to, *refusal);
  if (const auto refusal = CheckRank(request.caller, *user)) return Refuse(request, to, *refusal);
  const Status status = api.directory->Change(*user);
  if (!status.ok()) return Refuse(request, to, DirectoryRefusal(status));
  Told(api, to, UserJson(*user));
}

void ListGroups(const Api& api, const HttpRequest& request, const Organisation& of, const To& to) {
  const auto groups = api.directory->Groups(of.id);
  if (!groups.ok()) return Refuse(request, to, DirectoryRefusal(groups.status()));
  std::vector<OrderedJson> items;
  for (const Group& group : *groups) items.push_back(GroupJson(group));
  auto page = PageOf(request, items, {"after", "limit"});
  if (!page.ok()) return Refuse(request, to, page.refusal());
  to->Send({.body = Dump(*page)});
}

void AddGroup(const Api& api, const HttpRequest& request, const Organisation& of, const To& to) {
  const auto body = ReadBody(request.body, kNewGroup);
  if (!body.ok()) return Refuse(request, to, body.refusal());
  const Json& plan = Get(*body, "plan");
  if (!plan.is_null() && !request.caller.permissions.Has(Permission::kManageOrganisations)) {
    return Refuse(request, to,
                  {service::RefusalKind::kForbidden,
                   "Plans are given by the operator of the service.",
                   "plan",
                   "permission_denied",
                   {}});
  }
  const auto made =
      api.directory->AddGroup(of.id, Get(*body, "name").get<std::string>(),
                              plan.is_null() ? std::string() : plan.get<std::string>());
  if (!made.ok()) return Refuse(request, to, DirectoryRefusal(made.status()));
  Told(api, to, GroupJson(*made));
}

void OneGroup(const Api& api, const HttpRequest& request, const Organisation& of, const To& to) {
  const auto group = api.directory->FindGroup(of.id, request.captures[0]);
  if (!group.ok()) return Refuse(request, to, DirectoryRefusal(group.status()));
  to->Send({.body = Dump(GroupJson(*group))});
}

void RemoveGroup(const Api& api, const HttpRequest& request, const Organisation& of, const To& to) {
  const std::string& id = request.captures[0];
  const Status status = api.directory->RemoveGroup(of.id, id);
  if (!status.ok()) return Refuse(request, to, DirectoryRefusal(status));
  Told(api, to, {{"object", "group.deleted"}, {"id", id}, {"deleted", true}});
}

void Post(const Api& api, std::string pattern, const Shape& body, std::string summary,
          OrganisationHandler handler, std::vector<Route>& routes) {
  Route route = OrganisationRoute(api, "POST", std::move(pattern), Permission::kManageIdentity,
                                  std::move(summary), handler);
  route.body = &body;
  route.max_body_bytes = kMaxBody;
  routes.push_back(std::move(route));
}

}  // namespace

void AddOrganisationUsers(const Api& api, std::vector<Route>& routes) {
  const std::string users = "/v1/organization/users", groups = "/v1/organization/groups";
  const auto see = [&](const std::string& pattern, const char* summary,
                       OrganisationHandler handler) {
    routes.push_back(
        OrganisationRoute(api, "GET", pattern, Permission::kSeeIdentity, summary, handler));
  };
  see(users, "Who is in the organisation", &ListUsers);
  see(users + "/{user}", "One user", &OneUser);
  see(groups, "Which groups there are", &ListGroups);
  see(groups + "/{group}", "One group", &OneGroup);
  Post(api, users, kNewUser, "Make a user", &AddUser, routes);
  Post(api, users + "/{user}", kUser, "Change or disable a user", &ChangeUser, routes);
  Post(api, groups, kNewGroup, "Make a group", &AddGroup, routes);
  routes.push_back(OrganisationRoute(api, "DELETE", groups + "/{group}",
                                     Permission::kManageIdentity, "Remove a group without users",
                                     &RemoveGroup));
}

}  // namespace parvis::server
