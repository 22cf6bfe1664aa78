#ifndef PARVIS_GOVERNANCE_MONTH_H_
#define PARVIS_GOVERNANCE_MONTH_H_

#include <cstdint>
#include <string>

#include "parvis/core/result.h"

// Months of UTC, as budgets and invoices count them.
namespace parvis::governance {

struct Month {
  int year = 1970, month = 1;

  int64_t begin_ms() const;
  int64_t end_ms() const;    // the first moment that is not part of it
  std::string text() const;  // "2026-11"
  bool operator==(const Month&) const = default;
};

// "2026-11", from 1970 to 9999.
Result<Month> ParseMonth(const std::string& text);

}  // namespace parvis::governance

#endif  // PARVIS_GOVERNANCE_MONTH_H_
