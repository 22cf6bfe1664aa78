#ifndef PARVIS_SERVER_BILLING_H_
#define PARVIS_SERVER_BILLING_H_

#include <string>
#include <vector>

#include "parvis/server/api.h"
#include "parvis/server/organisation.h"
#include "parvis/service/invoice_book.h"

// Routes of who runs a service for others: organisations, plans, and what is paid.
namespace parvis::server {

void AddOrganisations(const Api& api, std::vector<Route>& routes);
void AddPlans(const Api& api, std::vector<Route>& routes);
void AddOrganisationBilling(const Api& api, service::InvoiceBook& invoices,
                            std::vector<Route>& routes);
void AddOrganisationInvoices(const Api& api, service::InvoiceBook& invoices,
                             std::vector<Route>& routes);

// A route of an organisation (organisation.h) whose handler needs the invoices.
using InvoiceHandler = void (*)(service::InvoiceBook&, const HttpRequest&,
                                const governance::Organisation&, const std::shared_ptr<Responder>&);
Route InvoiceRoute(const Api& api, service::InvoiceBook& invoices, std::string method,
                   std::string pattern, service::Permission permission, std::string summary,
                   InvoiceHandler handler);

}  // namespace parvis::server

#endif  // PARVIS_SERVER_BILLING_H_
