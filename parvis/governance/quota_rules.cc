#include "parvis/governance/quota_rules.h"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "fmt/format.h"

namespace parvis::governance {
namespace {

constexpr int64_t kSecondMs = 1000;
constexpr int64_t kMinuteMs = 60'000;
constexpr int64_t kDayMs = 86'400'000;
constexpr LimitSet kNoLimits = {};

// One limit's view of an account.
struct Budget {
  Scope scope;
  const LimitSet* limits;
  const QuotaAccount* account;
};

std::chrono::year_month_day DateOf(int64_t wall_ms) {
  return std::chrono::floor<std::chrono::days>(
      std::chrono::sys_time<std::chrono::milliseconds>(std::chrono::milliseconds(wall_ms)));
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

std::vector<Budget> BudgetsOf(const std::vector<QuotaSubject>& subjects,
                              const std::vector<QuotaAccount*>& accounts, const LimitTable& table,
                              const LimitSet& each_key) {
  const auto limits = [&table](Scope scope, const std::string& id) {
    const auto found = table.find({scope, id});
    return found == table.end() ? &kNoLimits : &found->second;
  };
  std::vector<Budget> budgets;
  const QuotaAccount* user = nullptr;
  for (size_t i = 0; i < subjects.size(); ++i) {
    const QuotaSubject& subject = subjects[i];
    budgets.push_back({subject.scope, limits(subject.scope, subject.id), accounts[i]});
    // Two more limits of accounts that are there already.
    if (subject.scope == Scope::kKey) budgets.push_back({Scope::kKey, &each_key, accounts[i]});
    if (subject.scope == Scope::kUser) user = accounts[i];
    if (subject.scope == Scope::kPlan && user != nullptr) {
      budgets.push_back({Scope::kPlanUser, limits(Scope::kPlanUser, subject.id), user});
    }
  }
  return budgets;
}

std::optional<LimitHit> Parallel(const Budget& budget) {
  const auto& limit = Of(*budget.limits, Metric::kParallelRequests);
  if (!limit || budget.account->running < *limit) return std::nullopt;
  return LimitHit{Metric::kParallelRequests, budget.scope, *limit, 0, *limit > 0 ? 1000 : 0};
}

std::optional<LimitHit> Requests(const Budget& budget, const QuotaNow& now) {
  const auto& limit = Of(*budget.limits, Metric::kRequestsPerMinute);
  int64_t count = budget.account->minute_requests();
  if (!limit || count < *limit) return std::nullopt;
  LimitHit hit{Metric::kRequestsPerMinute, budget.scope, *limit, 0, 0};
  if (*limit == 0) return hit;
  for (const QuotaAccount::Entry& in_the_way : budget.account->minute) {
    count -= in_the_way.requests;
    hit.retry_after_ms = std::max<int64_t>(1, in_the_way.at_ms + kMinuteMs - now.steady_ms);
    if (count < *limit) break;
  }
  return hit;
}

std::optional<LimitHit> Tokens(const Budget& budget, int64_t tokens, const QuotaNow& now) {
  const auto& limit = Of(*budget.limits, Metric::kTokensPerMinute);
  const int64_t used = budget.account->minute_tokens();
  if (!limit || tokens <= *limit - used) return std::nullopt;
  LimitHit hit{Metric::kTokensPerMinute, budget.scope, *limit, std::max<int64_t>(0, *limit - used),
               0};
  if (tokens > *limit) return hit;  // no waiting helps
  int64_t missing = tokens - (*limit - used);
  for (const QuotaAccount::Entry& entry : budget.account->minute) {
    missing -= entry.tokens;
    hit.retry_after_ms = std::max<int64_t>(1, entry.at_ms + kMinuteMs - now.steady_ms);
    if (missing <= 0) break;
  }
  return hit;
}

// Of the day and the month: an answer may be shorter for them, since waiting for a minute does not
// help.
std::optional<LimitHit> Shorten(const Budget& budget, const Ask& ask, const QuotaNow& now,
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

void View(const std::vector<Budget>& budgets, Grant& grant) {
  const auto tightest = [](int64_t limit, int64_t left, int64_t& best, int64_t& best_left) {
    if (best != 0 && left >= best_left) return;
    best = limit;
    best_left = std::max<int64_t>(0, left);
  };
  for (const Budget& budget : budgets) {
    const QuotaAccount& account = *budget.account;
    if (const auto& limit = Of(*budget.limits, Metric::kRequestsPerMinute)) {
      tightest(*limit, *limit - account.minute_requests(), grant.limit_requests,
               grant.left_requests);
    }
    if (const auto& limit = Of(*budget.limits, Metric::kTokensPerMinute)) {
      tightest(*limit, *limit - account.minute_tokens(), grant.limit_tokens, grant.left_tokens);
    }
    if (const auto& limit = Of(*budget.limits, Metric::kTokensPerDay)) {
      tightest(*limit, *limit - account.day_tokens, grant.limit_day_tokens, grant.left_day_tokens);
    }
  }
}

}  // namespace

int64_t DayOf(int64_t wall_ms) { return wall_ms / kDayMs; }

int64_t MonthOf(int64_t wall_ms) {
  const auto date = DateOf(wall_ms);
  return int64_t{static_cast<int>(date.year())} * 12 + static_cast<unsigned>(date.month()) - 1;
}

QuotaNow NowOf(const QuotaClock& clock) {
  const int64_t wall = clock.wall_ms();
  return {wall, clock.steady_ms(), DayOf(wall), MonthOf(wall)};
}

int64_t QuotaAccount::minute_requests() const {
  int64_t sum = 0;
  for (const Entry& entry : minute) sum += entry.requests;
  return sum;
}

int64_t QuotaAccount::minute_tokens() const {
  int64_t sum = 0;
  for (const Entry& entry : minute) sum += entry.tokens;
  return sum;
}

bool QuotaAccount::says_nothing() const {
  return running == 0 && minute.empty() && day_tokens == 0 && month_micros == 0;
}

void QuotaAccount::Roll(const QuotaNow& now) {
  while (!minute.empty() && minute.front().at_ms + kMinuteMs <= now.steady_ms) {
    minute.pop_front();
    ++first_entry;
  }
  // A clock that was set back does not bring a day back: what was used is not forgotten.
  if (now.day > day) {
    day = now.day;
    day_tokens = 0;
  }
  if (now.month > month) {
    month = now.month;
    month_micros = 0;
  }
}

void QuotaAccount::Add(int64_t at_ms, int64_t tokens) {
  if (minute.empty() || minute.back().at_ms / kSecondMs < at_ms / kSecondMs) {
    minute.push_back({at_ms, 0, 0});
  }
  Entry& entry = minute.back();
  entry.at_ms = std::max(entry.at_ms, at_ms);
  ++entry.requests;
  entry.tokens += tokens;
}

std::string MinuteText(const QuotaAccount& account) {
  std::string text;
  for (const QuotaAccount::Entry& entry : account.minute) {
    fmt::format_to(std::back_inserter(text), "{} {} {} ", entry.at_ms, entry.requests,
                   entry.tokens);
  }
  return text;
}

Status ReadMinute(const std::string& text, QuotaAccount& account) {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    QuotaAccount::Entry entry;
    for (int64_t* const value : {&entry.at_ms, &entry.requests, &entry.tokens}) {
      const auto read = std::from_chars(at, end, *value);
      if (read.ec != std::errc() || read.ptr == end || *read.ptr != ' ') {
        return DataLoss("quota_accounts.minute: not three numbers each");
      }
      at = read.ptr + 1;
    }
    account.minute.push_back(entry);
  }
  return {};
}

std::vector<QuotaSubject> SubjectsOf(const Spender& spender) {
  std::vector<QuotaSubject> subjects;
  const auto add = [&subjects](Scope scope, const std::string& id) {
    if (id.empty()) return;
    subjects.push_back({scope, id, static_cast<char>('a' + static_cast<int>(scope)) + id});
  };
  add(Scope::kKey, spender.key);
  add(Scope::kUser, spender.owner);
  add(Scope::kGroup, spender.group);
  add(Scope::kOrganisation, spender.organisation);
  add(Scope::kModel, spender.model);
  add(Scope::kPlan, spender.plan);
  return subjects;
}

std::variant<Grant, LimitHit> TakeFrom(const std::vector<QuotaSubject>& subjects,
                                       const std::vector<QuotaAccount*>& accounts,
                                       const LimitTable& table, const LimitSet& each_key,
                                       const Ask& ask, const QuotaNow& now) {
  const std::vector<Budget> budgets = BudgetsOf(subjects, accounts, table, each_key);
  Grant grant;
  grant.request = ask.request;
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
  for (size_t i = 0; i < subjects.size(); ++i) {
    QuotaAccount& account = *accounts[i];
    account.Add(now.steady_ms, grant.tokens);
    account.day_tokens += grant.tokens;
    account.month_micros += grant.micros;
    ++account.running;
    const auto entry = account.first_entry + static_cast<int64_t>(account.minute.size()) - 1;
    grant.places.push_back({subjects[i].account, entry, account.day, account.month});
  }
  View(budgets, grant);
  return grant;
}

void SettleIn(QuotaAccount& account, const Grant& grant, const Grant::Place& place, int64_t tokens,
              int64_t micros) {
  --account.running;
  const int64_t at = place.entry - account.first_entry;
  if (at >= 0 && at < static_cast<int64_t>(account.minute.size())) {
    account.minute[static_cast<size_t>(at)].tokens += tokens - grant.tokens;
  }
  if (account.day == place.day) account.day_tokens += tokens - grant.tokens;
  if (account.month == place.month) account.month_micros += micros - grant.micros;
}

}  // namespace parvis::governance
