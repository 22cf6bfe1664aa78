#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "parvis/core/clock.h"
#include "parvis/governance/directory.h"

namespace parvis::governance {
namespace {

Result<std::vector<std::pair<std::string, Price>>> PricesOf(store::Database& database,
                                                            const std::string& plan) {
  PARVIS_ASSIGN_OR_RETURN(auto select,
                          database.Prepare("SELECT model, input_micros, cached_micros, "
                                           "output_micros FROM prices WHERE plan = ?1 "
                                           "ORDER BY model"));
  select.Bind(1, plan);
  std::vector<std::pair<std::string, Price>> prices;
  while (true) {
    PARVIS_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return prices;
    prices.emplace_back(select.Text(0), Price{select.Int(1), select.Int(2), select.Int(3)});
  }
}

Status CheckPlanItself(const Plan& plan) {
  PARVIS_RETURN_IF_ERROR(CheckName(plan.name));
  const bool letters = std::all_of(plan.currency.begin(), plan.currency.end(),
                                   [](char c) { return c >= 'A' && c <= 'Z'; });
  if (plan.currency.size() != 3 || !letters) {
    return InvalidArgument("a currency is three capital letters, such as EUR");
  }
  if (plan.context_length < 0) return InvalidArgument("a context length is not negative");
  if (plan.priority < kLeastPriority || plan.priority > kMostPriority) {
    return InvalidArgument(
        fmt::format("a priority is from {} to {}", kLeastPriority, kMostPriority));
  }
  for (const auto& [model, price] : plan.prices) {
    for (const int64_t micros : {price.input_micros, price.cached_micros, price.output_micros}) {
      if (micros < 0 || micros > kMaxMicros) return InvalidArgument("a price is out of bounds");
    }
    if (price.cached_micros > price.input_micros) {
      return InvalidArgument("input computed before cannot cost more than other input");
    }
  }
  return {};
}

}  // namespace

Status Directory::CheckPlan(store::Database& database, const std::string& name) {
  if (name.empty()) return {};
  PARVIS_ASSIGN_OR_RETURN(auto select, database.Prepare("SELECT 1 FROM plans WHERE name = ?1"));
  PARVIS_ASSIGN_OR_RETURN(const bool found, select.Bind(1, name).Step());
  return found ? Status() : NotFound(fmt::format("there is no plan '{}'", name.substr(0, 80)));
}

Status Directory::SetPlan(const Plan& plan) {
  PARVIS_RETURN_IF_ERROR(CheckPlanItself(plan));
  return Write([&](store::Database& database) -> Status {
    PARVIS_ASSIGN_OR_RETURN(
        auto upsert,
        database.Prepare("INSERT INTO plans(name, currency, models, context_length, created_ms, "
                         "priority, features) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7) "
                         "ON CONFLICT(name) DO UPDATE SET "
                         "currency = excluded.currency, models = excluded.models, "
                         "context_length = excluded.context_length, "
                         "priority = excluded.priority, features = excluded.features"));
    PARVIS_RETURN_IF_ERROR(upsert.Bind(1, plan.name)
                               .Bind(2, plan.currency)
                               .Bind(3, JoinLines(plan.models))
                               .Bind(4, plan.context_length)
                               .Bind(5, WallClockMs())
                               .Bind(6, int64_t{plan.priority})
                               .Bind(7, plan.features.Text())
                               .Run());
    PARVIS_ASSIGN_OR_RETURN(auto clear, database.Prepare("DELETE FROM prices WHERE plan = ?1"));
    PARVIS_RETURN_IF_ERROR(clear.Bind(1, plan.name).Run());
    for (const auto& [model, price] : plan.prices) {
      PARVIS_ASSIGN_OR_RETURN(auto insert,
                              database.Prepare("INSERT INTO prices(plan, model, input_micros, "
                                               "cached_micros, output_micros) "
                                               "VALUES(?1, ?2, ?3, ?4, ?5)"));
      PARVIS_RETURN_IF_ERROR(insert.Bind(1, plan.name)
                                 .Bind(2, model)
                                 .Bind(3, price.input_micros)
                                 .Bind(4, price.cached_micros)
                                 .Bind(5, price.output_micros)
                                 .Run());
    }
    return {};
  });
}

Result<std::vector<Plan>> Directory::Plans() {
  const std::lock_guard lock(mutex_);
  PARVIS_ASSIGN_OR_RETURN(auto select,
                          database_->Prepare("SELECT name, currency, models, context_length, "
                                             "created_ms, priority, features FROM plans "
                                             "ORDER BY name"));
  std::vector<Plan> plans;
  while (true) {
    PARVIS_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) break;
    PARVIS_ASSIGN_OR_RETURN(const Features features, Features::FromText(select.Text(6)));
    plans.push_back({.name = select.Text(0),
                     .currency = select.Text(1),
                     .models = SplitLines(select.Text(2)),
                     .context_length = select.Int(3),
                     .priority = static_cast<int>(select.Int(5)),
                     .features = features,
                     .prices = {},
                     .created_ms = select.Int(4)});
  }
  for (Plan& plan : plans) {
    PARVIS_ASSIGN_OR_RETURN(plan.prices, PricesOf(*database_, plan.name));
  }
  return plans;
}

Result<Plan> Directory::FindPlan(const std::string& name) {
  PARVIS_ASSIGN_OR_RETURN(const std::vector<Plan> plans, Plans());
  for (const Plan& plan : plans) {
    if (plan.name == name) return plan;
  }
  return NotFound(fmt::format("there is no plan '{}'", name.substr(0, 80)));
}

Status Directory::SetLimit(const Limit& limit) {
  if (limit.value < 0 || limit.value > kMaxMicros) {
    return InvalidArgument(fmt::format("a limit is from 0 to {}", kMaxMicros));
  }
  return Write([&](store::Database& database) -> Status {
    PARVIS_ASSIGN_OR_RETURN(
        auto upsert,
        database.Prepare("INSERT INTO limits(organisation, scope, subject, metric, value) "
                         "VALUES(?1, ?2, ?3, ?4, ?5) "
                         "ON CONFLICT(organisation, scope, subject, metric) "
                         "DO UPDATE SET value = excluded.value"));
    return upsert.Bind(1, limit.organisation)
        .Bind(2, ScopeName(limit.scope))
        .Bind(3, limit.subject)
        .Bind(4, MetricName(limit.metric))
        .Bind(5, limit.value)
        .Run();
  });
}

Status Directory::RemoveLimit(const Limit& limit) {
  return Write([&](store::Database& database) -> Status {
    PARVIS_ASSIGN_OR_RETURN(auto remove,
                            database.Prepare("DELETE FROM limits WHERE organisation = ?1 AND "
                                             "scope = ?2 AND subject = ?3 AND metric = ?4"));
    return remove.Bind(1, limit.organisation)
        .Bind(2, ScopeName(limit.scope))
        .Bind(3, limit.subject)
        .Bind(4, MetricName(limit.metric))
        .Run();
  });
}

Result<std::vector<Limit>> Directory::Limits() {
  const std::lock_guard lock(mutex_);
  PARVIS_ASSIGN_OR_RETURN(
      auto select, database_->Prepare("SELECT organisation, scope, subject, metric, value FROM "
                                      "limits ORDER BY organisation, scope, subject, metric"));
  std::vector<Limit> limits;
  while (true) {
    PARVIS_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return limits;
    PARVIS_ASSIGN_OR_RETURN(const Scope scope, ScopeNamed(select.Text(1)));
    PARVIS_ASSIGN_OR_RETURN(const Metric metric, MetricNamed(select.Text(3)));
    limits.push_back({select.Text(0), scope, select.Text(2), metric, select.Int(4)});
  }
}

}  // namespace parvis::governance
