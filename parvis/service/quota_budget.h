#ifndef PARVIS_SERVICE_QUOTA_BUDGET_H_
#define PARVIS_SERVICE_QUOTA_BUDGET_H_

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "parvis/core/result.h"
#include "parvis/governance/key_ring.h"
#include "parvis/governance/quota.h"
#include "parvis/service/budget.h"

namespace parvis::service {

// Budgets by governance's books: of key, user, group, organisation, model and plan, with the limits
// that its tables say now, and those of the server's flags for each key.
class QuotaBudget : public Budget {
 public:
  using Source = std::function<std::shared_ptr<const governance::IdentitySnapshot>()>;
  // `source`: what the tables say; may be null, then there are the flags' limits alone.
  // `book`: outlives this.
  QuotaBudget(const RateLimits& each_key, governance::QuotaBook& book, Source source = nullptr)
      : source_(std::move(source)), book_(book) {
    SetLimits(each_key);
  }

  OrRefusal<std::unique_ptr<Reservation>> Reserve(const Caller& caller,
                                                  const BudgetAsk& ask) override;
  // Other limits of each key from now on; what was used still counts.
  void SetLimits(const RateLimits& each_key);

 private:
  class Taken;
  const Source source_;
  governance::QuotaBook& book_;
  std::mutex mutex_;  // guards the next one
  governance::LimitSet each_key_;
};

// Whose accounts a request of this caller is taken out of. All sessions of a user spend as one key.
governance::Spender SpenderOf(const Caller& caller, const std::string& model);

// Tells the book what the records say was used this month, before the first request. `now_ms`: by
// the clock on the wall.
Status LoadUsed(const std::string& database, int64_t now_ms, governance::MemoryQuotaBook& book);

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_QUOTA_BUDGET_H_
