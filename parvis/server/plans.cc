// /v1/plans: what users get by a plan's name, and what they pay, for the operator of the service.
// Money is text, since it is exact.

#include <utility>

#include "parvis/server/billing.h"
#include "parvis/server/openai_json.h"
#include "parvis/server/openai_route.h"
#include "parvis/server/organisation.h"

namespace parvis::server {
namespace {

using governance::Limit;
using governance::Metric;
using governance::MoneyText;
using governance::Plan;
using governance::Price;
using governance::Scope;
using service::Permission;
using To = std::shared_ptr<Responder>;

constexpr Shape kAmount = String(20, 1);
constexpr Field kPriceFields[] = {
    {"input", kAmount, Presence::kRequired},
    {"cached", kAmount},
    {"output", kAmount, Presence::kRequired},
};
constexpr Shape kPrice = Object(kPriceFields);
constexpr Field kLimitFields[] = {
    {"requests_per_minute", Integer(0, 1e15)}, {"tokens_per_minute", Integer(0, 1e15)},
    {"tokens_per_day", Integer(0, 1e15)},      {"money_per_month", kAmount},
    {"parallel_requests", Integer(0, 1e15)},
};
constexpr Shape kModel = String(256, 1);
constexpr Shape kFeature = Among(governance::kFeatureNames);
constexpr Field kPlanFields[] = {
    {"currency", String(3, 3)},
    {"models", Array(kModel, 0, 256)},
    {"context_length", Integer(0, 1e9)},
    {"priority", Integer(kLeastPriority, kMostPriority)},
    {"features", Array(kFeature, 0, governance::kNumFeatures)},
    {"prices", Map(kPrice, 256)},
    {"limits_of_each_user", Object(kLimitFields)},
};
constexpr Shape kPlan = Object(kPlanFields);

Result<OrderedJson> LimitsJson(const Api& api, const std::string& plan) {
  PARVIS_ASSIGN_OR_RETURN(const auto limits, api.directory->Limits());
  OrderedJson json = OrderedJson::object();
  for (const Limit& limit : limits) {
    if (limit.scope != Scope::kPlanUser || limit.subject != plan) continue;
    json[std::string(governance::MetricName(limit.metric))] =
        limit.metric == Metric::kMoneyPerMonth ? OrderedJson(MoneyText(limit.value))
                                               : OrderedJson(limit.value);
  }
  return json;
}

Result<OrderedJson> PlanJson(const Api& api, const Plan& plan) {
  OrderedJson prices = OrderedJson::object();
  for (const auto& [model, price] : plan.prices) {
    prices[model] = {{"input", MoneyText(price.input_micros)},
                     {"cached", MoneyText(price.cached_micros)},
                     {"output", MoneyText(price.output_micros)}};
  }
  PARVIS_ASSIGN_OR_RETURN(OrderedJson limits, LimitsJson(api, plan.name));
  return OrderedJson{{"object", "plan"},
                     {"id", plan.name},
                     {"created_at", plan.created_ms / 1000},
                     {"currency", plan.currency},
                     {"models", plan.models},
                     {"context_length", plan.context_length},
                     {"priority", plan.priority},
                     {"features", plan.features.Names()},
                     {"prices", std::move(prices)},
                     {"limits_of_each_user", std::move(limits)}};
}

void List(const Api& api, const HttpRequest& request, const To& to) {
  const auto plans = api.directory->Plans();
  if (!plans.ok()) return Refuse(request, to, DirectoryRefusal(plans.status()));
  std::vector<OrderedJson> items;
  for (const Plan& plan : *plans) {
    auto json = PlanJson(api, plan);
    if (!json.ok()) return Refuse(request, to, DirectoryRefusal(json.status()));
    items.push_back(*std::move(json));
  }
  auto page = PageOf(request, items, {"after", "limit"});
  if (!page.ok()) return Refuse(request, to, page.refusal());
  to->Send({.body = Dump(*page)});
}

void Tell(const Api& api, const HttpRequest& request, const To& to) {
  const auto plan = api.directory->FindPlan(request.captures[0]);
  if (!plan.ok()) return Refuse(request, to, DirectoryRefusal(plan.status()));
  const auto json = PlanJson(api, *plan);
  if (!json.ok()) return Refuse(request, to, DirectoryRefusal(json.status()));
  to->Send({.body = Dump(*json)});
}

Result<Price> PriceOf(const Json& json) {
  Price price;
  PARVIS_ASSIGN_OR_RETURN(price.input_micros,
                          governance::ParseMoney(Get(json, "input").get<std::string>()));
  PARVIS_ASSIGN_OR_RETURN(price.output_micros,
                          governance::ParseMoney(Get(json, "output").get<std::string>()));
  price.cached_micros = price.input_micros;
  if (const Json& cached = Get(json, "cached"); !cached.is_null()) {
    PARVIS_ASSIGN_OR_RETURN(price.cached_micros, governance::ParseMoney(cached.get<std::string>()));
  }
  return price;
}

// What a body says of a plan, over what it is.
Status Apply(const Json& body, Plan& plan) {
  if (const Json& currency = Get(body, "currency"); !currency.is_null()) {
    plan.currency = currency.get<std::string>();
  }
  if (const Json& models = Get(body, "models"); !models.is_null()) {
    plan.models = models.get<std::vector<std::string>>();
  }
  if (const Json& length = Get(body, "context_length"); !length.is_null()) {
    plan.context_length = length.get<int64_t>();
  }
  if (const Json& priority = Get(body, "priority"); !priority.is_null()) {
    plan.priority = priority.get<int>();
  }
  if (const Json& features = Get(body, "features"); !features.is_null()) {
    PARVIS_ASSIGN_OR_RETURN(plan.features,
                            governance::Features::Named(features.get<std::vector<std::string>>()));
  }
  if (const Json& prices = Get(body, "prices"); !prices.is_null()) {
    plan.prices.clear();
    for (const auto& [model, json] : prices.items()) {
      auto price = PriceOf(json);
      if (!price.ok()) return price.status().In("prices." + model);
      plan.prices.emplace_back(model, *price);
    }
  }
  return {};
}

// Null takes a limit away.
Result<std::vector<std::pair<Limit, bool>>> LimitsOf(const std::string& plan, const Json& body) {
  std::vector<std::pair<Limit, bool>> limits;
  const Json& given = Get(body, "limits_of_each_user");
  if (given.is_null()) return limits;
  for (const auto& [name, value] : given.items()) {
    PARVIS_ASSIGN_OR_RETURN(const Metric metric, governance::MetricNamed(name));
    Limit limit{"", Scope::kPlanUser, plan, metric, 0};
    if (value.is_string()) {
      const auto micros = governance::ParseMoney(value.get<std::string>());
      if (!micros.ok()) return micros.status().In("limits_of_each_user." + name);
      limit.value = *micros;
    } else if (!value.is_null()) {
      limit.value = value.get<int64_t>();
    }
    limits.emplace_back(std::move(limit), !value.is_null());
  }
  return limits;
}

void Set(const Api& api, const HttpRequest& request, const To& to) {
  const auto body = ReadBody(request.body, kPlan);
  if (!body.ok()) return Refuse(request, to, body.refusal());
  const std::string& name = request.captures[0];
  Plan plan{.name = name, .currency = "EUR"};
  if (auto found = api.directory->FindPlan(name); found.ok()) plan = *std::move(found);
  if (const Status status = Apply(*body, plan); !status.ok()) {
    return Refuse(request, to, service::RefusalOf(status));
  }
  const auto limits = LimitsOf(name, *body);
  if (!limits.ok()) return Refuse(request, to, service::RefusalOf(limits.status()));
  if (const Status status = api.directory->SetPlan(plan); !status.ok()) {
    return Refuse(request, to, DirectoryRefusal(status));
  }
  for (const auto& [limit, set] : *limits) {
    const Status status = set ? api.directory->SetLimit(limit) : api.directory->RemoveLimit(limit);
    if (!status.ok()) return Refuse(request, to, DirectoryRefusal(status));
  }
  (void)api.keys->Refresh();
  Tell(api, request, to);
}

}  // namespace

void AddPlans(const Api& api, std::vector<Route>& routes) {
  const auto add = [&](const char* method, const std::string& pattern, const char* summary,
                       OpenAiHandler handler) -> Route& {
    Route route = OpenAiRoute(api, method, pattern, summary, handler);
    route.policy = Policy::Needs(Permission::kManageOrganisations);
    return routes.emplace_back(std::move(route));
  };
  add("GET", "/v1/plans", "All plans", &List);
  add("GET", "/v1/plans/{plan}", "One plan", &Tell);
  Route& set = add("POST", "/v1/plans/{plan}", "Make or change a plan", &Set);
  set.body = &kPlan;
  set.max_body_bytes = size_t{64} << 10;
}

}  // namespace parvis::server
