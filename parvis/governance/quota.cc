#include "parvis/governance/quota.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "parvis/core/clock.h"

namespace parvis::governance {
namespace {

constexpr int64_t kMinuteMs = 60'000;
constexpr int64_t kDayMs = 86'400'000;
constexpr int64_t kForgetMs = 600'000;  // how often accounts that nobody uses are looked for
constexpr LimitSet kNoLimits = {};

std::chrono::year_month_day DateOf(int64_t wall_ms) {
  return std::chrono::floor<std::chrono::days>(
      std::chrono::sys_time<std::chrono::milliseconds>(std::chrono::milliseconds(wall_ms)));
}

int64_t MonthOf(int64_t wall_ms) {
  const auto date = DateOf(wall_ms);
  return int64_t{static_cast<int>(date.year())} * 12 + static_cast<unsigned>(date.month()) - 1;
}

int64_t MonthEndMs(int64_t wall_ms) {
  const auto date = DateOf(wall_ms);
  const auto next = date.year() / date.month() / 1 + std::chrono::months(1);
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::sys_days(next).time_since_epoch())
      .count();
}

const std::optional<int64_t>& Of(const LimitSet& limits, Metric metric) {
  return limits[static_cast<size_t>(metric)];
}

// Whose budgets a request is taken out of and counted in.
std::vector<std::pair<Scope, std::string>> SubjectsOf(const Spender& spender) {
  std::vector<std::pair<Scope, std::string>> subjects = {
      {Scope::kKey, spender.key},     {Scope::kUser, spender.owner},
      {Scope::kGroup, spender.group}, {Scope::kOrganisation, spender.organisation},
      {Scope::kModel, spender.model}, {Scope::kPlan, spender.plan}};
  std::erase_if(subjects, [](const auto& subject) { return subject.second.empty(); });
  return subjects;
}

std::string NameOf(Scope scope, const std::string& subject) {
  return static_cast<char>('a' + static_cast<int>(scope)) + subject;
}

}  // namespace

QuotaClock SystemQuotaClock() {
  return {&WallClockMs, [] {
            return std::chrono::duration_cast<std::chrono::milliseconds>(
                       std::chrono::steady_clock::now().time_since_epoch())
                .count();
          }};
}

QuotaBook::Now QuotaBook::NowOf() const {
  const int64_t wall = clock_.wall_ms();
  return {wall, clock_.steady_ms(), wall / kDayMs, MonthOf(wall)};
}

void QuotaBook::Roll(Account& account, const Now& now) {
  while (!account.minute.empty() && account.minute.front().at_ms + kMinuteMs <= now.steady_ms) {
    account.minute_tokens -= account.minute.front().tokens;
    account.minute.pop_front();
    ++account.first_entry;
  }
  // A clock that was set back does not bring a day back: what was used is not forgotten.
  if (now.day > account.day) {
    account.day = now.day;
    account.day_tokens = 0;
  }
  if (now.month > account.month) {
    account.month = now.month;
    account.month_micros = 0;
  }
}

QuotaBook::Account& QuotaBook::AccountOf(Scope scope, const std::string& subject, const Now& now) {
  Account& account = accounts_[NameOf(scope, subject)];
  Roll(account, now);
  return account;
}

std::vector<QuotaBook::Budget> QuotaBook::BudgetsOf(const LimitTable& table,
                                                    const LimitSet& each_key,
                                                    const Spender& spender, const Now& now) {
  const auto limits = [&table](Scope scope, const std::string& subject) {
    const auto found = table.find({scope, subject});
    return found == table.end() ? &kNoLimits : &found->second;
  };
  std::vector<Budget> budgets;
  for (const auto& [scope, subject] : SubjectsOf(spender)) {
    budgets.push_back({scope, limits(scope, subject), &AccountOf(scope, subject, now)});
  }
  // Two more limits of accounts that are there already.
  const size_t count = budgets.size();
  for (size_t i = 0; i < count; ++i) {
    Account* const account = budgets[i].account;
    if (budgets[i].scope == Scope::kKey) budgets.push_back({Scope::kKey, &each_key, account});
    if (budgets[i].scope == Scope::kUser && !spender.plan.empty()) {
      budgets.push_back({Scope::kPlanUser, limits(Scope::kPlanUser, spender.plan), account});
    }
  }
  return budgets;
}

std::optional<LimitHit> QuotaBook::Parallel(const Budget& budget) {
  const auto& limit = Of(*budget.limits, Metric::kParallelRequests);
  if (!limit || budget.account->running < *limit) return std::nullopt;
  return LimitHit{Metric::kParallelRequests, budget.scope, *limit, 0, *limit > 0 ? 1000 : 0};
}

std::optional<LimitHit> QuotaBook::Requests(const Budget& budget, const Now& now) {
  const auto& limit = Of(*budget.limits, Metric::kRequestsPerMinute);
  const std::deque<Entry>& minute = budget.account->minute;
  const auto count = static_cast<int64_t>(minute.size());
  if (!limit || count < *limit) return std::nullopt;
  LimitHit hit{Metric::kRequestsPerMinute, budget.scope, *limit, 0, 0};
  if (*limit > 0) {
    const Entry& in_the_way = minute[static_cast<size_t>(count - *limit)];
    hit.retry_after_ms = std::max<int64_t>(1, in_the_way.at_ms + kMinuteMs - now.steady_ms);
  }
  return hit;
}

std::optional<LimitHit> QuotaBook::Tokens(const Budget& budget, int64_t tokens, const Now& now) {
  const auto& limit = Of(*budget.limits, Metric::kTokensPerMinute);
  const int64_t used = budget.account->minute_tokens;
  if (!limit || tokens <= *limit - used) return std::nullopt;
  LimitHit hit{Metric::kTokensPerMinute, budget.scope, *limit, std::max<int64_t>(0, *limit - used),
               0};
  if (tokens > *limit) return hit;  // no waiting helps
  int64_t missing = tokens - (*limit - used);
  for (const Entry& entry : budget.account->minute) {
    missing -= entry.tokens;
    hit.retry_after_ms = std::max<int64_t>(1, entry.at_ms + kMinuteMs - now.steady_ms);
    if (missing <= 0) break;
  }
  return hit;
}

// Of the day and the month: an answer may be shorter for them, since waiting for a minute does not
// help.
std::optional<LimitHit> QuotaBook::Shorten(const Budget& budget, const Ask& ask, const Now& now,
                                           Grant& grant) {
  const auto shorten = [&](Metric metric, int64_t limit, int64_t left, int64_t output,
                           int64_t until_ms) -> std::optional<LimitHit> {
    if (output >= grant.output_tokens) return std::nullopt;
    const LimitHit hit{metric, budget.scope, limit, std::max<int64_t>(0, left),
                       std::max<int64_t>(1, until_ms - now.wall_ms)};
    const int64_t each = output < 0 ? 0 : output / ask.choices;
    if (!ask.divisible || each < 1) return hit;
    grant.output_tokens = each * ask.choices;
    grant.cut_by = hit;
    return std::nullopt;
  };
  if (const auto& limit = Of(*budget.limits, Metric::kTokensPerDay)) {
    const int64_t left = *limit - budget.account->day_tokens;
    const int64_t end = (budget.account->day + 1) * kDayMs;
    const auto hit = shorten(Metric::kTokensPerDay, *limit, left, left - ask.input_tokens, end);
    if (hit) return hit;
  }
  if (const auto& limit = Of(*budget.limits, Metric::kMoneyPerMonth)) {
    const int64_t left = *limit - budget.account->month_micros;
    return shorten(Metric::kMoneyPerMonth, *limit, left,
                   OutputWithin(ask.price, ask.input_tokens, left), MonthEndMs(now.wall_ms));
  }
  return std::nullopt;
}

std::variant<Grant, LimitHit> QuotaBook::Take(const LimitTable& table, const LimitSet& each_key,
                                              const Spender& spender, const Ask& ask) {
  const std::lock_guard lock(mutex_);
  const Now now = NowOf();
  Forget(now);
  const std::vector<Budget> budgets = BudgetsOf(table, each_key, spender, now);
  Grant grant;
  grant.output_tokens = ask.output_tokens;
  for (const Budget& budget : budgets) {
    if (const auto hit = Parallel(budget)) return *hit;
    if (const auto hit = Requests(budget, now)) return *hit;
    if (const auto hit = Shorten(budget, ask, now, grant)) return *hit;
  }
  grant.tokens = ask.input_tokens + grant.output_tokens;
  for (const Budget& budget : budgets) {
    if (const auto hit = Tokens(budget, grant.tokens, now)) return *hit;
  }
  // All of them have it: from here on nothing is refused.
  grant.micros = CostOf(ask.price, ask.input_tokens, 0, grant.output_tokens);
  for (const auto& [scope, subject] : SubjectsOf(spender)) {
    std::string name = NameOf(scope, subject);
    Account& account = accounts_[name];
    const auto entry = account.first_entry + static_cast<int64_t>(account.minute.size());
    account.minute.push_back({now.steady_ms, grant.tokens});
    account.minute_tokens += grant.tokens;
    account.day_tokens += grant.tokens;
    account.month_micros += grant.micros;
    ++account.running;
    grant.places.push_back({std::move(name), entry, account.day, account.month});
  }
  View(budgets, grant);
  return grant;
}

void QuotaBook::View(const std::vector<Budget>& budgets, Grant& grant) {
  const auto tightest = [](int64_t limit, int64_t left, int64_t& best, int64_t& best_left) {
    if (best != 0 && left >= best_left) return;
    best = limit;
    best_left = std::max<int64_t>(0, left);
  };
  for (const Budget& budget : budgets) {
    const Account& account = *budget.account;
    if (const auto& limit = Of(*budget.limits, Metric::kRequestsPerMinute)) {
      tightest(*limit, *limit - static_cast<int64_t>(account.minute.size()), grant.limit_requests,
               grant.left_requests);
    }
    if (const auto& limit = Of(*budget.limits, Metric::kTokensPerMinute)) {
      tightest(*limit, *limit - account.minute_tokens, grant.limit_tokens, grant.left_tokens);
    }
    if (const auto& limit = Of(*budget.limits, Metric::kTokensPerDay)) {
      tightest(*limit, *limit - account.day_tokens, grant.limit_day_tokens, grant.left_day_tokens);
    }
  }
}

void QuotaBook::Settle(const Grant& grant, int64_t tokens, int64_t micros) {
  const std::lock_guard lock(mutex_);
  const Now now = NowOf();
  for (const Grant::Place& place : grant.places) {
    Account& account = accounts_[place.account];
    --account.running;
    const int64_t at = place.entry - account.first_entry;
    if (at >= 0 && at < static_cast<int64_t>(account.minute.size())) {
      account.minute[static_cast<size_t>(at)].tokens = tokens;
      account.minute_tokens += tokens - grant.tokens;
    }
    if (account.day == place.day) account.day_tokens += tokens - grant.tokens;
    if (account.month == place.month) account.month_micros += micros - grant.micros;
    Roll(account, now);
  }
}

void QuotaBook::Add(const UsedBefore& used) {
  const std::lock_guard lock(mutex_);
  const Now now = NowOf();
  const int64_t age_ms = std::max<int64_t>(0, now.wall_ms - used.created_ms);
  for (const auto& [scope, subject] : SubjectsOf(used.spender)) {
    Account& account = AccountOf(scope, subject, now);
    if (used.in_minute) {
      if (age_ms < kMinuteMs) {
        account.minute.push_back({now.steady_ms - age_ms, used.tokens});
        account.minute_tokens += used.tokens;
      }
      continue;
    }
    if (used.created_ms / kDayMs >= account.day) account.day_tokens += used.tokens;
    if (MonthOf(used.created_ms) >= account.month) account.month_micros += used.micros;
  }
}

// What says nothing any more: not of this month, nothing under way, nothing in the last minute.
void QuotaBook::Forget(const Now& now) {
  if (now.steady_ms - forgot_ms_ < kForgetMs) return;
  forgot_ms_ = now.steady_ms;
  for (auto it = accounts_.begin(); it != accounts_.end();) {
    Roll(it->second, now);
    const Account& account = it->second;
    const bool says = account.running > 0 || !account.minute.empty() || account.day_tokens != 0 ||
                      account.month_micros != 0;
    it = says ? std::next(it) : accounts_.erase(it);
  }
}

}  // namespace parvis::governance
