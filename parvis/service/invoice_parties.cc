#include "parvis/service/invoice_parties.h"

#include <optional>

namespace parvis::service {

using governance::Buyer;
using governance::Party;
using governance::Seller;

static Party PartyOf(const store::Statement& row) {
  return {row.Text(0), row.Text(1), row.Text(2), row.Text(3), row.Text(4)};
}

static store::Statement& BindParty(store::Statement& statement, const Party& party) {
  return statement.Bind(2, party.name)
      .Bind(3, party.address)
      .Bind(4, party.country)
      .Bind(5, party.vat_id)
      .Bind(6, party.registration);
}

Result<Seller> ReadSeller(store::Database& database) {
  PARVIS_ASSIGN_OR_RETURN(
      auto select,
      database.Prepare("SELECT name, address, country, vat_id, registration, vat_rate, "
                       "vat_exemption, series, payment_days, terms FROM invoice_seller"));
  PARVIS_ASSIGN_OR_RETURN(const bool row, select.Step());
  if (!row) return Seller();
  return Seller{PartyOf(select),
                {select.Int(5), select.Text(6)},
                select.Text(7),
                select.Int(8),
                select.Text(9)};
}

Status WriteSeller(store::Database& database, const Seller& seller) {
  PARVIS_ASSIGN_OR_RETURN(
      auto replace,
      database.Prepare("INSERT INTO invoice_seller(one, name, address, country, vat_id, "
                       "registration, vat_rate, vat_exemption, series, payment_days, terms) "
                       "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) "
                       "ON CONFLICT(one) DO UPDATE SET name = excluded.name, "
                       "address = excluded.address, country = excluded.country, "
                       "vat_id = excluded.vat_id, registration = excluded.registration, "
                       "vat_rate = excluded.vat_rate, vat_exemption = excluded.vat_exemption, "
                       "series = excluded.series, payment_days = excluded.payment_days, "
                       "terms = excluded.terms"));
  return BindParty(replace.Bind(1, int64_t{1}), seller.party)
      .Bind(7, seller.vat.rate)
      .Bind(8, seller.vat.exemption)
      .Bind(9, seller.series)
      .Bind(10, seller.payment_days)
      .Bind(11, seller.terms)
      .Run();
}

Result<Buyer> ReadBuyer(store::Database& database, const std::string& organisation) {
  PARVIS_ASSIGN_OR_RETURN(auto select,
                          database.Prepare("SELECT name, address, country, vat_id, registration, "
                                           "vat_rate, vat_exemption FROM invoice_buyers "
                                           "WHERE organisation = ?1"));
  PARVIS_ASSIGN_OR_RETURN(const bool row, select.Bind(1, organisation).Step());
  if (!row) return Buyer();
  Buyer buyer{PartyOf(select), {}};
  if (const auto rate = select.IntOrNull(5)) buyer.vat = {*rate, select.Text(6)};
  return buyer;
}

Status WriteBuyer(store::Database& database, const std::string& organisation, const Buyer& buyer) {
  PARVIS_ASSIGN_OR_RETURN(
      auto replace,
      database.Prepare("INSERT INTO invoice_buyers(organisation, name, address, country, vat_id, "
                       "registration, vat_rate, vat_exemption) "
                       "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) "
                       "ON CONFLICT(organisation) DO UPDATE SET name = excluded.name, "
                       "address = excluded.address, country = excluded.country, "
                       "vat_id = excluded.vat_id, registration = excluded.registration, "
                       "vat_rate = excluded.vat_rate, vat_exemption = excluded.vat_exemption"));
  const std::optional<int64_t> rate =
      buyer.vat ? std::optional(buyer.vat->rate) : std::optional<int64_t>();
  return BindParty(replace.Bind(1, organisation), buyer.party)
      .Bind(7, rate)
      .Bind(8, buyer.vat ? buyer.vat->exemption : std::string())
      .Run();
}

}  // namespace parvis::service
