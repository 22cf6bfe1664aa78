#ifndef PARVIS_CORE_BASE64_H_
#define PARVIS_CORE_BASE64_H_

#include <optional>
#include <string>
#include <string_view>

namespace parvis {

// RFC 4648, section 4, with padding.
std::string ToBase64(std::string_view bytes);
// Nothing, if a character is not one of the 64 or the padding is wrong.
std::optional<std::string> FromBase64(std::string_view text);

// RFC 4648, section 5, without padding.
std::string ToBase64Url(std::string_view bytes);
// Nothing, if it is not written as ToBase64Url writes it: of bytes there is one text only.
std::optional<std::string> FromBase64Url(std::string_view text);

}  // namespace parvis

#endif  // PARVIS_CORE_BASE64_H_
