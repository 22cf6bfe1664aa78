// /v1/organization/billing: whom an organisation's invoices go to; of the host's own, whom all
// invoices are from. A steward says their organisation's name and address; what is taxed is the
// operator's to say.

#include <utility>

#include "parvis/governance/schema.h"
#include "parvis/server/billing.h"
#include "parvis/server/openai_json.h"
#include "parvis/server/openai_route.h"
#include "parvis/server/organisation.h"

namespace parvis::server {
namespace {

using governance::Organisation;
using governance::Party;
using governance::Seller;
using governance::Vat;
using service::InvoiceBook;
using service::Permission;
using service::Refusal;
using To = std::shared_ptr<Responder>;

constexpr Field kBillingFields[] = {
    {"name", String(200)},
    {"address", String(2000)},
    {"country", String(2)},
    {"vat_id", String(15)},
    {"registration", String(200)},
    {"vat_rate", String(6)},
    {"vat_exemption", String(200)},
    {"series", String(12, 1)},
    {"payment_days", Integer(0, 365)},
    {"terms", String(2000)},
};
constexpr Shape kBilling = Object(kBillingFields);

bool OfHost(const Organisation& of) { return of.id == governance::kHostOrganisation; }

OrderedJson PartyJson(const Party& party) {
  return {{"object", "organization.billing"}, {"name", party.name},
          {"address", party.address},         {"country", party.country},
          {"vat_id", party.vat_id},           {"registration", party.registration}};
}

void AddVat(OrderedJson& json, const std::optional<Vat>& vat) {
  json["vat_rate"] = vat ? OrderedJson(governance::RateText(vat->rate)) : OrderedJson();
  json["vat_exemption"] = vat ? OrderedJson(vat->exemption) : OrderedJson();
}

Result<OrderedJson> BillingJson(InvoiceBook& invoices, const Organisation& of) {
  if (!OfHost(of)) {
    PARVIS_ASSIGN_OR_RETURN(const auto buyer, invoices.FindBuyer(of.id));
    OrderedJson json = PartyJson(buyer.party);
    AddVat(json, buyer.vat);
    return json;
  }
  PARVIS_ASSIGN_OR_RETURN(const Seller seller, invoices.FindSeller());
  OrderedJson json = PartyJson(seller.party);
  AddVat(json, seller.vat);
  json["series"] = seller.series;
  json["payment_days"] = seller.payment_days;
  json["terms"] = seller.terms;
  return json;
}

void Take(const Json& body, const char* name, std::string& value) {
  const Json& given = Get(body, name);
  if (!given.is_null()) value = given.get<std::string>();
}

void ApplyParty(const Json& body, Party& party) {
  Take(body, "name", party.name);
  Take(body, "address", party.address);
  Take(body, "country", party.country);
  Take(body, "vat_id", party.vat_id);
  Take(body, "registration", party.registration);
}

// Nothing, if the body says nothing of it.
Result<std::optional<Vat>> VatOf(const Json& body) {
  const Json &rate = Get(body, "vat_rate"), &exemption = Get(body, "vat_exemption");
  if (rate.is_null() && exemption.is_null()) return std::optional<Vat>();
  Vat vat;
  if (!rate.is_null()) {
    PARVIS_ASSIGN_OR_RETURN(vat.rate, governance::ParseRate(rate.get<std::string>()));
  }
  Take(body, "vat_exemption", vat.exemption);
  return std::optional(vat);
}

Status Change(InvoiceBook& invoices, const Organisation& of, const Json& body) {
  PARVIS_ASSIGN_OR_RETURN(const std::optional<Vat> vat, VatOf(body));
  if (!OfHost(of)) {
    PARVIS_ASSIGN_OR_RETURN(auto buyer, invoices.FindBuyer(of.id));
    ApplyParty(body, buyer.party);
    if (vat) buyer.vat = vat;
    return invoices.SetBuyer(of.id, buyer);
  }
  PARVIS_ASSIGN_OR_RETURN(Seller seller, invoices.FindSeller());
  ApplyParty(body, seller.party);
  if (vat) seller.vat = *vat;
  Take(body, "series", seller.series);
  Take(body, "terms", seller.terms);
  if (const Json& days = Get(body, "payment_days"); !days.is_null()) {
    seller.payment_days = days.get<int64_t>();
  }
  return invoices.SetSeller(seller);
}

// The first field that is not the caller's to set.
std::optional<Refusal> CheckFields(const HttpRequest& request, const Organisation& of,
                                   const Json& body) {
  const auto refuse = [](std::string_view field, const char* why) {
    return Refusal{
        service::RefusalKind::kForbidden, why, std::string(field), "permission_denied", {}};
  };
  for (const char* field : {"series", "payment_days", "terms"}) {
    if (!OfHost(of) && !Get(body, field).is_null()) {
      return service::Invalid(field, "This is the seller's, the host's own organisation.");
    }
  }
  if (request.caller.permissions.Has(Permission::kManageOrganisations)) return std::nullopt;
  for (const Field& field : kBillingFields) {
    if (OfHost(of) && !Get(body, field.name).is_null()) {
      return refuse(field.name, "The seller is for the operator of the service to name.");
    }
  }
  for (const char* field : {"vat_rate", "vat_exemption"}) {
    if (!Get(body, field).is_null()) {
      return refuse(field, "What is taxed is for the operator of the service to say.");
    }
  }
  return std::nullopt;
}

void Tell(InvoiceBook& invoices, const HttpRequest& request, const Organisation& of, const To& to) {
  const auto json = BillingJson(invoices, of);
  if (!json.ok()) return Refuse(request, to, DirectoryRefusal(json.status()));
  to->Send({.body = Dump(*json)});
}

void Set(InvoiceBook& invoices, const HttpRequest& request, const Organisation& of, const To& to) {
  const auto body = ReadBody(request.body, kBilling);
  if (!body.ok()) return Refuse(request, to, body.refusal());
  if (const auto refusal = CheckFields(request, of, *body)) return Refuse(request, to, *refusal);
  if (const Status status = Change(invoices, of, *body); !status.ok()) {
    return Refuse(request, to, service::RefusalOf(status));
  }
  Tell(invoices, request, of, to);
}

}  // namespace

void AddOrganisationBilling(const Api& api, InvoiceBook& invoices, std::vector<Route>& routes) {
  const char* const path = "/v1/organization/billing";
  routes.push_back(InvoiceRoute(api, invoices, "GET", path, Permission::kSeeUsage,
                                "Whom invoices are to, or from", &Tell));
  Route set = InvoiceRoute(api, invoices, "POST", path, Permission::kManageIdentity,
                           "Say whom invoices are to, or from", &Set);
  set.body = &kBilling;
  set.max_body_bytes = size_t{64} << 10;
  routes.push_back(std::move(set));
}

}  // namespace parvis::server
