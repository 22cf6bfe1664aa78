#ifndef PARVIS_GOVERNANCE_INVOICE_SCHEMA_H_
#define PARVIS_GOVERNANCE_INVOICE_SCHEMA_H_

#include "parvis/store/sql.h"

namespace parvis::governance {

// Who sells and who buys, and what was invoiced (service/invoice_book.h). Rows of invoices are only
// ever added.
inline constexpr store::Sql kInvoiceTables = R"(
CREATE TABLE invoice_seller(
  one           INTEGER PRIMARY KEY CHECK(one = 1),
  name          TEXT NOT NULL,
  address       TEXT NOT NULL,
  country       TEXT NOT NULL,
  vat_id        TEXT NOT NULL,
  registration  TEXT NOT NULL,
  vat_rate      INTEGER NOT NULL,
  vat_exemption TEXT NOT NULL,
  series        TEXT NOT NULL,
  payment_days  INTEGER NOT NULL,
  terms         TEXT NOT NULL
) STRICT;
CREATE TABLE invoice_buyers(
  organisation  TEXT PRIMARY KEY REFERENCES organisations(id),
  name          TEXT NOT NULL,
  address       TEXT NOT NULL,
  country       TEXT NOT NULL,
  vat_id        TEXT NOT NULL,
  registration  TEXT NOT NULL,
  vat_rate      INTEGER,
  vat_exemption TEXT NOT NULL
) STRICT;
CREATE TABLE invoices(
  series       TEXT NOT NULL,
  place        INTEGER NOT NULL,
  number       TEXT NOT NULL UNIQUE,
  kind         TEXT NOT NULL,
  organisation TEXT NOT NULL REFERENCES organisations(id),
  month        TEXT NOT NULL,
  currency     TEXT NOT NULL,
  corrects     TEXT REFERENCES invoices(number),
  issued_ms    INTEGER NOT NULL,
  net_micros   INTEGER NOT NULL,
  vat_micros   INTEGER NOT NULL,
  gross_micros INTEGER NOT NULL,
  content      TEXT NOT NULL,
  sha256       TEXT NOT NULL,
  PRIMARY KEY(series, place)
) STRICT;
CREATE INDEX invoices_by_organisation ON invoices(organisation, month);
CREATE INDEX invoices_by_corrects ON invoices(corrects);
)";

}  // namespace parvis::governance

#endif  // PARVIS_GOVERNANCE_INVOICE_SCHEMA_H_
