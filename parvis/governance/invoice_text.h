#ifndef PARVIS_GOVERNANCE_INVOICE_TEXT_H_
#define PARVIS_GOVERNANCE_INVOICE_TEXT_H_

#include <string>

#include "parvis/governance/invoice.h"
#include "parvis/governance/invoice_words.h"

namespace parvis::governance {

// A page that needs nothing else and prints well. Whatever names hold, it is text there.
std::string InvoiceHtml(const Invoice& invoice, Language language);

}  // namespace parvis::governance

#endif  // PARVIS_GOVERNANCE_INVOICE_TEXT_H_
