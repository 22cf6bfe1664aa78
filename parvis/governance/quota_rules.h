#ifndef PARVIS_GOVERNANCE_QUOTA_RULES_H_
#define PARVIS_GOVERNANCE_QUOTA_RULES_H_

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "parvis/governance/quota.h"

// What the books say, wherever they lie: in memory (quota.cc) or in a database that several servers
// share (shared_quota.cc). Nothing here waits or locks.
namespace parvis::governance {

// One moment, by the clocks of a QuotaClock.
struct QuotaNow {
  int64_t wall_ms = 0, steady_ms = 0;
  int64_t day = 0, month = 0;  // since 1970; since year 0
};
QuotaNow NowOf(const QuotaClock& clock);
int64_t DayOf(int64_t wall_ms);
int64_t MonthOf(int64_t wall_ms);

// What was used by one subject. Requests of one second stand together and leave the minute with the
// last of them, so that an account has no more than some sixty entries.
struct QuotaAccount {
  struct Entry {
    int64_t at_ms = 0, requests = 0, tokens = 0;
  };
  std::deque<Entry> minute;
  int64_t first_entry = 0;  // number of minute's first one
  int64_t day = 0, day_tokens = 0;
  int64_t month = 0, month_micros = 0;
  int64_t running = 0;

  int64_t minute_requests() const;
  int64_t minute_tokens() const;
  bool says_nothing() const;
  // Forgets what is not of this minute, day and month.
  void Roll(const QuotaNow& now);
  void Add(int64_t at_ms, int64_t tokens);
};
// "at requests tokens …" of the entries, for a column of text.
std::string MinuteText(const QuotaAccount& account);
Status ReadMinute(const std::string& text, QuotaAccount& account);

// Whose budgets a request is taken out of and counted in: the names of their accounts, those that
// fewer share first.
struct QuotaSubject {
  Scope scope = Scope::kKey;
  std::string id, account;
};
std::vector<QuotaSubject> SubjectsOf(const Spender& spender);

// Takes the worst case out of all accounts or of none. `accounts[i]` is of `subjects[i]`, rolled.
std::variant<Grant, LimitHit> TakeFrom(const std::vector<QuotaSubject>& subjects,
                                       const std::vector<QuotaAccount*>& accounts,
                                       const LimitTable& table, const LimitSet& each_key,
                                       const Ask& ask, const QuotaNow& now);
// Gives back to the account of `place` what `grant` had more than was used.
void SettleIn(QuotaAccount& account, const Grant& grant, const Grant::Place& place, int64_t tokens,
              int64_t micros);

}  // namespace parvis::governance

#endif  // PARVIS_GOVERNANCE_QUOTA_RULES_H_
