// /v1/organization/api_keys (keys of users; OpenAI has them below projects) and
// /v1/organization/admin_api_keys (the caller's own, as OpenAI shapes them). A key's text is in the
// answer that makes it and nowhere else.

#include <algorithm>
#include <utility>

#include "parvis/core/clock.h"
#include "parvis/server/openai_json.h"
#include "parvis/server/openai_route.h"
#include "parvis/server/organisation.h"

namespace parvis::server {
namespace {

using governance::ApiKey;
using governance::NewKey;
using governance::Organisation;
using governance::Permissions;
using governance::User;
using service::Permission;
using service::Refusal;
using To = std::shared_ptr<Responder>;

constexpr size_t kMaxBody = size_t{64} << 10;
constexpr double kMaxSeconds = 3'153'600'000;  // a hundred years
constexpr Shape kScope = String(64, 1);
constexpr Shape kModel = String(256, 1);
constexpr Field kNewKeyFields[] = {
    {"user_id", String(64, 1), Presence::kRequired},           {"name", String(64, 1)},
    {"scopes", Array(kScope, 1, governance::kNumPermissions)}, {"models", Array(kModel, 1, 256)},
    {"expires_in_seconds", Integer(1, kMaxSeconds)},
};
constexpr Shape kNewKey = Object(kNewKeyFields);
constexpr Field kNewAdminKeyFields[] = {
    {"name", String(64, 1), Presence::kRequired},
    {"expires_in_seconds", Integer(1, kMaxSeconds)},
};
constexpr Shape kNewAdminKey = Object(kNewAdminKeyFields);
constexpr Field kRotateFields[] = {{"overlap_seconds", Integer(0, 30 * 86'400)}};
constexpr Shape kRotate = Object(kRotateFields);

OrderedJson Seconds(const std::optional<int64_t>& ms) {
  return ms ? OrderedJson(*ms / 1000) : OrderedJson();
}

OrderedJson KeyJson(const ApiKey& key, const char* object) {
  return {{"object", object},
          {"id", key.id},
          {"name", key.name},
          {"redacted_value", key.prefix + "…"},
          {"created_at", key.created_ms / 1000},
          {"last_used_at", Seconds(key.last_used_ms)},
          {"expires_at", Seconds(key.expires_ms)},
          {"status", governance::StateOf(key, WallClockMs())},
          {"scopes", key.scopes.Names()},
          {"models", key.models},
          {"owner", {{"type", "user"}, {"object", "organization.user"}, {"id", key.owner}}}};
}

constexpr char kObject[] = "organization.api_key";
constexpr char kAdminObject[] = "organization.admin_api_key";

void TellNew(const Api& api, const NewKey& made, const char* object, const To& to) {
  (void)api.keys->Refresh();
  OrderedJson json = KeyJson(made.key, object);
  json["value"] = made.secret;
  to->Send({.body = Dump(json), .headers = {{"cache-control", "no-store"}}});
}

// The key, if the caller may change what its owner has.
service::OrRefusal<ApiKey> KeyToChange(const Api& api, const HttpRequest& request,
                                       const Organisation& of) {
  const auto key = api.directory->FindKey(of.id, request.captures[0]);
  if (!key.ok()) return DirectoryRefusal(key.status());
  const auto owner = api.directory->FindUser(of.id, key->owner);
  if (!owner.ok()) return DirectoryRefusal(owner.status());
  if (const auto refusal = CheckRank(request.caller, *owner)) return *refusal;
  return *key;
}

void ListKeys(const Api& api, const HttpRequest& request, const Organisation& of, const To& to) {
  const auto keys = api.directory->Keys(of.id);
  if (!keys.ok()) return Refuse(request, to, DirectoryRefusal(keys.status()));
  const std::string user = QueryValue(request.query, "user_id").value_or("");
  std::vector<OrderedJson> items;
  for (const ApiKey& key : *keys) {
    if (user.empty() || key.owner == user) items.push_back(KeyJson(key, kObject));
  }
  auto page = PageOf(request, items, {"after", "limit", "user_id"});
  if (!page.ok()) return Refuse(request, to, page.refusal());
  to->Send({.body = Dump(*page)});
}

void AddKey(const Api& api, const HttpRequest& request, const Organisation& of, const To& to) {
  const auto body = ReadBody(request.body, kNewKey);
  if (!body.ok()) return Refuse(request, to, body.refusal());
  const auto owner = api.directory->FindUser(of.id, Get(*body, "user_id").get<std::string>());
  if (!owner.ok()) return Refuse(request, to, DirectoryRefusal(owner.status()));
  if (const auto refusal = CheckRank(request.caller, *owner)) return Refuse(request, to, *refusal);
  ApiKey key{.organisation = of.id, .owner = owner->id, .name = owner->name};
  if (const Json& name = Get(*body, "name"); !name.is_null()) key.name = name.get<std::string>();
  if (const Json& scopes = Get(*body, "scopes"); !scopes.is_null()) {
    const auto named = Permissions::Named(scopes.get<std::vector<std::string>>());
    if (!named.ok()) {
      return Refuse(request, to, service::Invalid("scopes", named.status().message()));
    }
    key.scopes = *named;
  }
  if (const Json& models = Get(*body, "models"); !models.is_null()) {
    key.models = models.get<std::vector<std::string>>();
  }
  if (const Json& seconds = Get(*body, "expires_in_seconds"); !seconds.is_null()) {
    key.expires_ms = WallClockMs() + seconds.get<int64_t>() * 1000;
  }
  const auto made = api.directory->AddKey(std::move(key));
  if (!made.ok()) return Refuse(request, to, DirectoryRefusal(made.status()));
  TellNew(api, *made, kObject, to);
}

void OneKey(const Api& api, const HttpRequest& request, const Organisation& of, const To& to) {
  const auto key = api.directory->FindKey(of.id, request.captures[0]);
  if (!key.ok()) return Refuse(request, to, DirectoryRefusal(key.status()));
  to->Send({.body = Dump(KeyJson(*key, kObject))});
}

void EndKey(const Api& api, const HttpRequest& request, const Organisation& of, const To& to) {
  const auto key = KeyToChange(api, request, of);
  if (!key.ok()) return Refuse(request, to, key.refusal());
  const Status status = api.directory->RevokeKey(of.id, key->id);
  if (!status.ok()) return Refuse(request, to, DirectoryRefusal(status));
  (void)api.keys->Refresh();
  to->Send({.body = Dump(
                {{"object", "organization.api_key.deleted"}, {"id", key->id}, {"deleted", true}})});
}

void RotateKey(const Api& api, const HttpRequest& request, const Organisation& of, const To& to) {
  const auto body = ReadBody(request.body, kRotate);
  if (!body.ok()) return Refuse(request, to, body.refusal());
  const auto key = KeyToChange(api, request, of);
  if (!key.ok()) return Refuse(request, to, key.refusal());
  const Json& overlap = Get(*body, "overlap_seconds");
  const int64_t seconds = overlap.is_null() ? 86'400 : overlap.get<int64_t>();
  const auto made = api.directory->RotateKey(of.id, key->id, seconds * 1000);
  if (!made.ok()) return Refuse(request, to, DirectoryRefusal(made.status()));
  TellNew(api, *made, kObject, to);
}

// Keys with which keys can be made: what OpenAI calls admin keys.
void ListAdminKeys(const Api& api, const HttpRequest& request, const Organisation& of,
                   const To& to) {
  const auto keys = api.directory->Keys(of.id);
  if (!keys.ok()) return Refuse(request, to, DirectoryRefusal(keys.status()));
  const auto users = api.directory->Users(of.id);
  if (!users.ok()) return Refuse(request, to, DirectoryRefusal(users.status()));
  std::vector<OrderedJson> items;
  for (const ApiKey& key : *keys) {
    const bool manages =
        key.scopes.Has(Permission::kManageIdentity) &&
        std::any_of(users->begin(), users->end(), [&key](const User& user) {
          return user.id == key.owner &&
                 governance::PermissionsOf(user.role, false).Has(Permission::kManageIdentity);
        });
    if (manages) items.push_back(KeyJson(key, kAdminObject));
  }
  auto page = PageOf(request, items, {"after", "limit", "order"});
  if (!page.ok()) return Refuse(request, to, page.refusal());
  to->Send({.body = Dump(*page)});
}

// What the caller shows, as a key: a session has all that its user has.
Result<ApiKey> OwnKey(const Api& api, const HttpRequest& request, const Organisation& of) {
  if (!request.caller.session) return api.directory->FindKey(of.id, request.caller.key);
  PARVIS_ASSIGN_OR_RETURN(const User user, api.directory->FindUser(of.id, request.caller.owner));
  return ApiKey{.organisation = of.id, .owner = user.id};
}

// A key of the caller's own, with what their key has.
void AddAdminKey(const Api& api, const HttpRequest& request, const Organisation& of, const To& to) {
  const auto body = ReadBody(request.body, kNewAdminKey);
  if (!body.ok()) return Refuse(request, to, body.refusal());
  const auto mine = OwnKey(api, request, of);
  if (!mine.ok()) return Refuse(request, to, DirectoryRefusal(mine.status()));
  ApiKey key{.organisation = of.id, .owner = mine->owner};
  key.name = Get(*body, "name").get<std::string>();
  key.scopes = mine->scopes;
  key.models = mine->models;
  key.expires_ms = mine->expires_ms;
  if (const Json& seconds = Get(*body, "expires_in_seconds"); !seconds.is_null()) {
    const int64_t ends = WallClockMs() + seconds.get<int64_t>() * 1000;
    key.expires_ms = std::min(ends, key.expires_ms.value_or(ends));
  }
  const auto made = api.directory->AddKey(std::move(key));
  if (!made.ok()) return Refuse(request, to, DirectoryRefusal(made.status()));
  TellNew(api, *made, kAdminObject, to);
}

}  // namespace

void AddOrganisationKeys(const Api& api, std::vector<Route>& routes) {
  const auto add = [&](const char* method, const std::string& pattern, const char* summary,
                       OrganisationHandler handler, const Shape* body = nullptr) {
    const bool sees = std::string_view(method) == "GET";
    Route route = OrganisationRoute(api, method, pattern,
                                    sees ? Permission::kSeeIdentity : Permission::kManageIdentity,
                                    summary, handler);
    route.body = body;
    route.max_body_bytes = body != nullptr ? kMaxBody : 0;
    routes.push_back(std::move(route));
  };
  for (const std::string path : {"/v1/organization/api_keys", "/v1/organization/admin_api_keys"}) {
    add("GET", path + "/{key}", "One API key", &OneKey);
    add("DELETE", path + "/{key}", "End an API key now", &EndKey);
  }
  add("GET", "/v1/organization/api_keys", "Which API keys there are", &ListKeys);
  add("POST", "/v1/organization/api_keys", "Make an API key for a user", &AddKey, &kNewKey);
  add("POST", "/v1/organization/api_keys/{key}/rotate", "Put another in the place of an API key",
      &RotateKey, &kRotate);
  add("GET", "/v1/organization/admin_api_keys", "Which API keys can make others", &ListAdminKeys);
  add("POST", "/v1/organization/admin_api_keys", "Make another API key of your own", &AddAdminKey,
      &kNewAdminKey);
}

}  // namespace parvis::server
