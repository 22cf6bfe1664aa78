#ifndef PARVIS_SERVICE_INVOICE_CSV_H_
#define PARVIS_SERVICE_INVOICE_CSV_H_

#include <string>

#include "parvis/governance/invoice.h"

namespace parvis::service {

// A table for spreadsheets (RFC 4180): rows of lines, of the annex and of totals.
std::string InvoiceCsv(const governance::Invoice& invoice);

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_INVOICE_CSV_H_
