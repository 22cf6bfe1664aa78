#ifndef PARVIS_GOVERNANCE_INVOICE_WORDS_H_
#define PARVIS_GOVERNANCE_INVOICE_WORDS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "parvis/core/result.h"
#include "parvis/governance/party.h"

// What invoices say, in each language that they are written in.
namespace parvis::governance {

enum class Language : uint8_t { kEnglish, kFrench };
Result<Language> LanguageNamed(std::string_view name);  // "en", "fr"

struct InvoiceWords {
  const char *code, *invoice, *credit_note, *preview, *not_over, *not_yet;
  const char *number, *issued, *due, *period, *to, *seller, *buyer, *vat_id, *registration;
  const char *model, *price, *requests, *input, *cached, *output, *amount, *annex, *group, *user;
  const char *sum, *net, *vat, *gross, *credited, *corrects, *reason, *no_lines, *rounding;
};
const InvoiceWords& WordsOf(Language language);

// Why nothing is taxed, as the law wants it said; a seller's own sentence as it is.
std::string ExemptionText(Language language, const Vat& vat);

// "1,234.50 EUR" or "1 234,50 EUR", with no-break spaces; "26 November 2026" of "2026-11-26".
std::string AmountText(Language language, int64_t micros, const std::string& currency);
std::string CountText(Language language, int64_t count);
std::string PercentText(Language language, int64_t rate);
std::string LongDate(Language language, const std::string& date);

}  // namespace parvis::governance

#endif  // PARVIS_GOVERNANCE_INVOICE_WORDS_H_
