#ifndef PARVIS_TEXT_BASE64_H_
#define PARVIS_TEXT_BASE64_H_

#include <optional>
#include <string>
#include <string_view>

namespace parvis::text {

// RFC 4648, section 4, with padding: how tokenizer.json holds bytes.
std::string ToBase64(std::string_view bytes);
// Nothing, if a character is not one of the 64 or the padding is wrong.
std::optional<std::string> FromBase64(std::string_view text);

}  // namespace parvis::text

#endif  // PARVIS_TEXT_BASE64_H_
