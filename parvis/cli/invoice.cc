// parvis invoice …: what an organisation has to pay for a month, drawn from its records.

#include <fmt/format.h>

#include <memory>

#include "parvis/cli/command.h"
#include "parvis/cli/store_folder.h"
#include "parvis/core/clock.h"
#include "parvis/governance/invoice_text.h"
#include "parvis/service/invoice_book.h"
#include "parvis/service/invoice_csv.h"

namespace parvis::cli {
namespace {

using governance::Invoice;
using governance::MoneyText;
using service::InvoiceAsk;
using service::InvoiceBook;
using service::KeptInvoice;

// How a document is told.
struct FormatFlags {
  std::string format = "html", language = "en";

  void AddTo(FlagSet& flags) {
    flags.Add("--format", &format, "What is told on stdout",
              {.one_of = {"html", "csv"}, .show_default = true});
    flags.Add("--language", &language, "Of the page",
              {.one_of = {"en", "fr"}, .show_default = true});
  }
  Status Print(const Invoice& invoice, Console& console) const {
    PARVIS_ASSIGN_OR_RETURN(const auto in, governance::LanguageNamed(language));
    console.Print(format == "csv" ? service::InvoiceCsv(invoice)
                                  : governance::InvoiceHtml(invoice, in));
    return {};
  }
};

struct MonthOptions {
  StoreFlags store;
  FormatFlags format;
  std::string org, month, currency, annex = "group";
};

void AddMonthFlags(FlagSet& flags, MonthOptions& o) {
  flags.Add("--org,org", &o.org, "The organisation, by id or name", {.required = true});
  flags.Add("--month,month", &o.month, "Such as 2026-11, of UTC", {.required = true});
  flags.Add("--currency", &o.currency, "Which one, if the month has several");
  flags.Add("--annex", &o.annex, "By whom use is told apart in the annex",
            {.one_of = {"none", "group", "user"}, .show_default = true});
  o.store.AddTo(flags);
}

struct Opened {
  std::unique_ptr<governance::Directory> directory;
  std::unique_ptr<InvoiceBook> book;
};

Result<Opened> Open(const StoreFlags& store) {
  Opened opened;
  PARVIS_ASSIGN_OR_RETURN(opened.directory, store.Open());
  PARVIS_ASSIGN_OR_RETURN(const std::string path, store.DatabasePath());
  PARVIS_ASSIGN_OR_RETURN(opened.book, InvoiceBook::Open(path));
  return opened;
}

Result<InvoiceAsk> AskOf(const MonthOptions& o, governance::Directory& directory) {
  InvoiceAsk ask{.currency = o.currency};
  PARVIS_ASSIGN_OR_RETURN(const auto of, directory.FindOrganisation(o.org));
  ask.organisation = of.id;
  PARVIS_ASSIGN_OR_RETURN(ask.month, governance::ParseMonth(o.month));
  PARVIS_ASSIGN_OR_RETURN(ask.annex, service::InvoiceAnnexNamed(o.annex));
  return ask;
}

OrderedJson JsonOf(const KeptInvoice& kept) {
  OrderedJson json = governance::JsonOf(kept.invoice);
  json["credited"] = MoneyText(kept.credited_gross_micros);
  json["sha256"] = kept.sha256;
  return json;
}

// The number of what was issued, or all of it.
void Told(const char* command, const KeptInvoice& kept, Console& console) {
  if (!console.json) return console.Print(kept.invoice.number + "\n");
  OrderedJson document = Console::Document(command);
  document["invoice"] = JsonOf(kept);
  console.PrintJson(document);
}

std::function<Status()> DefinePreview(FlagSet& flags, Console& console) {
  auto o = std::make_shared<MonthOptions>();
  AddMonthFlags(flags, *o);
  o->format.AddTo(flags);
  return [o, &console]() -> Status {
    PARVIS_ASSIGN_OR_RETURN(const Opened opened, Open(o->store));
    PARVIS_ASSIGN_OR_RETURN(const InvoiceAsk ask, AskOf(*o, *opened.directory));
    PARVIS_ASSIGN_OR_RETURN(const Invoice invoice, opened.book->Preview(ask, WallClockMs()));
    if (!console.json) return o->format.Print(invoice, console);
    OrderedJson document = Console::Document("invoice-preview");
    document["invoice"] = governance::JsonOf(invoice);
    console.PrintJson(document);
    return {};
  };
}

std::function<Status()> DefineIssue(FlagSet& flags, Console& console) {
  auto o = std::make_shared<MonthOptions>();
  AddMonthFlags(flags, *o);
  return [o, &console]() -> Status {
    PARVIS_ASSIGN_OR_RETURN(const Opened opened, Open(o->store));
    PARVIS_ASSIGN_OR_RETURN(const InvoiceAsk ask, AskOf(*o, *opened.directory));
    PARVIS_ASSIGN_OR_RETURN(const KeptInvoice kept, opened.book->Issue(ask, WallClockMs()));
    Told("invoice-issue", kept, console);
    return {};
  };
}

struct CreditOptions {
  StoreFlags store;
  std::string number, amount, reason;
};

std::function<Status()> DefineCredit(FlagSet& flags, Console& console) {
  auto o = std::make_shared<CreditOptions>();
  flags.Add("--number,number", &o->number, "The invoice", {.required = true});
  flags.Add("--amount", &o->amount, "So much without VAT (default: all that is left of it)");
  flags.Add("--reason", &o->reason, "Why; it stands on the credit note", {.required = true});
  o->store.AddTo(flags);
  return [o, &console]() -> Status {
    std::optional<int64_t> amount;
    if (!o->amount.empty()) {
      const auto micros = governance::ParseMoney(o->amount);
      if (!micros.ok()) return micros.status().In("--amount");
      amount = *micros;
    }
    PARVIS_ASSIGN_OR_RETURN(const Opened opened, Open(o->store));
    PARVIS_ASSIGN_OR_RETURN(const KeptInvoice kept,
                            opened.book->Credit("", o->number, amount, o->reason, WallClockMs()));
    Told("invoice-credit", kept, console);
    return {};
  };
}

struct ListOptions {
  StoreFlags store;
  std::string org;
};

void PrintTable(const std::vector<KeptInvoice>& all, governance::Directory& directory,
                Console& console) {
  const char* const kRow = "{:<22} {:<12} {:<8} {:<11} {:<24} {:>16} {:>16}\n";
  if (!console.quiet) {
    console.Print(fmt::format(fmt::runtime(kRow), "NUMBER", "KIND", "MONTH", "ISSUED",
                              "ORGANISATION", "TO PAY", "CREDITED"));
  }
  for (const KeptInvoice& kept : all) {
    const Invoice& invoice = kept.invoice;
    const auto of = directory.FindOrganisation(invoice.organisation);
    console.Print(
        fmt::format(fmt::runtime(kRow), invoice.number, governance::InvoiceKindName(invoice.kind),
                    invoice.month.text(), invoice.issued, of.ok() ? of->name : invoice.organisation,
                    MoneyText(invoice.totals.gross_micros) + " " + invoice.currency,
                    kept.credited_gross_micros == 0 ? "-" : MoneyText(kept.credited_gross_micros)));
  }
}

std::function<Status()> DefineList(FlagSet& flags, Console& console) {
  auto o = std::make_shared<ListOptions>();
  flags.Add("--org", &o->org, "Of this organisation, by id or name (default: of all)");
  o->store.AddTo(flags);
  return [o, &console]() -> Status {
    PARVIS_ASSIGN_OR_RETURN(const Opened opened, Open(o->store));
    std::string organisation;
    if (!o->org.empty()) {
      PARVIS_ASSIGN_OR_RETURN(const auto of, opened.directory->FindOrganisation(o->org));
      organisation = of.id;
    }
    PARVIS_ASSIGN_OR_RETURN(const auto all, opened.book->List(organisation));
    if (console.json) {
      OrderedJson document = Console::Document("invoice-list");
      document["invoices"] = OrderedJson::array();
      for (const KeptInvoice& kept : all) document["invoices"].push_back(JsonOf(kept));
      console.PrintJson(document);
    } else {
      PrintTable(all, *opened.directory, console);
    }
    return {};
  };
}

struct ShowOptions {
  StoreFlags store;
  FormatFlags format;
  std::string number;
};

std::function<Status()> DefineShow(FlagSet& flags, Console& console) {
  auto o = std::make_shared<ShowOptions>();
  flags.Add("--number,number", &o->number, "The invoice or the credit note", {.required = true});
  o->format.AddTo(flags);
  o->store.AddTo(flags);
  return [o, &console]() -> Status {
    PARVIS_ASSIGN_OR_RETURN(const Opened opened, Open(o->store));
    PARVIS_ASSIGN_OR_RETURN(const KeptInvoice kept, opened.book->Find("", o->number));
    if (!console.json) return o->format.Print(kept.invoice, console);
    Told("invoice-show", kept, console);
    return {};
  };
}

}  // namespace

const Command kInvoicePreview = {"invoice preview", "Tell what an invoice of a month would say",
                                 "parvis invoice preview \"Lycée A\" 2026-11 > preview.html",
                                 &DefinePreview};
const Command kInvoiceIssue = {"invoice issue", "Issue the invoice of a month that is over",
                               "parvis invoice issue \"Lycée A\" 2026-10", &DefineIssue};
const Command kInvoiceCredit = {
    "invoice credit", "Take an invoice back, wholly or in part, by a credit note",
    "parvis invoice credit PV-2026-000001 --reason \"Wrong address\"", &DefineCredit};
const Command kInvoiceList = {"invoice list", "List what was issued",
                              "parvis invoice list --org \"Lycée A\"", &DefineList};
const Command kInvoiceShow = {
    "invoice show", "Tell an invoice or a credit note, as a page or a table",
    "parvis invoice show PV-2026-000001 --language fr > facture.html", &DefineShow};

}  // namespace parvis::cli
