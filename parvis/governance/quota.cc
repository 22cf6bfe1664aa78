#include "parvis/governance/quota.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <vector>

#include "parvis/core/clock.h"
#include "parvis/governance/quota_rules.h"

namespace parvis::governance {
namespace {

constexpr int64_t kMinuteMs = 60'000;
constexpr int64_t kForgetMs = 600'000;  // how often accounts that nobody uses are looked for

}  // namespace

QuotaClock SystemQuotaClock() {
  return {&WallClockMs, [] {
            return std::chrono::duration_cast<std::chrono::milliseconds>(
                       std::chrono::steady_clock::now().time_since_epoch())
                .count();
          }};
}

MemoryQuotaBook::MemoryQuotaBook(QuotaClock clock) : clock_(std::move(clock)) {}
MemoryQuotaBook::~MemoryQuotaBook() = default;

Result<std::variant<Grant, LimitHit>> MemoryQuotaBook::Take(const LimitTable& table,
                                                            const LimitSet& each_key,
                                                            const Spender& spender,
                                                            const Ask& ask) {
  const std::lock_guard lock(mutex_);
  const QuotaNow now = NowOf(clock_);
  Forget(now);
  const std::vector<QuotaSubject> subjects = SubjectsOf(spender);
  std::vector<QuotaAccount*> accounts;
  for (const QuotaSubject& subject : subjects) {
    QuotaAccount& account = accounts_[subject.account];
    account.Roll(now);
    accounts.push_back(&account);
  }
  return TakeFrom(subjects, accounts, table, each_key, ask, now);
}

void MemoryQuotaBook::Settle(const Grant& grant, int64_t tokens, int64_t micros) {
  const std::lock_guard lock(mutex_);
  for (const Grant::Place& place : grant.places) {
    SettleIn(accounts_[place.account], grant, place, tokens, micros);
  }
}

void MemoryQuotaBook::Add(const UsedBefore& used) {
  const std::lock_guard lock(mutex_);
  const QuotaNow now = NowOf(clock_);
  const int64_t age_ms = std::max<int64_t>(0, now.wall_ms - used.created_ms);
  for (const QuotaSubject& subject : SubjectsOf(used.spender)) {
    QuotaAccount& account = accounts_[subject.account];
    account.Roll(now);
    if (used.in_minute) {
      if (age_ms < kMinuteMs) account.Add(now.steady_ms - age_ms, used.tokens);
      continue;
    }
    if (DayOf(used.created_ms) >= account.day) account.day_tokens += used.tokens;
    if (MonthOf(used.created_ms) >= account.month) account.month_micros += used.micros;
  }
}

// What says nothing any more: not of this month, nothing under way, nothing in the last minute.
void MemoryQuotaBook::Forget(const QuotaNow& now) {
  if (now.steady_ms - forgot_ms_ < kForgetMs) return;
  forgot_ms_ = now.steady_ms;
  for (auto it = accounts_.begin(); it != accounts_.end();) {
    it->second.Roll(now);
    it = it->second.says_nothing() ? accounts_.erase(it) : std::next(it);
  }
}

}  // namespace parvis::governance
