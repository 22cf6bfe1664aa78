// /v1/organization/limits: how much a key, a user, a group or the organisation may use. OpenAI has
// rate_limits below projects, for models only; ours are one list. All limits hold together, so who
// sets one of their own can only make it less; the organisation's is for who manages all of them.

#include <fmt/format.h>

#include <utility>

#include "parvis/server/openai_json.h"
#include "parvis/server/openai_route.h"
#include "parvis/server/organisation.h"

namespace parvis::server {
namespace {

using governance::Limit;
using governance::Metric;
using governance::Organisation;
using governance::Scope;
using service::Permission;
using service::Refusal;
using To = std::shared_ptr<Responder>;

constexpr std::string_view kScopes[] = {"key", "user", "group", "organisation"};
constexpr std::string_view kMetrics[] = {"requests_per_minute", "tokens_per_minute",
                                         "tokens_per_day", "money_per_month", "parallel_requests"};
// Null takes the limit away. Money is a text, since it is exact.
constexpr Shape kAmounts[] = {Integer(0, 1e15), String(20, 1)};
constexpr Field kFields[] = {
    {"scope", Among(kScopes), Presence::kRequired},
    {"subject", String(64, 1)},
    {"metric", Among(kMetrics), Presence::kRequired},
    {"value", OneOf(kAmounts)},
};
constexpr Shape kBody = Object(kFields);

OrderedJson LimitJson(const Limit& limit) {
  const bool money = limit.metric == Metric::kMoneyPerMonth;
  return {{"object", "organization.limit"},
          {"id", fmt::format("{}:{}:{}", governance::ScopeName(limit.scope), limit.subject,
                             governance::MetricName(limit.metric))},
          {"scope", governance::ScopeName(limit.scope)},
          {"subject", limit.subject},
          {"metric", governance::MetricName(limit.metric)},
          {"value",
           money ? OrderedJson(governance::MoneyText(limit.value)) : OrderedJson(limit.value)}};
}

void ListLimits(const Api& api, const HttpRequest& request, const Organisation& of, const To& to) {
  const auto limits = api.directory->Limits();
  if (!limits.ok()) return Refuse(request, to, DirectoryRefusal(limits.status()));
  std::vector<OrderedJson> items;
  for (const Limit& limit : *limits) {
    if (limit.organisation == of.id) items.push_back(LimitJson(limit));
  }
  auto page = PageOf(request, items, {"after", "limit"});
  if (!page.ok()) return Refuse(request, to, page.refusal());
  to->Send({.body = Dump(*page)});
}

// Whose limit it is to be: there, and not above the caller. Makes a name an id.
std::optional<Refusal> FindSubject(const Api& api, const HttpRequest& request,
                                   const Organisation& of, Limit& limit) {
  std::string owner;
  switch (limit.scope) {
    case Scope::kKey: {
      const auto key = api.directory->FindKey(of.id, limit.subject);
      if (!key.ok()) return DirectoryRefusal(key.status());
      owner = key->owner;
      break;
    }
    case Scope::kUser:
      owner = limit.subject;
      break;
    case Scope::kGroup: {
      const auto group = api.directory->FindGroup(of.id, limit.subject);
      if (!group.ok()) return DirectoryRefusal(group.status());
      limit.subject = group->id;
      return std::nullopt;
    }
    default:
      limit.subject = of.id;
      if (request.caller.permissions.Has(Permission::kManageOrganisations)) return std::nullopt;
      return Refusal{service::RefusalKind::kForbidden,
                     "An organisation's limits are set by the operator of the service.",
                     "scope",
                     "permission_denied",
                     {}};
  }
  const auto user = api.directory->FindUser(of.id, owner);
  if (!user.ok()) return DirectoryRefusal(user.status());
  if (limit.scope == Scope::kUser) limit.subject = user->id;
  return CheckRank(request.caller, *user);
}

void SetLimit(const Api& api, const HttpRequest& request, const Organisation& of, const To& to) {
  const auto body = ReadBody(request.body, kBody);
  if (!body.ok()) return Refuse(request, to, body.refusal());
  Limit limit{.organisation = of.id};
  limit.scope = governance::ScopeNamed(Get(*body, "scope").get<std::string>()).value();
  limit.metric = governance::MetricNamed(Get(*body, "metric").get<std::string>()).value();
  const Json& subject = Get(*body, "subject");
  if (!subject.is_null()) limit.subject = subject.get<std::string>();
  if (const auto refusal = FindSubject(api, request, of, limit)) {
    return Refuse(request, to, *refusal);
  }
  const Json& value = Get(*body, "value");
  const bool money = limit.metric == Metric::kMoneyPerMonth;
  if (!value.is_null() && value.is_string() != money) {
    return Refuse(
        request, to,
        service::Invalid("value", money ? "'value' must be an amount as a text, \"12.50\"."
                                        : "'value' must be a whole number."));
  }
  if (money && value.is_string()) {
    const auto micros = governance::ParseMoney(value.get<std::string>());
    if (!micros.ok())
      return Refuse(request, to, service::Invalid("value", micros.status().message()));
    limit.value = *micros;
  } else if (!value.is_null()) {
    limit.value = value.get<int64_t>();
  }
  const Status status =
      value.is_null() ? api.directory->RemoveLimit(limit) : api.directory->SetLimit(limit);
  if (!status.ok()) return Refuse(request, to, DirectoryRefusal(status));
  (void)api.keys->Refresh();
  OrderedJson json = LimitJson(limit);
  if (value.is_null()) json["value"] = nullptr;
  to->Send({.body = Dump(json)});
}

}  // namespace

void AddOrganisationLimits(const Api& api, std::vector<Route>& routes) {
  routes.push_back(OrganisationRoute(api, "GET", "/v1/organization/limits",
                                     Permission::kSeeIdentity, "Which limits there are",
                                     &ListLimits));
  Route set = OrganisationRoute(api, "POST", "/v1/organization/limits", Permission::kManageIdentity,
                                "Set a limit, or take it away", &SetLimit);
  set.body = &kBody;
  set.max_body_bytes = size_t{64} << 10;
  routes.push_back(std::move(set));
}

}  // namespace parvis::server
