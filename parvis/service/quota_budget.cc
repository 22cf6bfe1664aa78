#include "parvis/service/quota_budget.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "parvis/store/database.h"

namespace parvis::service {
namespace {

using governance::Grant;
using governance::LimitHit;
using governance::Metric;
using governance::Plan;
using governance::Price;
using governance::Scope;
using governance::Spender;

constexpr double kMinute = 60.0;

governance::LimitSet LimitsOf(const RateLimits& limits) {
  governance::LimitSet set;
  const auto put = [&set](Metric metric, int64_t value) {
    if (value > 0) set[static_cast<size_t>(metric)] = value;
  };
  put(Metric::kRequestsPerMinute, limits.requests_per_minute);
  put(Metric::kTokensPerMinute, limits.tokens_per_minute);
  put(Metric::kParallelRequests, limits.parallel_requests);
  return set;
}

// All sessions of a user spend as one key: signing in again gives nothing anew.
std::string PurseOf(std::string credential, const std::string& owner) {
  return credential.starts_with("sess_") ? "sessions of " + owner : std::move(credential);
}

const char* Whose(Scope scope) {
  switch (scope) {
    case Scope::kKey:
      return "The limit of this key";
    case Scope::kUser:
    case Scope::kPlanUser:
      return "Your limit";
    case Scope::kGroup:
      return "The limit of your group";
    case Scope::kOrganisation:
      return "The limit of your organisation";
    case Scope::kModel:
      return "The limit of all who ask this model";
    case Scope::kPlan:
      break;
  }
  return "The limit of all who have your plan";
}

std::string What(const LimitHit& hit) {
  switch (hit.metric) {
    case Metric::kRequestsPerMinute:
      return fmt::format("{} requests in a minute", hit.limit);
    case Metric::kTokensPerMinute:
      return fmt::format("{} tokens in a minute, {} are left", hit.limit, hit.left);
    case Metric::kTokensPerDay:
      return fmt::format("{} tokens a day (UTC), {} are left", hit.limit, hit.left);
    case Metric::kMoneyPerMonth:
      return fmt::format("{} a month (UTC), {} is left", governance::MoneyText(hit.limit),
                         governance::MoneyText(hit.left));
    case Metric::kParallelRequests:
      break;
  }
  return fmt::format("{} requests at a time", hit.limit);
}

// "tokens_per_day of user": what programs read.
std::string NameOf(const LimitHit& hit) {
  const Scope scope = hit.scope == Scope::kPlanUser ? Scope::kUser : hit.scope;
  return fmt::format("{} of {}", governance::MetricName(hit.metric), governance::ScopeName(scope));
}

Refusal RefusalOf(const LimitHit& hit, const BudgetAsk& ask) {
  const bool of_minute =
      hit.metric != Metric::kTokensPerDay && hit.metric != Metric::kMoneyPerMonth;
  const bool passes = of_minute && hit.retry_after_ms > 0;
  std::string message = fmt::format("{} is {}.", Whose(hit.scope), What(hit));
  if (hit.metric == Metric::kTokensPerMinute || !of_minute) {
    message +=
        fmt::format(" The request may need {} tokens.", ask.input_tokens + ask.output_tokens);
  }
  if (hit.metric == Metric::kTokensPerMinute && !passes) {
    message += " A smaller max_tokens makes it smaller.";
  }
  Refusal refusal{passes ? RefusalKind::kRateLimited : RefusalKind::kQuotaExhausted,
                  std::move(message),
                  {},
                  passes ? "rate_limit_exceeded" : "insufficient_quota",
                  {}};
  if (hit.retry_after_ms > 0) refusal.retry_after_ms = hit.retry_after_ms;
  refusal.limit = NameOf(hit);
  return refusal;
}

// As with a model's own length: an answer that was asked for in so many tokens has room for them or
// is refused, and another has what there is.
std::optional<Refusal> TooLong(const Plan& plan, BudgetAsk& ask) {
  if (plan.context_length == 0) return std::nullopt;
  const int64_t input = ask.longest_input > 0 ? ask.longest_input : ask.input_tokens;
  const int64_t room = plan.context_length - input;
  int64_t each = ask.output_tokens / std::max<int64_t>(1, ask.choices);
  if (room >= each) return std::nullopt;
  if (ask.divisible && !ask.output_asked) each = 1;
  if (room >= each) {
    ask.output_tokens = room * ask.choices;
    return std::nullopt;
  }
  Refusal refusal{
      RefusalKind::kInvalid,
      fmt::format("Your plan '{}' has room for {} tokens; {} in the prompt and {} of the "
                  "answer are more.",
                  plan.name, plan.context_length, input, each),
      ask.param,
      "context_length_exceeded",
      {}};
  refusal.limit = "context_length of plan";
  return refusal;
}

Price PriceOf(const Plan& plan, const std::string& model) {
  Price price;
  for (const auto& [name, one] : plan.prices) {
    if (name == model) return one;
    if (name == "*") price = one;
  }
  return price;
}

}  // namespace

Spender SpenderOf(const Caller& caller, const std::string& model) {
  return {PurseOf(caller.key, caller.owner),
          caller.owner,
          caller.group,
          caller.organisation,
          caller.plan,
          model};
}

class QuotaBudget::Taken : public Reservation {
 public:
  Taken(governance::QuotaBook& book, Grant grant, Reserved reserved)
      : book_(book), grant_(std::move(grant)), reserved_(std::move(reserved)) {
    if (!grant_.cut_by) return;
    notice_ = fmt::format("{} is {}: the answer has {} tokens at most.",
                          Whose(grant_.cut_by->scope), What(*grant_.cut_by), grant_.output_tokens);
  }
  // Only now, when what was used is on record: what is given back before could be spent by another
  // request, and after a kill both would count.
  ~Taken() override { book_.Settle(grant_, used_tokens_, used_micros_); }
  int64_t output_tokens() const override { return grant_.output_tokens; }
  const std::string& notice() const override { return notice_; }
  const Reserved& reserved() const override { return reserved_; }
  RateView view() const override {
    return {.limit_requests = grant_.limit_requests,
            .remaining_requests = grant_.left_requests,
            .limit_tokens = grant_.limit_tokens,
            .remaining_tokens = grant_.left_tokens,
            .reset_requests_seconds = grant_.limit_requests > 0 ? kMinute : 0.0,
            .reset_tokens_seconds = grant_.limit_tokens > 0 ? kMinute : 0.0,
            .limit_day_tokens = grant_.limit_day_tokens,
            .remaining_day_tokens = grant_.left_day_tokens};
  }
  Charge Settle(int64_t input, int64_t cached, int64_t output) override {
    used_tokens_ = input + output;
    used_micros_ = governance::CostOf(reserved_.price, input, cached, output);
    return {used_tokens_, used_micros_, used_micros_};
  }

 private:
  governance::QuotaBook& book_;
  const Grant grant_;
  const Reserved reserved_;
  std::string notice_;
  int64_t used_tokens_ = 0, used_micros_ = 0;
};

void QuotaBudget::SetLimits(const RateLimits& each_key) {
  const std::lock_guard lock(mutex_);
  each_key_ = LimitsOf(each_key);
}

OrRefusal<std::unique_ptr<Reservation>> QuotaBudget::Reserve(const Caller& caller,
                                                             const BudgetAsk& asked) {
  static const governance::LimitTable kNoTable;
  const auto snapshot = source_ ? source_() : nullptr;
  BudgetAsk ask = asked;
  Reserved reserved;
  if (!caller.plan.empty() && snapshot != nullptr) {
    const auto plan = snapshot->plans.find(caller.plan);
    if (plan == snapshot->plans.end()) {
      return Refusal{RefusalKind::kForbidden, "Your plan does not exist any more."};
    }
    if (const auto refusal = TooLong(plan->second, ask)) return *refusal;
    reserved.price = PriceOf(plan->second, ask.model);
    reserved.currency = plan->second.currency;
  }
  governance::LimitSet each_key;
  {
    const std::lock_guard lock(mutex_);
    each_key = each_key_;
  }
  auto taken = book_.Take(snapshot != nullptr ? snapshot->limits : kNoTable, each_key,
                          SpenderOf(caller, ask.model),
                          {.input_tokens = ask.input_tokens,
                           .output_tokens = ask.output_tokens,
                           .choices = std::max<int64_t>(1, ask.choices),
                           .divisible = ask.divisible,
                           .price = reserved.price,
                           .request = ask.request});
  if (!taken.ok()) {
    return Refusal{RefusalKind::kUnavailable,
                   "What is left of the budgets cannot be read, so the request is not answered.",
                   {},
                   "budget_unavailable",
                   1000};
  }
  if (const auto* hit = std::get_if<LimitHit>(&*taken)) return RefusalOf(*hit, ask);
  Grant& grant = std::get<Grant>(*taken);
  reserved.tokens = grant.tokens;
  reserved.micros = grant.micros;
  return std::unique_ptr<Reservation>(
      std::make_unique<Taken>(book_, std::move(grant), std::move(reserved)));
}

// The month as sums, of its last day apart, and the last minute request by request.
Status LoadUsed(const std::string& where, int64_t now_ms, governance::MemoryQuotaBook& book) {
  constexpr int64_t kMinuteMs = 60'000, kDayMs = 86'400'000;
  PARVIS_ASSIGN_OR_RETURN(const auto database, store::Database::Open(where));
  const int64_t day = now_ms / kDayMs * kDayMs;
  const auto spender_of = [](const store::Statement& row) {
    return SpenderOf({.organisation = row.Text(3),
                      .owner = row.Text(1),
                      .key = row.Text(0),
                      .group = row.Text(2),
                      .plan = row.Text(4)},
                     row.Text(5));
  };
  PARVIS_ASSIGN_OR_RETURN(
      auto sums,
      database->Prepare("SELECT r.api_key, r.owner, r.user_group, r.organisation, r.plan, r.model, "
                        "r.created_ms / 86400000, sum(a.counted_tokens), sum(a.counted_micros) "
                        "FROM requests r JOIN answers a ON a.request = r.id "
                        "WHERE r.created_ms >= ?1 GROUP BY 1, 2, 3, 4, 5, 6, 7"));
  sums.Bind(1, day - 31 * kDayMs);
  while (true) {
    PARVIS_ASSIGN_OR_RETURN(const bool row, sums.Step());
    if (!row) break;
    book.Add({spender_of(sums), sums.Int(6) * kDayMs, sums.Int(7), sums.Int(8)});
  }
  PARVIS_ASSIGN_OR_RETURN(
      auto minute,
      database->Prepare("SELECT r.api_key, r.owner, r.user_group, r.organisation, r.plan, r.model, "
                        "r.created_ms, a.counted_tokens "
                        "FROM requests r JOIN answers a ON a.request = r.id "
                        "WHERE r.created_ms >= ?1 ORDER BY r.created_ms"));
  minute.Bind(1, now_ms - kMinuteMs);
  while (true) {
    PARVIS_ASSIGN_OR_RETURN(const bool row, minute.Step());
    if (!row) return {};
    book.Add({spender_of(minute), minute.Int(6), minute.Int(7), 0, /*in_minute=*/true});
  }
}

}  // namespace parvis::service
