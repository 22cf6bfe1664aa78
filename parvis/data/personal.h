#ifndef PARVIS_DATA_PERSONAL_H_
#define PARVIS_DATA_PERSONAL_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace parvis::data {

// What of a text may point to a person and has a form that can be checked. Names and addresses have
// none and are not found.
enum class PersonalKind : uint8_t {
  kEmail,
  kPhone,  // +33 6 12 34 56 78, 0033…, French 06 12 34 56 78
  kIban,   // with its country's length and check digits (ISO 13616)
  kCard,   // 13 to 19 digits with Luhn's check digit (ISO 7812)
  kNir,    // the French social security number with its key
  kIp,     // IPv4 and IPv6, but for those that name no machine (127.0.0.1, 0.0.0.0, ::1)
};
constexpr int kPersonalKinds = 6;
constexpr std::array<std::string_view, kPersonalKinds> kPersonalNames = {"email", "phone", "iban",
                                                                         "card",  "nir",   "ip"};

struct PersonalFinding {
  PersonalKind kind;
  size_t begin, end;  // bytes
};

// In the order of the text, without overlaps (where two could be, the one with a check digit).
// Linear in the text.
std::vector<PersonalFinding> FindPersonal(std::string_view text);

// The text with "[EMAIL]", "[PHONE]" … in the place of the findings of which `masked` is true.
std::string MaskPersonal(std::string_view text, const std::vector<PersonalFinding>& findings,
                         const std::array<bool, kPersonalKinds>& masked);

}  // namespace parvis::data

#endif  // PARVIS_DATA_PERSONAL_H_
