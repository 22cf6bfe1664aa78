#include "parvis/service/invoice_book.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "parvis/core/json.h"
#include "parvis/core/sha256.h"
#include "parvis/core/utc.h"
#include "parvis/governance/schema.h"
#include "parvis/service/invoice_parties.h"
#include "parvis/service/invoice_use.h"
#include "parvis/service/records.h"

namespace parvis::service {
namespace {

using governance::Buyer;
using governance::Invoice;
using governance::InvoiceKind;
using governance::MoneyText;
using governance::Seller;

constexpr int64_t kDayMs = 86'400'000;
constexpr size_t kMaxReason = 500;
// In which the record of a request that came at the month's end is written, or it is refused.
constexpr int64_t kSettleMs = 600'000;

#define PARVIS_INVOICE_COLUMNS                                            \
  "SELECT i.content, i.sha256, (SELECT coalesce(sum(c.gross_micros), 0) " \
  "FROM invoices c WHERE c.corrects = i.number) FROM invoices i "

InvoicePeriod PeriodOf(const InvoiceAsk& ask) {
  return {ask.organisation, ask.month.begin_ms(), ask.month.end_ms()};
}

Result<KeptInvoice> KeptOf(const store::Statement& row) {
  KeptInvoice kept;
  kept.credited_gross_micros = row.Int(2);
  kept.content = row.Text(0);
  kept.sha256 = row.Text(1);
  if (Sha256Hex(kept.content) != kept.sha256) {
    return DataLoss("an invoice is not what was issued: its SHA-256 is another");
  }
  PARVIS_ASSIGN_OR_RETURN(const Json json, ParseJson(kept.content));
  PARVIS_ASSIGN_OR_RETURN(kept.invoice, governance::InvoiceOf(json));
  return kept;
}

// The currency in which the month is to be paid; of several, one must be named.
Result<std::string> CurrencyOf(store::Database& database, const InvoiceAsk& ask) {
  PARVIS_ASSIGN_OR_RETURN(const auto currencies, CurrenciesOf(database, PeriodOf(ask)));
  if (!ask.currency.empty() || currencies.size() < 2) {
    const bool any = !ask.currency.empty() && std::find(currencies.begin(), currencies.end(),
                                                        ask.currency) != currencies.end();
    if (any) return ask.currency;
    return ask.currency.empty() && currencies.size() == 1 ? currencies[0] : std::string();
  }
  std::string names;
  for (const std::string& one : currencies) names += (names.empty() ? "" : ", ") + one;
  return InvalidArgument("currency: the month has several, one invoice each: " + names);
}

Status CheckReason(const std::string& reason) {
  const auto control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  if (reason.empty() || reason.size() > kMaxReason ||
      std::any_of(reason.begin(), reason.end(), control)) {
    return InvalidArgument(
        fmt::format("reason: 1 to {} bytes that say why, no control characters", kMaxReason));
  }
  return {};
}

}  // namespace

Result<InvoiceAnnex> InvoiceAnnexNamed(const std::string& name) {
  if (name == "none") return InvoiceAnnex::kNone;
  if (name == "group") return InvoiceAnnex::kGroups;
  if (name == "user") return InvoiceAnnex::kUsers;
  return InvalidArgument("annex: none, group or user");
}

Result<std::unique_ptr<InvoiceBook>> InvoiceBook::Open(const std::string& path) {
  PARVIS_ASSIGN_OR_RETURN(auto database, store::Database::Open(path));
  PARVIS_RETURN_IF_ERROR(MigrateServiceTables(*database).In(path));
  return std::unique_ptr<InvoiceBook>(new InvoiceBook(std::move(database)));
}

Status InvoiceBook::SetSeller(const Seller& seller) {
  PARVIS_RETURN_IF_ERROR(governance::CheckSeller(seller));
  const std::lock_guard lock(mutex_);
  return WriteSeller(*database_, seller);
}

Result<Seller> InvoiceBook::FindSeller() {
  const std::lock_guard lock(mutex_);
  return ReadSeller(*database_);
}

Status InvoiceBook::SetBuyer(const std::string& organisation, const Buyer& buyer) {
  PARVIS_RETURN_IF_ERROR(governance::CheckBuyer(buyer));
  if (organisation == governance::kHostOrganisation) {
    return InvalidArgument("the host's own organisation sells, and buys nothing");
  }
  const std::lock_guard lock(mutex_);
  return WriteBuyer(*database_, organisation, buyer);
}

Result<Buyer> InvoiceBook::FindBuyer(const std::string& organisation) {
  const std::lock_guard lock(mutex_);
  return ReadBuyer(*database_, organisation);
}

Result<Invoice> InvoiceBook::Draw(const InvoiceAsk& ask, int64_t now_ms) {
  Invoice invoice;
  invoice.organisation = ask.organisation;
  invoice.month = ask.month;
  invoice.month_over = ask.month.end_ms() <= now_ms;
  invoice.issued = UtcDate(now_ms);
  PARVIS_ASSIGN_OR_RETURN(invoice.seller, ReadSeller(*database_));
  PARVIS_ASSIGN_OR_RETURN(Buyer buyer, ReadBuyer(*database_, ask.organisation));
  invoice.buyer = std::move(buyer.party);
  invoice.vat = buyer.vat.value_or(invoice.seller.vat);
  invoice.due = UtcDate(now_ms + invoice.seller.payment_days * kDayMs);
  PARVIS_ASSIGN_OR_RETURN(invoice.currency, CurrencyOf(*database_, ask));
  const InvoicePeriod period = PeriodOf(ask);
  PARVIS_ASSIGN_OR_RETURN(invoice.lines, InvoiceLines(*database_, period, invoice.currency));
  if (ask.annex != InvoiceAnnex::kNone) {
    PARVIS_ASSIGN_OR_RETURN(invoice.shares, InvoiceShares(*database_, period, invoice.currency,
                                                          ask.annex == InvoiceAnnex::kUsers));
  }
  int64_t exact = 0;
  for (const governance::InvoiceLine& line : invoice.lines) {
    if (line.use.micros > governance::kMaxMicros - exact) {
      return Status(StatusCode::kResourceExhausted,
                    "the amount is beyond what an invoice can have");
    }
    exact += line.use.micros;
  }
  invoice.totals = governance::TotalsOf(exact, invoice.vat, invoice.currency);
  return invoice;
}

Result<Invoice> InvoiceBook::Preview(const InvoiceAsk& ask, int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  PARVIS_ASSIGN_OR_RETURN(const auto moment,
                          store::Transaction::Begin(*database_, store::Access::kRead));
  return Draw(ask, now_ms);
}

// Of a month whose records do not change any more, so that what is read here is still so when the
// invoice gets its number, and others need not wait for the sums.
Result<Invoice> InvoiceBook::DrawWhole(const InvoiceAsk& ask, int64_t now_ms) {
  PARVIS_ASSIGN_OR_RETURN(const auto moment,
                          store::Transaction::Begin(*database_, store::Access::kRead));
  PARVIS_ASSIGN_OR_RETURN(const int64_t open, OpenRequests(*database_, PeriodOf(ask)));
  if (open > 0) {
    return Status(StatusCode::kUnavailable,
                  fmt::format("{} requests of {} still run", open, ask.month.text()));
  }
  return Draw(ask, now_ms);
}

Status InvoiceBook::CheckNotInvoiced(const Invoice& invoice) {
  PARVIS_ASSIGN_OR_RETURN(
      auto select,
      database_->Prepare("SELECT i.number FROM invoices i WHERE i.organisation = ?1 AND "
                         "i.month = ?2 AND i.currency = ?3 AND i.kind = 'invoice' AND "
                         "i.gross_micros > (SELECT coalesce(sum(c.gross_micros), 0) "
                         "FROM invoices c WHERE c.corrects = i.number)"));
  PARVIS_ASSIGN_OR_RETURN(const bool row, select.Bind(1, invoice.organisation)
                                              .Bind(2, invoice.month.text())
                                              .Bind(3, invoice.currency)
                                              .Step());
  if (!row) return {};
  return InvalidArgument(fmt::format("month: {} is invoiced by {}; credit it in full first",
                                     invoice.month.text(), select.Text(0)));
}

Result<KeptInvoice> InvoiceBook::Issue(const InvoiceAsk& ask, int64_t now_ms) {
  if (ask.organisation == governance::kHostOrganisation) {
    return InvalidArgument("the host's own organisation is not invoiced");
  }
  if (ask.month.end_ms() > now_ms) {
    return InvalidArgument(fmt::format("month: {} is not over; until then there is a preview of it",
                                       ask.month.text()));
  }
  if (ask.month.end_ms() + kSettleMs > now_ms) {
    return Status(StatusCode::kUnavailable,
                  ask.month.text() + " ended just now; its last requests may not be on record yet");
  }
  const std::lock_guard lock(mutex_);
  PARVIS_ASSIGN_OR_RETURN(Invoice invoice, DrawWhole(ask, now_ms));
  invoice.kind = InvoiceKind::kInvoice;
  PARVIS_RETURN_IF_ERROR(
      governance::CheckComplete(invoice.seller, Buyer{invoice.buyer, {}}, invoice.vat));
  if (invoice.totals.gross_micros == 0) {
    return InvalidArgument(fmt::format("month: {} has nothing to invoice", ask.month.text()));
  }
  PARVIS_ASSIGN_OR_RETURN(auto transaction, store::Transaction::Begin(*database_));
  PARVIS_RETURN_IF_ERROR(CheckNotInvoiced(invoice));
  const std::string series = invoice.seller.series;
  PARVIS_ASSIGN_OR_RETURN(KeptInvoice kept, Keep(std::move(invoice), series, now_ms));
  PARVIS_RETURN_IF_ERROR(transaction.Commit());
  return kept;
}

Result<KeptInvoice> InvoiceBook::Credit(const std::string& organisation, const std::string& number,
                                        std::optional<int64_t> net_micros,
                                        const std::string& reason, int64_t now_ms) {
  PARVIS_RETURN_IF_ERROR(CheckReason(reason));
  const std::lock_guard lock(mutex_);
  PARVIS_ASSIGN_OR_RETURN(auto transaction, store::Transaction::Begin(*database_));
  PARVIS_ASSIGN_OR_RETURN(KeptInvoice corrected, FindLocked(organisation, number));
  Invoice credit = std::move(corrected.invoice);
  if (credit.kind != InvoiceKind::kInvoice) {
    return InvalidArgument(number + " is a credit note, and is not credited");
  }
  PARVIS_ASSIGN_OR_RETURN(auto sums,
                          database_->Prepare("SELECT coalesce(sum(net_micros), 0), "
                                             "coalesce(sum(vat_micros), 0) FROM invoices "
                                             "WHERE corrects = ?1"));
  PARVIS_RETURN_IF_ERROR(sums.Bind(1, number).Step().status());
  const int64_t net_left = credit.totals.net_micros - sums.Int(0);
  const int64_t vat_left = credit.totals.vat_micros - sums.Int(1);
  const int64_t net = net_micros.value_or(net_left);
  if (net <= 0 || net > net_left || net % governance::SmallestUnit(credit.currency) != 0) {
    return InvalidArgument(fmt::format("amount: of {}, {} {} without VAT can be credited", number,
                                       MoneyText(net_left), credit.currency));
  }
  // The last one takes what is left of the tax, so that all together take all of it.
  credit.totals = governance::TotalsOf(net, credit.vat, credit.currency);
  int64_t& vat = credit.totals.vat_micros;
  vat = net == net_left ? vat_left : std::min(vat, vat_left);
  credit.totals.gross_micros = net + vat;
  credit.kind = InvoiceKind::kCreditNote;
  credit.issued = UtcDate(now_ms);
  credit.due.clear();
  credit.lines.clear();
  credit.shares.clear();
  credit.corrects = number;
  credit.reason = reason;
  PARVIS_ASSIGN_OR_RETURN(const Seller seller, ReadSeller(*database_));
  PARVIS_ASSIGN_OR_RETURN(KeptInvoice kept, Keep(std::move(credit), seller.series, now_ms));
  PARVIS_RETURN_IF_ERROR(transaction.Commit());
  return kept;
}

// Numbers stand in the order of their dates: a clock that was set back issues nothing.
Result<KeptInvoice> InvoiceBook::Keep(Invoice invoice, const std::string& prefix, int64_t now_ms) {
  const std::string series = prefix + "-" + invoice.issued.substr(0, 4);
  PARVIS_ASSIGN_OR_RETURN(auto last, database_->Prepare("SELECT coalesce(max(place), 0), "
                                                        "coalesce(max(issued_ms), 0) "
                                                        "FROM invoices WHERE series = ?1"));
  PARVIS_RETURN_IF_ERROR(last.Bind(1, series).Step().status());
  if (last.Int(1) > now_ms) {
    return Status(StatusCode::kUnavailable,
                  "the clock is before the date of the last invoice; set it right first");
  }
  const int64_t place = last.Int(0) + 1;
  invoice.number = fmt::format("{}-{:06}", series, place);
  KeptInvoice kept;
  // Bytes that are no UTF-8 become U+FFFD: names may have come from a command line.
  kept.content =
      governance::JsonOf(invoice).dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
  kept.sha256 = Sha256Hex(kept.content);
  PARVIS_ASSIGN_OR_RETURN(
      auto insert,
      database_->Prepare("INSERT INTO invoices(series, place, number, kind, organisation, month, "
                         "currency, corrects, issued_ms, net_micros, vat_micros, gross_micros, "
                         "content, sha256) "
                         "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"));
  insert.Bind(1, series)
      .Bind(2, place)
      .Bind(3, invoice.number)
      .Bind(4, governance::InvoiceKindName(invoice.kind))
      .Bind(5, invoice.organisation)
      .Bind(6, invoice.month.text())
      .Bind(7, invoice.currency)
      .Bind(9, now_ms)
      .Bind(10, invoice.totals.net_micros)
      .Bind(11, invoice.totals.vat_micros)
      .Bind(12, invoice.totals.gross_micros)
      .Bind(13, kept.content)
      .Bind(14, kept.sha256);
  if (!invoice.corrects.empty()) insert.Bind(8, invoice.corrects);
  PARVIS_RETURN_IF_ERROR(insert.Run());
  kept.invoice = std::move(invoice);
  return kept;
}

Result<std::vector<KeptInvoice>> InvoiceBook::List(const std::string& organisation) {
  const std::lock_guard lock(mutex_);
  PARVIS_ASSIGN_OR_RETURN(
      auto select,
      database_->Prepare(PARVIS_INVOICE_COLUMNS "WHERE ?1 = '' OR i.organisation = ?1 "
                                                "ORDER BY i.issued_ms, i.series, i.place"));
  select.Bind(1, organisation);
  std::vector<KeptInvoice> all;
  while (true) {
    PARVIS_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return all;
    PARVIS_ASSIGN_OR_RETURN(KeptInvoice kept, KeptOf(select));
    all.push_back(std::move(kept));
  }
}

Result<KeptInvoice> InvoiceBook::FindLocked(const std::string& organisation,
                                            const std::string& number) {
  PARVIS_ASSIGN_OR_RETURN(
      auto select, database_->Prepare(PARVIS_INVOICE_COLUMNS "WHERE i.number = ?1 AND "
                                                             "(?2 = '' OR i.organisation = ?2)"));
  PARVIS_ASSIGN_OR_RETURN(const bool row, select.Bind(1, number).Bind(2, organisation).Step());
  if (!row) return NotFound(fmt::format("there is no invoice '{}'", number.substr(0, 80)));
  auto kept = KeptOf(select);
  if (!kept.ok()) return kept.status().In(number);
  return kept;
}

Result<KeptInvoice> InvoiceBook::Find(const std::string& organisation, const std::string& number) {
  const std::lock_guard lock(mutex_);
  return FindLocked(organisation, number);
}

}  // namespace parvis::service
