#include "parvis/service/invoice_csv.h"

#include <fmt/format.h>

#include "parvis/service/usage.h"

namespace parvis::service {
namespace {

using governance::InvoiceLine;
using governance::InvoiceShare;
using governance::InvoiceUse;
using governance::MoneyText;

std::string UseFields(const InvoiceUse& use) {
  return fmt::format("{},{},{},{},{}\r\n", use.requests, use.input_tokens, use.cached_tokens,
                     use.output_tokens, MoneyText(use.micros));
}

}  // namespace

std::string InvoiceCsv(const governance::Invoice& invoice) {
  const std::string begin = fmt::format(
      "{},{},{},{},{},{},", CsvField(invoice.number), governance::InvoiceKindName(invoice.kind),
      invoice.month.text(), invoice.issued, invoice.due, invoice.currency);
  std::string text =
      "number,kind,month,issued,due,currency,row,model,group,user,requests,input_tokens,"
      "cached_tokens,output_tokens,amount\r\n";
  for (const InvoiceLine& line : invoice.lines) {
    text += begin + "line," + CsvField(line.model) + ",,," + UseFields(line.use);
  }
  for (const InvoiceShare& share : invoice.shares) {
    text += begin + "annex,," + CsvField(share.group) + "," + CsvField(share.user) + "," +
            UseFields(share.use);
  }
  const auto total = [&](const char* row, int64_t micros) {
    text += fmt::format("{}{},,,,,,,,{}\r\n", begin, row, MoneyText(micros));
  };
  total("net", invoice.totals.net_micros);
  total("vat", invoice.totals.vat_micros);
  total("gross", invoice.totals.gross_micros);
  return text;
}

}  // namespace parvis::service
