#ifndef PARVIS_GRAMMAR_BUDGET_H_
#define PARVIS_GRAMMAR_BUDGET_H_

#include <cstddef>
#include <cstdint>

#include "parvis/core/result.h"

namespace parvis::grammar {

// What making one grammar may cost. Counted, not timed: the same schema is always taken or always
// refused. The figures are a fraction of a second, and some tens of MiB.
class Budget {
 public:
  // One step of work: a node of a regular expression in a state, an alternative that is tried.
  bool Work(uint64_t steps) { return Take(steps, work_); }
  // Memory that stays.
  bool Bytes(size_t bytes) { return Take(bytes, bytes_); }

  static Status Exceeded() {
    return ResourceExhausted("too complex: it would take too much time or memory");
  }

 private:
  static bool Take(uint64_t amount, uint64_t& left) {
    if (amount > left) return false;
    left -= amount;
    return true;
  }

  uint64_t work_ = 50'000'000;
  uint64_t bytes_ = uint64_t{32} << 20;
};

}  // namespace parvis::grammar

#endif  // PARVIS_GRAMMAR_BUDGET_H_
