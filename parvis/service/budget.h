#ifndef PARVIS_SERVICE_BUDGET_H_
#define PARVIS_SERVICE_BUDGET_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "parvis/service/caller.h"
#include "parvis/service/refusal.h"

namespace parvis::service {

// What a caller has left in this minute, for the headers of answers.
struct RateView {
  int64_t limit_requests = 0, remaining_requests = 0;  // limit 0: there is none
  int64_t limit_tokens = 0, remaining_tokens = 0;
  double reset_requests_seconds = 0, reset_tokens_seconds = 0;  // until all is there again
};

// What was taken out of a budget for one request, the worst case. Gives back what is not settled.
class Reservation {
 public:
  virtual ~Reservation() = default;
  // The request is over and used so many tokens, input and output; the rest is refunded, and
  // what is more than was taken is taken now. Once.
  virtual void Settle(int64_t tokens) = 0;
  virtual RateView view() const = 0;
};

// The station that says how much. Two requests never spend the same unit.
class Budget {
 public:
  virtual ~Budget() = default;
  // Takes `tokens` (input and most output) for one request. Safe to call from several threads.
  virtual OrRefusal<std::unique_ptr<Reservation>> Reserve(const Caller& caller, int64_t tokens) = 0;
};

struct RateLimits {
  int64_t requests_per_minute = 0;  // 0: no limit, here and below
  int64_t tokens_per_minute = 0;
  int64_t parallel_requests = 0;
};

// Limits for each key, kept in memory: forgotten when the process ends. Buckets that fill
// continuously; an unused minute is not saved up.
class MemoryBudget : public Budget {
 public:
  using Clock = std::chrono::steady_clock;
  explicit MemoryBudget(const RateLimits& limits,
                        std::function<Clock::time_point()> now = &Clock::now)
      : now_(std::move(now)), limits_(limits) {}
  OrRefusal<std::unique_ptr<Reservation>> Reserve(const Caller& caller, int64_t tokens) override;
  // Other limits from now on. Every key begins a new minute; what runs goes on.
  void SetLimits(const RateLimits& limits);

 private:
  class Taken;
  struct Account {
    double requests = 0, tokens = 0;  // that are left
    int64_t running = 0;
    Clock::time_point filled_at;
  };
  Account& Filled(const std::string& key);  // REQUIRES: mutex_ held
  RateView ViewOf(const Account& account) const;
  void GiveBack(const std::string& key, int64_t tokens);

  const std::function<Clock::time_point()> now_;
  std::mutex mutex_;  // guards the two below
  RateLimits limits_;
  std::map<std::string, Account> accounts_;
};

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_BUDGET_H_
