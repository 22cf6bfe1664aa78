#ifndef PARVIS_GOVERNANCE_PARTY_H_
#define PARVIS_GOVERNANCE_PARTY_H_

#include <cstdint>
#include <optional>
#include <string>

#include "parvis/core/result.h"

// Who sells and who buys, as invoices name them.
namespace parvis::governance {

struct Party {
  std::string name;
  std::string address;       // lines, without the country
  std::string country;       // ISO 3166: two capital letters
  std::string vat_id;        // "FR44732829320"; empty: none
  std::string registration;  // SIREN or SIRET in France, elsewhere what there is; empty: none
  bool operator==(const Party&) const = default;
};

// What is taxed, and if nothing is, why not.
struct Vat {
  int64_t rate = 0;       // hundredths of a percent: 2000 is 20 %
  std::string exemption;  // kSmallSeller, kReverseCharge, or the sentence that stands there
  bool operator==(const Vat&) const = default;
};
inline constexpr const char kSmallSeller[] = "293b";              // art. 293 B of France's CGI
inline constexpr const char kReverseCharge[] = "reverse-charge";  // the buyer pays the tax

struct Seller {
  Party party;
  Vat vat;                    // unless a buyer's is another
  std::string series = "PV";  // invoices of 2026 are PV-2026-000001 and so on
  int64_t payment_days = 30;
  std::string terms;  // how to pay, what follows if not; lines
};

struct Buyer {
  Party party;
  std::optional<Vat> vat;  // none: as the seller has it
};

// What stands in it looks right; it may be incomplete. French numbers are checked by their check
// digits. Messages begin with the field's name.
Status CheckSeller(const Seller& seller);
Status CheckBuyer(const Buyer& buyer);
// Nothing that an invoice must have is missing.
Status CheckComplete(const Seller& seller, const Buyer& buyer, const Vat& vat);

// "20", "5.5", "8.25" to hundredths of a percent, and back: "20.00".
Result<int64_t> ParseRate(const std::string& text);
std::string RateText(int64_t rate);

}  // namespace parvis::governance

#endif  // PARVIS_GOVERNANCE_PARTY_H_
