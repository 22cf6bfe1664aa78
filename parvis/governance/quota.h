#ifndef PARVIS_GOVERNANCE_QUOTA_H_
#define PARVIS_GOVERNANCE_QUOTA_H_

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "parvis/governance/limit.h"
#include "parvis/governance/money.h"

namespace parvis::governance {

// Whose budgets a request is paid from: ids, and the model's own name. What is empty has no
// account.
struct Spender {
  std::string key, owner, group, organisation, plan, model;
};

// What a request may need.
struct Ask {
  int64_t input_tokens = 0;
  int64_t output_tokens = 0;  // at most, of all choices together
  int64_t choices = 1;
  bool divisible = false;  // it can do with less output
  Price price = {};
};

// The limit that stood in the way, or that made an answer shorter.
struct LimitHit {
  Metric metric = Metric::kRequestsPerMinute;
  Scope scope = Scope::kKey;
  int64_t limit = 0, left = 0;
  int64_t retry_after_ms = 0;  // when there is something again; 0: never for this request
};

// What was taken for a request out of all of its budgets.
struct Grant {
  int64_t output_tokens = 0;  // of all choices together; as asked, or less
  int64_t tokens = 0, micros = 0;
  std::optional<LimitHit> cut_by;  // why it is less
  // Of the minute, where one of these is limited; 0: not limited.
  int64_t limit_requests = 0, left_requests = 0, limit_tokens = 0, left_tokens = 0;
  int64_t limit_day_tokens = 0, left_day_tokens = 0;

 private:
  friend class QuotaBook;
  struct Place {
    std::string account;
    int64_t entry = 0;           // of its minute
    int64_t day = 0, month = 0;  // in which it counts
  };
  std::vector<Place> places;
};

// What was used before this process began: for QuotaBook::Add.
struct UsedBefore {
  Spender spender;
  int64_t created_ms = 0;  // by the clock on the wall
  int64_t tokens = 0, micros = 0;
  bool in_minute = false;  // a single request, which counts in its minute, too
};

struct QuotaClock {
  std::function<int64_t()> wall_ms;    // for days and months
  std::function<int64_t()> steady_ms;  // for minutes
};
QuotaClock SystemQuotaClock();

// The books of all budgets. A request takes its worst case out of each of its budgets at once or
// out of none, and gives back what it did not use; so no two requests spend the same unit.
//
// Everything is in memory under one lock; that nothing is forgotten by a kill is for whoever keeps
// the records: each Take is on the disk before anything is delivered, and what they say is given to
// Add at the next start. Safe to call from several threads.
class QuotaBook {
 public:
  explicit QuotaBook(QuotaClock clock = SystemQuotaClock()) : clock_(std::move(clock)) {}

  // `each_key`: beside the table, what each key may.
  std::variant<Grant, LimitHit> Take(const LimitTable& table, const LimitSet& each_key,
                                     const Spender& spender, const Ask& ask);
  // The request is over and used so much; counted in the day and the month in which it was taken.
  // Once for each grant; what came to nothing used 0.
  void Settle(const Grant& grant, int64_t tokens, int64_t micros);
  void Add(const UsedBefore& used);

 private:
  struct Entry {
    int64_t at_ms = 0, tokens = 0;
  };
  struct Account {
    std::deque<Entry> minute;
    int64_t first_entry = 0, minute_tokens = 0;
    int64_t day = 0, day_tokens = 0;
    int64_t month = 0, month_micros = 0;
    int64_t running = 0;
  };
  struct Budget {
    Scope scope;
    const LimitSet* limits;
    Account* account;
  };
  struct Now {
    int64_t wall_ms, steady_ms, day, month;
  };

  Now NowOf() const;
  Account& AccountOf(Scope scope, const std::string& subject, const Now& now);
  std::vector<Budget> BudgetsOf(const LimitTable& table, const LimitSet& each_key,
                                const Spender& spender, const Now& now);
  static void Roll(Account& account, const Now& now);
  static std::optional<LimitHit> Parallel(const Budget& budget);
  static std::optional<LimitHit> Requests(const Budget& budget, const Now& now);
  static std::optional<LimitHit> Tokens(const Budget& budget, int64_t tokens, const Now& now);
  static std::optional<LimitHit> Shorten(const Budget& budget, const Ask& ask, const Now& now,
                                         Grant& grant);
  static void View(const std::vector<Budget>& budgets, Grant& grant);
  void Forget(const Now& now);

  const QuotaClock clock_;
  std::mutex mutex_;                         // guards the two below
  std::map<std::string, Account> accounts_;  // by scope and subject
  int64_t forgot_ms_ = 0;
};

}  // namespace parvis::governance

#endif  // PARVIS_GOVERNANCE_QUOTA_H_
