#ifndef PARVIS_GRAMMAR_FORMATS_H_
#define PARVIS_GRAMMAR_FORMATS_H_

#include <optional>
#include <string>
#include <string_view>

namespace parvis::grammar {

// The regular expression of a "format" of JSON Schema, or none if Parvis does not know it. Known:
// date, time, date-time, duration (RFC 3339), uuid, email (without quotes), hostname, ipv4, ipv6,
// uri. A leap second (23:59:60) and the year 0000 are not accepted.
std::optional<std::string> PatternOfFormat(std::string_view format);

// Of all formats, for messages.
std::string FormatNames();

}  // namespace parvis::grammar

#endif  // PARVIS_GRAMMAR_FORMATS_H_
