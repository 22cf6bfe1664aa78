#ifndef PARVIS_SERVICE_BUDGET_H_
#define PARVIS_SERVICE_BUDGET_H_

#include <cstdint>
#include <memory>
#include <string>

#include "parvis/governance/money.h"
#include "parvis/service/caller.h"
#include "parvis/service/refusal.h"

namespace parvis::service {

// What a caller has left, for the headers of answers: of the tightest limits.
struct RateView {
  int64_t limit_requests = 0, remaining_requests = 0;  // of a minute; limit 0: there is none
  int64_t limit_tokens = 0, remaining_tokens = 0;
  double reset_requests_seconds = 0, reset_tokens_seconds = 0;  // until all is there again
  int64_t limit_day_tokens = 0, remaining_day_tokens = 0;
};

// What a request may need.
struct BudgetAsk {
  std::string request = {};  // its id
  std::string model = {};    // its own name
  int64_t input_tokens = 0;
  int64_t output_tokens = 0;  // at most, of all choices together
  int64_t choices = 1;
  bool output_asked = false;  // task.h: of Plan, as are the next two
  int64_t longest_input = 0;
  std::string param = {};
  bool divisible = false;  // it can do with less output
};

// What was taken out of the budgets for one request: the worst case.
struct Reserved {
  int64_t tokens = 0, micros = 0;
  governance::Price price = {};
  std::string currency = {};  // empty: nothing costs anything
};

// What a request came to.
struct Charge {
  int64_t counted_tokens = 0, counted_micros = 0;  // by budgets
  int64_t charged_micros = 0;                      // to be paid
};

// The worst case of one request, held until its end; what was not settled by then comes back.
class Reservation {
 public:
  virtual ~Reservation() = default;
  virtual int64_t output_tokens() const = 0;      // of all choices: as asked, or less
  virtual const std::string& notice() const = 0;  // why less, for people; empty: as asked
  virtual const Reserved& reserved() const = 0;
  virtual RateView view() const = 0;
  // The request used so many tokens (`cached` is part of `input`). The rest is refunded, and what
  // is more is taken, when the reservation ends: after that is on record. Once.
  virtual Charge Settle(int64_t input, int64_t cached, int64_t output) = 0;
};

// The station that says how much. Two requests never spend the same unit.
class Budget {
 public:
  virtual ~Budget() = default;
  // Takes the worst case out of all budgets of a request, or out of none. Safe to call from several
  // threads.
  virtual OrRefusal<std::unique_ptr<Reservation>> Reserve(const Caller& caller,
                                                          const BudgetAsk& ask) = 0;
};

// What each key may, by the server's flags; others stand in the tables of governance.
struct RateLimits {
  int64_t requests_per_minute = 0;  // 0: no limit, here and below
  int64_t tokens_per_minute = 0;
  int64_t parallel_requests = 0;
};

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_BUDGET_H_
