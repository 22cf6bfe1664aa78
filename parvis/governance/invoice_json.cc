// Invoices as JSON: what is kept of them for ever, so fields are added here and never renamed.

#include <utility>

#include "parvis/core/utc.h"
#include "parvis/governance/invoice.h"

namespace parvis::governance {
namespace {

constexpr char kSchema[] = "parvis.invoice/1";

OrderedJson UseJson(const InvoiceUse& use) {
  return {{"requests", use.requests},
          {"input_tokens", use.input_tokens},
          {"cached_tokens", use.cached_tokens},
          {"output_tokens", use.output_tokens},
          {"amount", MoneyText(use.micros)}};
}

OrderedJson LineJson(const InvoiceLine& line) {
  OrderedJson json = {{"model", line.model},
                      {"price_of_a_million",
                       {{"input", MoneyText(line.price.input_micros)},
                        {"cached", MoneyText(line.price.cached_micros)},
                        {"output", MoneyText(line.price.output_micros)}}}};
  json.update(UseJson(line.use));
  return json;
}

OrderedJson ShareJson(const InvoiceShare& share) {
  OrderedJson json = {{"group", share.group}, {"user", share.user}};
  json.update(UseJson(share.use));
  return json;
}

OrderedJson PartyJson(const Party& party) {
  return {{"name", party.name},
          {"address", party.address},
          {"country", party.country},
          {"vat_id", party.vat_id},
          {"registration", party.registration}};
}

// Reads fields one after the other; the first that is not as it should be is remembered.
class Reader {
 public:
  std::string Text(const Json& json, const char* name) {
    const Json* const field = Field(json, name, &Json::is_string);
    return field == nullptr ? std::string() : field->get<std::string>();
  }
  int64_t Count(const Json& json, const char* name) {
    const Json* const field = Field(json, name, &Json::is_number_integer);
    return field == nullptr ? 0 : field->get<int64_t>();
  }
  int64_t Amount(const Json& json, const char* name) {
    int64_t micros = 0;
    Take(ParseMoney(Text(json, name)), name, micros);
    return micros;
  }
  template <typename T>
  void Take(const Result<T>& read, const char* name, T& value) {
    if (read.ok()) {
      value = *read;
    } else {
      Wrong(name);
    }
  }
  const Json& Object(const Json& json, const char* name) {
    const Json* const field = Field(json, name, &Json::is_object);
    return field == nullptr ? none_ : *field;
  }
  const Json& List(const Json& json, const char* name) {
    const Json* const field = Field(json, name, &Json::is_array);
    return field == nullptr ? empty_ : *field;
  }
  void Wrong(const char* name) {
    if (status_.ok()) status_ = DataLoss(std::string("an invoice's '") + name + "' is damaged");
  }
  const Status& status() const { return status_; }

 private:
  const Json* Field(const Json& json, const char* name, bool (Json::*is)() const noexcept) {
    const auto found = json.is_object() ? json.find(name) : json.end();
    if (json.is_object() && found != json.end() && ((*found).*is)()) return &*found;
    Wrong(name);
    return nullptr;
  }

  const Json none_ = Json::object(), empty_ = Json::array();
  Status status_;
};

InvoiceUse UseOf(Reader& reader, const Json& json) {
  return {reader.Count(json, "requests"), reader.Count(json, "input_tokens"),
          reader.Count(json, "cached_tokens"), reader.Count(json, "output_tokens"),
          reader.Amount(json, "amount")};
}

Party PartyOf(Reader& reader, const Json& json) {
  return {reader.Text(json, "name"), reader.Text(json, "address"), reader.Text(json, "country"),
          reader.Text(json, "vat_id"), reader.Text(json, "registration")};
}

void ReadParts(Reader& reader, const Json& json, Invoice& invoice) {
  for (const Json& line : reader.List(json, "lines")) {
    const Json& price = reader.Object(line, "price_of_a_million");
    invoice.lines.push_back({reader.Text(line, "model"),
                             {reader.Amount(price, "input"), reader.Amount(price, "cached"),
                              reader.Amount(price, "output")},
                             UseOf(reader, line)});
  }
  for (const Json& share : reader.List(json, "annex")) {
    invoice.shares.push_back(
        {reader.Text(share, "group"), reader.Text(share, "user"), UseOf(reader, share)});
  }
}

}  // namespace

OrderedJson JsonOf(const Invoice& invoice) {
  OrderedJson lines = OrderedJson::array(), shares = OrderedJson::array();
  for (const InvoiceLine& line : invoice.lines) lines.push_back(LineJson(line));
  for (const InvoiceShare& share : invoice.shares) shares.push_back(ShareJson(share));
  const InvoiceTotals& totals = invoice.totals;
  return {{"schema", kSchema},
          {"kind", InvoiceKindName(invoice.kind)},
          {"number", invoice.number},
          {"organisation", invoice.organisation},
          {"month", invoice.month.text()},
          {"from", UtcDate(invoice.month.begin_ms())},
          {"to", UtcDate(invoice.month.end_ms() - 1)},
          {"month_over", invoice.month_over},
          {"issued", invoice.issued},
          {"due", invoice.due},
          {"currency", invoice.currency},
          {"seller", PartyJson(invoice.seller.party)},
          {"terms", invoice.seller.terms},
          {"buyer", PartyJson(invoice.buyer)},
          {"lines", std::move(lines)},
          {"annex", std::move(shares)},
          {"vat", {{"rate", RateText(invoice.vat.rate)}, {"exemption", invoice.vat.exemption}}},
          {"totals",
           {{"exact", MoneyText(totals.exact_micros)},
            {"net", MoneyText(totals.net_micros)},
            {"vat", MoneyText(totals.vat_micros)},
            {"gross", MoneyText(totals.gross_micros)}}},
          {"corrects", invoice.corrects},
          {"reason", invoice.reason}};
}

Result<Invoice> InvoiceOf(const Json& json) {
  Reader reader;
  if (reader.Text(json, "schema") != kSchema) {
    return InvalidArgument("the invoice was written by a later Parvis");
  }
  Invoice invoice;
  reader.Take(InvoiceKindNamed(reader.Text(json, "kind")), "kind", invoice.kind);
  invoice.number = reader.Text(json, "number");
  invoice.organisation = reader.Text(json, "organisation");
  reader.Take(ParseMonth(reader.Text(json, "month")), "month", invoice.month);
  invoice.issued = reader.Text(json, "issued");
  invoice.due = reader.Text(json, "due");
  invoice.currency = reader.Text(json, "currency");
  invoice.seller.party = PartyOf(reader, reader.Object(json, "seller"));
  invoice.seller.terms = reader.Text(json, "terms");
  invoice.buyer = PartyOf(reader, reader.Object(json, "buyer"));
  const Json& vat = reader.Object(json, "vat");
  reader.Take(ParseRate(reader.Text(vat, "rate")), "rate", invoice.vat.rate);
  invoice.vat.exemption = reader.Text(vat, "exemption");
  const Json& totals = reader.Object(json, "totals");
  invoice.totals = {reader.Amount(totals, "exact"), reader.Amount(totals, "net"),
                    reader.Amount(totals, "vat"), reader.Amount(totals, "gross")};
  invoice.corrects = reader.Text(json, "corrects");
  invoice.reason = reader.Text(json, "reason");
  ReadParts(reader, json, invoice);
  if (!reader.status().ok()) return reader.status();
  return invoice;
}

}  // namespace parvis::governance
