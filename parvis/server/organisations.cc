// /v1/organizations: all organisations, for who may manage them. OpenAI has no routes for these;
// their shape is that of its projects, which are archived and not deleted.

#include <utility>

#include "parvis/server/billing.h"
#include "parvis/server/openai_json.h"
#include "parvis/server/openai_route.h"
#include "parvis/server/organisation.h"

namespace parvis::server {
namespace {

using governance::Organisation;
using governance::Permissions;
using service::Permission;
using To = std::shared_ptr<Responder>;

constexpr Field kNewFields[] = {
    {"name", String(64, 1), Presence::kRequired},
    {"plan", String(64)},
};
constexpr Shape kNew = Object(kNewFields);
constexpr Shape kDenial = String(64, 1);
constexpr Field kChangeFields[] = {
    {"name", String(64, 1)},
    {"plan", String(64)},
    {"denied", Array(kDenial, 0, governance::kNumPermissions)},
    {"disabled", Boolean()},
};
constexpr Shape kChange = Object(kChangeFields);

OrderedJson OrganisationJson(const Organisation& of) {
  return {{"object", "organization"},
          {"id", of.id},
          {"name", of.name},
          {"created_at", of.created_ms / 1000},
          {"status", of.disabled ? "archived" : "active"},
          {"plan", of.plan.empty() ? OrderedJson() : OrderedJson(of.plan)},
          {"denied", of.denied.Names()}};
}

void Told(const Api& api, const To& to, const Organisation& of) {
  (void)api.keys->Refresh();  // what was changed counts when its answer is there
  to->Send({.body = Dump(OrganisationJson(of))});
}

void List(const Api& api, const HttpRequest& request, const To& to) {
  const auto all = api.directory->Organisations();
  if (!all.ok()) return Refuse(request, to, DirectoryRefusal(all.status()));
  std::vector<OrderedJson> items;
  for (const Organisation& of : *all) items.push_back(OrganisationJson(of));
  auto page = PageOf(request, items, {"after", "limit"});
  if (!page.ok()) return Refuse(request, to, page.refusal());
  to->Send({.body = Dump(*page)});
}

void Add(const Api& api, const HttpRequest& request, const To& to) {
  const auto body = ReadBody(request.body, kNew);
  if (!body.ok()) return Refuse(request, to, body.refusal());
  const Json& plan = Get(*body, "plan");
  const auto made =
      api.directory->AddOrganisation(Get(*body, "name").get<std::string>(),
                                     plan.is_null() ? std::string() : plan.get<std::string>());
  if (!made.ok()) return Refuse(request, to, DirectoryRefusal(made.status()));
  Told(api, to, *made);
}

void One(const Api& api, const HttpRequest& request, const To& to) {
  const auto of = api.directory->FindOrganisation(request.captures[0]);
  if (!of.ok()) return Refuse(request, to, DirectoryRefusal(of.status()));
  to->Send({.body = Dump(OrganisationJson(*of))});
}

void Save(const Api& api, const HttpRequest& request, const Organisation& of, const To& to) {
  const Status status = api.directory->Change(of);
  if (!status.ok()) return Refuse(request, to, DirectoryRefusal(status));
  Told(api, to, of);
}

void Change(const Api& api, const HttpRequest& request, const To& to) {
  const auto body = ReadBody(request.body, kChange);
  if (!body.ok()) return Refuse(request, to, body.refusal());
  auto of = api.directory->FindOrganisation(request.captures[0]);
  if (!of.ok()) return Refuse(request, to, DirectoryRefusal(of.status()));
  if (const Json& name = Get(*body, "name"); !name.is_null()) of->name = name.get<std::string>();
  if (const Json& plan = Get(*body, "plan"); !plan.is_null()) of->plan = plan.get<std::string>();
  if (const Json& denied = Get(*body, "denied"); !denied.is_null()) {
    const auto named = Permissions::Named(denied.get<std::vector<std::string>>());
    if (!named.ok()) {
      return Refuse(request, to, service::Invalid("denied", named.status().message()));
    }
    of->denied = *named;
  }
  if (const Json& disabled = Get(*body, "disabled"); !disabled.is_null()) {
    of->disabled = disabled.get<bool>();
  }
  Save(api, request, *of, to);
}

// None of its keys is worth anything from now on; what it used and was invoiced stays.
void Archive(const Api& api, const HttpRequest& request, const To& to) {
  auto of = api.directory->FindOrganisation(request.captures[0]);
  if (!of.ok()) return Refuse(request, to, DirectoryRefusal(of.status()));
  of->disabled = true;
  Save(api, request, *of, to);
}

}  // namespace

void AddOrganisations(const Api& api, std::vector<Route>& routes) {
  const std::string all = "/v1/organizations", one = all + "/{organization}";
  const auto add = [&](const char* method, const std::string& pattern, const Shape* body,
                       const char* summary, OpenAiHandler handler) {
    Route route = OpenAiRoute(api, method, pattern, summary, handler);
    route.policy = Policy::Needs(Permission::kManageOrganisations);
    route.body = body;
    route.max_body_bytes = body == nullptr ? 0 : size_t{64} << 10;
    routes.push_back(std::move(route));
  };
  add("GET", all, nullptr, "All organisations", &List);
  add("POST", all, &kNew, "Make an organisation", &Add);
  add("GET", one, nullptr, "One organisation", &One);
  add("POST", one, &kChange, "Change, disable or enable an organisation", &Change);
  add("POST", one + "/archive", nullptr, "Disable an organisation", &Archive);
}

}  // namespace parvis::server
