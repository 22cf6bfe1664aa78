#include <algorithm>
#include <string_view>

#include "fmt/format.h"
#include "parvis/core/utc.h"
#include "parvis/governance/invoice_text.h"

namespace parvis::governance {
namespace {

constexpr char kStyle[] = R"(
@page { size: A4; margin: 18mm }
body { font: 10.5pt/1.45 system-ui, "Liberation Sans", Arial, sans-serif; color: #1a1a1a;
  max-width: 178mm; margin: 12mm auto; padding: 0 4mm }
h1 { font-size: 20pt; margin: 0 0 4mm }
h2 { font-size: 11pt; margin: 8mm 0 1mm; color: #444 }
p { margin: 1mm 0 }
.mark { border: 2px solid #b00020; color: #b00020; padding: 3mm 4mm; margin: 0 0 6mm;
  font-weight: 600 }
.sides { display: grid; grid-template-columns: 1fr 1fr; gap: 8mm }
.lines { white-space: pre-line }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 5mm; margin: 0 0 4mm }
dt { color: #555 }
dd { margin: 0 }
table { border-collapse: collapse; width: 100%; font-size: 9pt; margin-top: 2mm }
th { text-align: left; border-bottom: 1.5px solid #333; padding: 1mm 2mm 1mm 0; vertical-align: bottom }
td { border-bottom: 1px solid #ddd; padding: 1mm 2mm 1mm 0; vertical-align: top }
.name { overflow-wrap: anywhere; min-width: 24mm }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums }
th.number { white-space: normal }
.totals { width: auto; margin: 5mm 0 2mm auto; font-size: 10.5pt }
.totals th { border: 0; font-weight: 400; padding-right: 8mm }
.totals .last > * { border-top: 1.5px solid #333; border-bottom: 0; font-weight: 700 }
.small { font-size: 8.5pt; color: #555 }
tr { break-inside: avoid }
@media print { body { margin: 0; max-width: none; padding: 0 } }
)";

std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

// Writes one page; all text that comes from outside goes through Escaped.
class Page {
 public:
  Page(const Invoice& invoice, Language language)
      : invoice_(invoice), language_(language), words_(WordsOf(language)) {}

  std::string Write() {
    const std::string title = invoice_.number.empty() ? Title() + " " + invoice_.month.text()
                                                      : Title() + " " + invoice_.number;
    out_ = fmt::format(
        "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width\">\n<title>{}</title>\n"
        "<style>{}</style>\n</head>\n<body>\n",
        words_.code, Escaped(title), kStyle);
    if (invoice_.kind == InvoiceKind::kPreview) {
      out_ +=
          fmt::format("<p class=\"mark\">{}{}{}</p>\n", words_.not_yet,
                      invoice_.month_over ? "" : " ", invoice_.month_over ? "" : words_.not_over);
    }
    out_ += fmt::format("<h1>{}</h1>\n", Title());
    Facts();
    out_ += "<div class=\"sides\">\n";
    Side("seller", words_.seller, invoice_.seller.party);
    Side("buyer", words_.buyer, invoice_.buyer);
    out_ += "</div>\n";
    if (invoice_.kind != InvoiceKind::kCreditNote) Lines();
    Totals();
    if (!invoice_.seller.terms.empty()) {
      out_ += fmt::format("<p class=\"lines small\">{}</p>\n", Escaped(invoice_.seller.terms));
    }
    if (!invoice_.shares.empty()) Annex();
    out_ += "</body>\n</html>\n";
    return std::move(out_);
  }

 private:
  std::string Title() const {
    switch (invoice_.kind) {
      case InvoiceKind::kInvoice:
        return words_.invoice;
      case InvoiceKind::kCreditNote:
        return words_.credit_note;
      case InvoiceKind::kPreview:
        break;
    }
    return words_.preview;
  }

  void Fact(const char* name, const std::string& value) {
    if (!value.empty()) out_ += fmt::format("<dt>{}</dt><dd>{}</dd>\n", name, Escaped(value));
  }

  void Facts() {
    out_ += "<dl>\n";
    Fact(words_.number, invoice_.number);
    Fact(words_.corrects, invoice_.corrects);
    Fact(words_.reason, invoice_.reason);
    Fact(words_.issued, LongDate(language_, invoice_.issued));
    Fact(words_.due, LongDate(language_, invoice_.due));
    Fact(words_.period,
         fmt::format("{} {} {}", LongDate(language_, UtcDate(invoice_.month.begin_ms())), words_.to,
                     LongDate(language_, UtcDate(invoice_.month.end_ms() - 1))));
    out_ += "</dl>\n";
  }

  void Side(const char* id, const char* title, const Party& party) {
    out_ += fmt::format("<section id=\"{}\">\n<h2>{}</h2>\n<p><strong>{}</strong></p>\n", id, title,
                        Escaped(party.name));
    const std::string gap = party.address.empty() || party.country.empty() ? "" : "\n";
    out_ +=
        fmt::format("<p class=\"lines\">{}</p>\n", Escaped(party.address + gap + party.country));
    const auto row = [&](const char* name, const std::string& value) {
      const char* const colon = language_ == Language::kFrench ? "\u00a0: " : ": ";
      if (!value.empty()) out_ += fmt::format("<p>{}{}{}</p>\n", name, colon, Escaped(value));
    };
    // Nine digits are a SIREN, fourteen a SIRET, of France.
    const auto digits = std::count_if(party.registration.begin(), party.registration.end(),
                                      [](char c) { return c >= '0' && c <= '9'; });
    row(party.country != "FR" ? words_.registration
        : digits > 9          ? "SIRET"
                              : "SIREN",
        party.registration);
    row(words_.vat_id, party.vat_id);
    out_ += "</section>\n";
  }

  void Head(const char* name, bool number) {
    out_ += fmt::format("<th scope=\"col\"{}>{}</th>", number ? " class=\"number\"" : "", name);
  }
  void UseHead() {
    Head(words_.requests, true);
    Head(words_.input, true);
    Head(words_.cached, true);
    Head(words_.output, true);
    Head(words_.amount, true);
    out_ += "</tr></thead>\n<tbody>\n";
  }
  std::string Number(const std::string& text) const {
    return "<td class=\"number\">" + text + "</td>";
  }
  void UseCells(const InvoiceUse& use) {
    for (const int64_t count :
         {use.requests, use.input_tokens, use.cached_tokens, use.output_tokens}) {
      out_ += Number(CountText(language_, count));
    }
    out_ += Number(Money(use.micros)) + "</tr>\n";
  }
  std::string Money(int64_t micros) const {
    return Escaped(AmountText(language_, micros, invoice_.currency));
  }

  void Lines() {
    if (invoice_.lines.empty()) {
      out_ += fmt::format("<p>{}</p>\n", words_.no_lines);
      return;
    }
    out_ += "<table id=\"lines\">\n<thead><tr>";
    Head(words_.model, false);
    Head(words_.price, true);
    UseHead();
    for (const InvoiceLine& line : invoice_.lines) {
      out_ += fmt::format("<tr><td class=\"name\">{}</td><td class=\"number\">{}<br>{}<br>{}</td>",
                          Escaped(line.model), Money(line.price.input_micros),
                          Money(line.price.cached_micros), Money(line.price.output_micros));
      UseCells(line.use);
    }
    out_ += "</tbody>\n</table>\n";
  }

  void Total(const std::string& name, int64_t micros, const char* kind = "") {
    out_ += fmt::format("<tr{}><th scope=\"row\">{}</th><td class=\"number\">{}</td></tr>\n", kind,
                        name, Money(micros));
  }

  void Totals() {
    const InvoiceTotals& totals = invoice_.totals;
    const bool credit = invoice_.kind == InvoiceKind::kCreditNote;
    out_ += "<table class=\"totals\" id=\"totals\">\n<tbody>\n";
    if (!credit) Total(words_.sum, totals.exact_micros);
    Total(words_.net, totals.net_micros);
    Total(fmt::format("{} {}", words_.vat, PercentText(language_, invoice_.vat.rate)),
          totals.vat_micros);
    Total(credit ? words_.credited : words_.gross, totals.gross_micros, " class=\"last\"");
    out_ += "</tbody>\n</table>\n";
    if (!invoice_.vat.exemption.empty()) {
      out_ += fmt::format("<p id=\"exemption\">{}</p>\n",
                          Escaped(ExemptionText(language_, invoice_.vat)));
    }
    if (!credit) out_ += fmt::format("<p class=\"small\">{}</p>\n", words_.rounding);
  }

  void Annex() {
    out_ += fmt::format("<h2>{}</h2>\n<table id=\"annex\">\n<thead><tr>", words_.annex);
    Head(words_.group, false);
    Head(words_.user, false);
    UseHead();
    for (const InvoiceShare& share : invoice_.shares) {
      const auto or_dash = [](const std::string& name) {
        return name.empty() ? std::string("–") : Escaped(name);
      };
      out_ += fmt::format("<tr><td class=\"name\">{}</td><td class=\"name\">{}</td>",
                          or_dash(share.group), or_dash(share.user));
      UseCells(share.use);
    }
    out_ += "</tbody>\n</table>\n";
  }

  const Invoice& invoice_;
  const Language language_;
  const InvoiceWords& words_;
  std::string out_;
};

}  // namespace

std::string InvoiceHtml(const Invoice& invoice, Language language) {
  return Page(invoice, language).Write();
}

}  // namespace parvis::governance
