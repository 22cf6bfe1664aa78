#ifndef PARVIS_SERVICE_INVOICE_PARTIES_H_
#define PARVIS_SERVICE_INVOICE_PARTIES_H_

#include <string>

#include "parvis/core/result.h"
#include "parvis/governance/party.h"
#include "parvis/store/database.h"

// Rows of who sells and who buys, within the caller's transaction; for InvoiceBook alone.
namespace parvis::service {

Result<governance::Seller> ReadSeller(store::Database& database);
Status WriteSeller(store::Database& database, const governance::Seller& seller);
Result<governance::Buyer> ReadBuyer(store::Database& database, const std::string& organisation);
Status WriteBuyer(store::Database& database, const std::string& organisation,
                  const governance::Buyer& buyer);

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_INVOICE_PARTIES_H_
