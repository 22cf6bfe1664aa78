// /v1/organization/invoices: what an organisation has to pay for a month. Who sees its use reads
// them; the operator of the service issues and credits them.

#include <utility>

#include "parvis/core/clock.h"
#include "parvis/governance/invoice_text.h"
#include "parvis/server/billing.h"
#include "parvis/server/openai_json.h"
#include "parvis/server/openai_route.h"
#include "parvis/server/organisation.h"
#include "parvis/service/invoice_csv.h"

namespace parvis::server {
namespace {

using governance::Invoice;
using governance::MoneyText;
using governance::Organisation;
using service::InvoiceAsk;
using service::InvoiceBook;
using service::KeptInvoice;
using service::OrRefusal;
using service::Permission;
using service::Refusal;
using To = std::shared_ptr<Responder>;

constexpr size_t kMaxBody = size_t{64} << 10;
constexpr std::string_view kAnnexes[] = {"none", "group", "user"};
constexpr Field kIssueFields[] = {
    {"month", String(7, 7), Presence::kRequired},
    {"currency", String(3, 3)},
    {"annex", Among(kAnnexes)},
};
constexpr Shape kIssue = Object(kIssueFields);
constexpr Field kCreditFields[] = {
    {"reason", String(500, 1), Presence::kRequired},
    {"amount", String(20, 1)},
};
constexpr Shape kCredit = Object(kCreditFields);

OrderedJson InvoiceJson(const KeptInvoice& kept) {
  OrderedJson json = {{"object", "organization.invoice"}, {"id", kept.invoice.number}};
  json.update(governance::JsonOf(kept.invoice));
  json["credited"] = MoneyText(kept.credited_gross_micros);
  json["sha256"] = kept.sha256;
  return json;
}

Refusal InvoiceRefusal(const Status& status) {
  Refusal refusal = service::RefusalOf(status);
  if (status.code() == StatusCode::kUnavailable) refusal.kind = service::RefusalKind::kUnavailable;
  return refusal;
}

OrRefusal<InvoiceAsk> AskOf(const Organisation& of, const std::string& month,
                            const std::string& currency, const std::string& annex) {
  InvoiceAsk ask{.organisation = of.id, .currency = currency};
  const auto read = governance::ParseMonth(month);
  if (!read.ok()) return InvoiceRefusal(read.status());
  ask.month = *read;
  const auto named = service::InvoiceAnnexNamed(annex.empty() ? "group" : annex);
  if (!named.ok()) return InvoiceRefusal(named.status());
  ask.annex = *named;
  return ask;
}

// In the words of `format` and `language` of the query: json, html or csv.
void Tell(const HttpRequest& request, const To& to, const Invoice& invoice,
          const OrderedJson& json) {
  const std::string format = QueryValue(request.query, "format").value_or("json");
  const auto language =
      governance::LanguageNamed(QueryValue(request.query, "language").value_or("en"));
  if (!language.ok()) return Refuse(request, to, InvoiceRefusal(language.status()));
  if (format == "json") return to->Send({.body = Dump(json)});
  if (format == "html") {
    // The page needs nothing else, and may load nothing else.
    return to->Send({.content_type = "text/html; charset=utf-8",
                     .body = governance::InvoiceHtml(invoice, *language),
                     .headers = {{"content-security-policy",
                                  "default-src 'none'; style-src 'unsafe-inline'"}}});
  }
  if (format == "csv") {
    return to->Send({.content_type = "text/csv; charset=utf-8; header=present",
                     .body = service::InvoiceCsv(invoice)});
  }
  Refuse(request, to,
         service::Invalid("format", "'format' must be json, html or csv.", "invalid_value"));
}

void List(InvoiceBook& invoices, const HttpRequest& request, const Organisation& of, const To& to) {
  const auto all = invoices.List(of.id);
  if (!all.ok()) return Refuse(request, to, InvoiceRefusal(all.status()));
  std::vector<OrderedJson> items;
  for (const KeptInvoice& kept : *all) items.push_back(InvoiceJson(kept));
  auto page = PageOf(request, items, {"after", "limit"});
  if (!page.ok()) return Refuse(request, to, page.refusal());
  to->Send({.body = Dump(*page)});
}

void One(InvoiceBook& invoices, const HttpRequest& request, const Organisation& of, const To& to) {
  const auto kept = invoices.Find(of.id, request.captures[0]);
  if (!kept.ok()) return Refuse(request, to, InvoiceRefusal(kept.status()));
  Tell(request, to, kept->invoice, InvoiceJson(*kept));
}

void Preview(InvoiceBook& invoices, const HttpRequest& request, const Organisation& of,
             const To& to) {
  const auto value = [&](const char* name) { return QueryValue(request.query, name).value_or(""); };
  const auto ask = AskOf(of, value("month"), value("currency"), value("annex"));
  if (!ask.ok()) return Refuse(request, to, ask.refusal());
  const auto invoice = invoices.Preview(*ask, WallClockMs());
  if (!invoice.ok()) return Refuse(request, to, InvoiceRefusal(invoice.status()));
  OrderedJson json = {{"object", "organization.invoice_preview"}};
  json.update(governance::JsonOf(*invoice));
  Tell(request, to, *invoice, json);
}

std::string TextOr(const Json& body, const char* name) {
  const Json& value = Get(body, name);
  return value.is_null() ? std::string() : value.get<std::string>();
}

void Issue(InvoiceBook& invoices, const HttpRequest& request, const Organisation& of,
           const To& to) {
  const auto body = ReadBody(request.body, kIssue);
  if (!body.ok()) return Refuse(request, to, body.refusal());
  const auto ask =
      AskOf(of, TextOr(*body, "month"), TextOr(*body, "currency"), TextOr(*body, "annex"));
  if (!ask.ok()) return Refuse(request, to, ask.refusal());
  const auto kept = invoices.Issue(*ask, WallClockMs());
  if (!kept.ok()) return Refuse(request, to, InvoiceRefusal(kept.status()));
  to->Send({.body = Dump(InvoiceJson(*kept))});
}

void Credit(InvoiceBook& invoices, const HttpRequest& request, const Organisation& of,
            const To& to) {
  const auto body = ReadBody(request.body, kCredit);
  if (!body.ok()) return Refuse(request, to, body.refusal());
  std::optional<int64_t> amount;
  if (const std::string text = TextOr(*body, "amount"); !text.empty()) {
    const auto micros = governance::ParseMoney(text);
    if (!micros.ok()) {
      return Refuse(request, to, service::Invalid("amount", micros.status().message()));
    }
    amount = *micros;
  }
  const auto kept =
      invoices.Credit(of.id, request.captures[0], amount, TextOr(*body, "reason"), WallClockMs());
  if (!kept.ok()) return Refuse(request, to, InvoiceRefusal(kept.status()));
  to->Send({.body = Dump(InvoiceJson(*kept))});
}

}  // namespace

Route InvoiceRoute(const Api& api, InvoiceBook& invoices, std::string method, std::string pattern,
                   Permission permission, std::string summary, InvoiceHandler handler) {
  Route route = OrganisationRoute(api, std::move(method), std::move(pattern), permission,
                                  std::move(summary), nullptr);
  route.handler = [api, &invoices, handler](const HttpRequest& request, const To& to) {
    const auto organisation = OrganisationOf(api, request);
    if (!organisation.ok()) return Refuse(request, to, organisation.refusal());
    handler(invoices, request, *organisation, to);
  };
  return route;
}

void AddOrganisationInvoices(const Api& api, InvoiceBook& invoices, std::vector<Route>& routes) {
  const std::string all = "/v1/organization/invoices";
  const auto see = [&](const std::string& pattern, const char* summary, InvoiceHandler handler) {
    routes.push_back(
        InvoiceRoute(api, invoices, "GET", pattern, Permission::kSeeUsage, summary, handler));
  };
  see(all, "Invoices and credit notes", &List);
  see(all + "/{invoice}", "One of them, as JSON, a page or a table", &One);
  see("/v1/organization/invoice_preview", "What an invoice of a month would say", &Preview);
  const auto post = [&](const std::string& pattern, const Shape& body, const char* summary,
                        InvoiceHandler handler) {
    Route route = InvoiceRoute(api, invoices, "POST", pattern, Permission::kManageOrganisations,
                               summary, handler);
    route.body = &body;
    route.max_body_bytes = kMaxBody;
    routes.push_back(std::move(route));
  };
  post(all, kIssue, "Issue the invoice of a month that is over", &Issue);
  post(all + "/{invoice}/credit", kCredit, "Take an invoice back, wholly or in part", &Credit);
}

}  // namespace parvis::server
