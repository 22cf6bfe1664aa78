#ifndef PARVIS_SERVICE_INVOICE_BOOK_H_
#define PARVIS_SERVICE_INVOICE_BOOK_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "parvis/core/result.h"
#include "parvis/governance/invoice.h"
#include "parvis/store/database.h"

namespace parvis::service {

// By whom an invoice's annex tells use apart.
enum class InvoiceAnnex { kNone, kGroups, kUsers };
Result<InvoiceAnnex> InvoiceAnnexNamed(const std::string& name);  // "none", "group", "user"

struct InvoiceAsk {
  std::string organisation;  // an id
  governance::Month month;
  std::string currency;  // empty: the one in which something was charged
  InvoiceAnnex annex = InvoiceAnnex::kGroups;
};

// An invoice or a credit note as it was issued.
struct KeptInvoice {
  governance::Invoice invoice;
  int64_t credited_gross_micros = 0;  // taken back since by credit notes
  std::string content, sha256;        // the text that is kept, and its digest
};

// Invoices out of the records of requests and answers. An invoice is issued in one transaction with
// its number, so numbers of a series follow on each other without gaps whatever is killed, and what
// was issued never changes.
//
// Safe to call from several threads and several processes; calls wait for the disk.
class InvoiceBook {
 public:
  static Result<std::unique_ptr<InvoiceBook>> Open(const std::string& path);  // records.h's file

  Status SetSeller(const governance::Seller& seller);
  Result<governance::Seller> FindSeller();  // with nothing in it, if it was never set
  Status SetBuyer(const std::string& organisation, const governance::Buyer& buyer);
  Result<governance::Buyer> FindBuyer(const std::string& organisation);  // the same

  // What an invoice would say; of a month that may go on.
  Result<governance::Invoice> Preview(const InvoiceAsk& ask, int64_t now_ms);
  // kInvalidArgument: the month is not over, is invoiced already, has nothing to invoice, or the
  // seller's or buyer's details are not whole. kUnavailable: requests of it still run.
  Result<KeptInvoice> Issue(const InvoiceAsk& ask, int64_t now_ms);
  // Takes back `net_micros` of an invoice, or all that is left of it. Never more than that.
  Result<KeptInvoice> Credit(const std::string& organisation, const std::string& number,
                             std::optional<int64_t> net_micros, const std::string& reason,
                             int64_t now_ms);

  // In the order of their issue. Empty: of all organisations.
  Result<std::vector<KeptInvoice>> List(const std::string& organisation);
  // kDataLoss: what is kept is not what was issued.
  Result<KeptInvoice> Find(const std::string& organisation, const std::string& number);

 private:
  explicit InvoiceBook(std::unique_ptr<store::Database> database)
      : database_(std::move(database)) {}
  Result<governance::Invoice> Draw(const InvoiceAsk& ask, int64_t now_ms);
  Result<governance::Invoice> DrawWhole(const InvoiceAsk& ask, int64_t now_ms);
  Result<KeptInvoice> FindLocked(const std::string& organisation, const std::string& number);
  Result<KeptInvoice> Keep(governance::Invoice invoice, const std::string& prefix, int64_t now_ms);
  Status CheckNotInvoiced(const governance::Invoice& invoice);

  std::mutex mutex_;  // guards the database
  const std::unique_ptr<store::Database> database_;
};

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_INVOICE_BOOK_H_
