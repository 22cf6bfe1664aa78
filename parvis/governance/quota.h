#ifndef PARVIS_GOVERNANCE_QUOTA_H_
#define PARVIS_GOVERNANCE_QUOTA_H_

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "parvis/core/result.h"
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
  std::string request = {};  // its id
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
  std::string request;        // its id
  int64_t output_tokens = 0;  // of all choices together; as asked, or less
  int64_t tokens = 0, micros = 0;
  std::optional<LimitHit> cut_by;  // why it is less
  // Of the minute, where one of these is limited; 0: not limited.
  int64_t limit_requests = 0, left_requests = 0, limit_tokens = 0, left_tokens = 0;
  int64_t limit_day_tokens = 0, left_day_tokens = 0;

  // Where it was taken, for Settle.
  struct Place {
    std::string account;
    int64_t entry = 0;           // of its minute
    int64_t day = 0, month = 0;  // in which it counts
  };
  std::vector<Place> places;
};

// What was used before this process began: for MemoryQuotaBook::Add.
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
// out of none, and gives back what it did not use; so no two requests spend the same unit. Safe to
// call from several threads.
class QuotaBook {
 public:
  virtual ~QuotaBook() = default;

  // `each_key`: beside the table, what each key may.
  virtual Result<std::variant<Grant, LimitHit>> Take(const LimitTable& table,
                                                     const LimitSet& each_key,
                                                     const Spender& spender, const Ask& ask) = 0;
  // The request is over and used so much; counted in the day and the month in which it was taken.
  // Once for each grant; what came to nothing used 0.
  virtual void Settle(const Grant& grant, int64_t tokens, int64_t micros) = 0;
};

struct QuotaAccount;  // quota_rules.h
struct QuotaNow;

// Everything is in memory under one lock; that nothing is forgotten by a kill is for whoever keeps
// the records: each Take is on the disk before anything is delivered, and what they say is given to
// Add at the next start.
class MemoryQuotaBook : public QuotaBook {
 public:
  explicit MemoryQuotaBook(QuotaClock clock = SystemQuotaClock());
  ~MemoryQuotaBook() override;

  Result<std::variant<Grant, LimitHit>> Take(const LimitTable& table, const LimitSet& each_key,
                                             const Spender& spender, const Ask& ask) override;
  void Settle(const Grant& grant, int64_t tokens, int64_t micros) override;
  void Add(const UsedBefore& used);

 private:
  void Forget(const QuotaNow& now);

  const QuotaClock clock_;
  std::mutex mutex_;                              // guards the two below
  std::map<std::string, QuotaAccount> accounts_;  // by scope and subject
  int64_t forgot_ms_ = 0;
};

}  // namespace parvis::governance

#endif  // PARVIS_GOVERNANCE_QUOTA_H_
