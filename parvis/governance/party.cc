#include "parvis/governance/party.h"

#include <algorithm>
#include <string_view>

#include "fmt/format.h"
#include "parvis/governance/money.h"

namespace parvis::governance {
namespace {

constexpr size_t kMaxLine = 200, kMaxText = 2000;

bool Digit(char c) { return c >= '0' && c <= '9'; }
bool Capital(char c) { return c >= 'A' && c <= 'Z'; }

bool AllDigits(std::string_view text) { return std::all_of(text.begin(), text.end(), Digit); }

// Text for people: no control characters but the ends of lines where there may be several.
Status CheckText(const char* field, const std::string& text, size_t most, bool lines) {
  const auto wrong = [lines](unsigned char c) {
    return (c < 0x20 && !(lines && c == '\n')) || c == 0x7f;
  };
  if (text.size() > most || std::any_of(text.begin(), text.end(), wrong)) {
    return InvalidArgument(
        fmt::format("{}: at most {} bytes, and no control characters", field, most));
  }
  return {};
}

// The check digit of ISO/IEC 7812, as SIREN has it.
bool LuhnHolds(std::string_view digits) {
  int sum = 0;
  for (size_t i = 0; i < digits.size(); ++i) {
    int value = digits[digits.size() - 1 - i] - '0';
    if (i % 2 == 1) value = value * 2 > 9 ? value * 2 - 9 : value * 2;
    sum += value;
  }
  return sum % 10 == 0;
}

std::string WithoutSpaces(std::string text) {
  std::erase(text, ' ');
  return text;
}

Status CheckRegistration(const Party& party) {
  PARVIS_RETURN_IF_ERROR(CheckText("registration", party.registration, kMaxLine, false));
  if (party.registration.empty() || party.country != "FR") return {};
  const std::string number = WithoutSpaces(party.registration);
  if ((number.size() != 9 && number.size() != 14) || !AllDigits(number) ||
      !LuhnHolds(number.substr(0, 9))) {
    return InvalidArgument("registration: no SIREN (9 digits) or SIRET (14) of France");
  }
  return {};
}

// "FR", a key of two digits that follows from the SIREN, and the SIREN.
bool FrenchVatIdHolds(std::string_view id) {
  if (id.size() != 13 || !AllDigits(id.substr(4))) return false;
  const std::string_view siren = id.substr(4);
  if (!LuhnHolds(siren)) return false;
  if (!AllDigits(id.substr(2, 2))) return true;  // keys with letters are not of this formula
  const int number = std::stoi(std::string(siren));
  return std::stoi(std::string(id.substr(2, 2))) == (12 + 3 * (number % 97)) % 97;
}

Status CheckVatId(const std::string& id) {
  if (id.empty()) return {};
  const bool shaped =
      id.size() >= 4 && id.size() <= 15 && Capital(id[0]) && Capital(id[1]) &&
      std::all_of(id.begin() + 2, id.end(), [](char c) { return Digit(c) || Capital(c); });
  if (!shaped) return InvalidArgument("vat_id: two capital letters, then capitals and digits");
  if (id.starts_with("FR") && !FrenchVatIdHolds(id)) {
    return InvalidArgument("vat_id: its check digits are not those of its SIREN");
  }
  return {};
}

Status CheckParty(const Party& party) {
  PARVIS_RETURN_IF_ERROR(CheckText("name", party.name, kMaxLine, false));
  PARVIS_RETURN_IF_ERROR(CheckText("address", party.address, kMaxText, true));
  const std::string& country = party.country;
  if (!country.empty() && (country.size() != 2 || !Capital(country[0]) || !Capital(country[1]))) {
    return InvalidArgument("country: two capital letters, such as FR");
  }
  PARVIS_RETURN_IF_ERROR(CheckRegistration(party));
  return CheckVatId(party.vat_id);
}

Status CheckVat(const Vat& vat) {
  if (vat.rate < 0 || vat.rate > 10'000) return InvalidArgument("vat_rate: from 0 to 100");
  PARVIS_RETURN_IF_ERROR(CheckText("vat_exemption", vat.exemption, kMaxLine, false));
  if (vat.rate > 0 && !vat.exemption.empty()) {
    return InvalidArgument("vat_exemption: there is none where there is a rate");
  }
  return {};
}

Status Missing(const char* whose, const char* what) {
  return InvalidArgument(fmt::format("{}: {} is missing, and an invoice needs it", whose, what));
}

Status CheckWhole(const char* whose, const Party& party) {
  if (party.name.empty()) return Missing(whose, "the name");
  if (party.address.empty()) return Missing(whose, "the address");
  if (party.country.empty()) return Missing(whose, "the country");
  return {};
}

}  // namespace

Status CheckSeller(const Seller& seller) {
  PARVIS_RETURN_IF_ERROR(CheckParty(seller.party));
  PARVIS_RETURN_IF_ERROR(CheckVat(seller.vat));
  PARVIS_RETURN_IF_ERROR(CheckText("terms", seller.terms, kMaxText, true));
  if (seller.series.empty() || seller.series.size() > 12 ||
      !std::all_of(seller.series.begin(), seller.series.end(),
                   [](char c) { return Digit(c) || Capital(c); })) {
    return InvalidArgument("series: 1 to 12 capital letters and digits");
  }
  if (seller.payment_days < 0 || seller.payment_days > 365) {
    return InvalidArgument("payment_days: from 0 to 365");
  }
  return {};
}

Status CheckBuyer(const Buyer& buyer) {
  PARVIS_RETURN_IF_ERROR(CheckParty(buyer.party));
  return buyer.vat ? CheckVat(*buyer.vat) : Status();
}

Status CheckComplete(const Seller& seller, const Buyer& buyer, const Vat& vat) {
  PARVIS_RETURN_IF_ERROR(CheckWhole("seller", seller.party));
  PARVIS_RETURN_IF_ERROR(CheckWhole("buyer", buyer.party));
  if (seller.party.country == "FR" && seller.party.registration.empty()) {
    return Missing("seller", "the SIREN");
  }
  if (vat.rate == 0 && vat.exemption.empty()) {
    return Missing("seller", "a rate of VAT, or why there is none,");
  }
  const bool reverse = vat.exemption == kReverseCharge;
  if ((vat.rate > 0 || reverse) && seller.party.vat_id.empty()) {
    return Missing("seller", "the VAT number");
  }
  if (reverse && buyer.party.vat_id.empty()) return Missing("buyer", "the VAT number");
  return {};
}

Result<int64_t> ParseRate(const std::string& text) {
  const size_t point = text.find('.');
  const auto micros = ParseMoney(text);
  const bool fine = point != std::string::npos && text.size() - point > 3;
  if (!micros.ok() || fine || *micros > 100'000'000) {
    return InvalidArgument("vat_rate: percent from 0 to 100 with at most two decimals, as 5.5");
  }
  return *micros / 10'000;
}

std::string RateText(int64_t rate) { return fmt::format("{}.{:02}", rate / 100, rate % 100); }

}  // namespace parvis::governance
