#ifndef PARVIS_GOVERNANCE_INVOICE_H_
#define PARVIS_GOVERNANCE_INVOICE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "parvis/core/json.h"
#include "parvis/core/result.h"
#include "parvis/governance/money.h"
#include "parvis/governance/month.h"
#include "parvis/governance/party.h"

// What an invoice says and how it adds up. Where they are kept and numbered is
// service/invoice_book.h.
namespace parvis::governance {

// Use that is paid for, as the records have it.
struct InvoiceUse {
  int64_t requests = 0;
  int64_t input_tokens = 0, cached_tokens = 0, output_tokens = 0;
  int64_t micros = 0;
};

// Of one model at one price.
struct InvoiceLine {
  std::string model;
  Price price;
  InvoiceUse use;
};

// Of one group, or of one user: the annex.
struct InvoiceShare {
  std::string group, user;  // names; what is not told apart is empty
  InvoiceUse use;
};

enum class InvoiceKind { kPreview, kInvoice, kCreditNote };
std::string_view InvoiceKindName(InvoiceKind kind);  // "credit_note"
Result<InvoiceKind> InvoiceKindNamed(std::string_view name);

// Lines are exact. Their sum is rounded once, half up to the currency's smallest unit: that is
// `net`. Tax is the rate's share of `net`, rounded once in the same way; `gross` is the two
// together. A credit note has the amounts that it takes back, not negative.
struct InvoiceTotals {
  int64_t exact_micros = 0;
  int64_t net_micros = 0, vat_micros = 0, gross_micros = 0;
};
InvoiceTotals TotalsOf(int64_t exact_micros, const Vat& vat, const std::string& currency);

// Millionths in the currency's smallest unit (ISO 4217): 10 000 for EUR.
int64_t SmallestUnit(const std::string& currency);

struct Invoice {
  InvoiceKind kind = InvoiceKind::kPreview;
  std::string number;        // "PV-2026-000001"; a preview has none
  std::string organisation;  // the buyer's id
  Month month;
  bool month_over = true;   // a preview may come before
  std::string issued, due;  // days, "2026-11-26"; a credit note is not due
  std::string currency;
  Seller seller;
  Party buyer;
  Vat vat;
  std::vector<InvoiceLine> lines;    // of a credit note: none
  std::vector<InvoiceShare> shares;  // may be none
  InvoiceTotals totals;
  std::string corrects, reason;  // of a credit note: the invoice's number, and why
};

// As it is kept, and back. Amounts are decimal texts.
OrderedJson JsonOf(const Invoice& invoice);
Result<Invoice> InvoiceOf(const Json& json);

}  // namespace parvis::governance

#endif  // PARVIS_GOVERNANCE_INVOICE_H_
