#ifndef PARVIS_SERVICE_INVOICE_USE_H_
#define PARVIS_SERVICE_INVOICE_USE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "parvis/core/result.h"
#include "parvis/governance/invoice.h"
#include "parvis/store/database.h"

// What the records say that an organisation has to pay for. Everything here reads within the
// caller's transaction.
namespace parvis::service {

struct InvoicePeriod {
  std::string organisation;
  int64_t from_ms = 0, to_ms = 0;  // of when requests came; the second is not part of it
};

// In which currencies something was charged.
Result<std::vector<std::string>> CurrenciesOf(store::Database& database,
                                              const InvoicePeriod& period);
// Requests that have no answer yet: what they come to is not known.
Result<int64_t> OpenRequests(store::Database& database, const InvoicePeriod& period);

// What was charged, by model and the prices that the records have. What cost nothing is left out.
Result<std::vector<governance::InvoiceLine>> InvoiceLines(store::Database& database,
                                                          const InvoicePeriod& period,
                                                          const std::string& currency);
// The same by group, and by user if `users`; names stand for ids. Its sum is that of the lines.
Result<std::vector<governance::InvoiceShare>> InvoiceShares(store::Database& database,
                                                            const InvoicePeriod& period,
                                                            const std::string& currency,
                                                            bool users);

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_INVOICE_USE_H_
