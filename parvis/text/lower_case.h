#ifndef PARVIS_TEXT_LOWER_CASE_H_
#define PARVIS_TEXT_LOWER_CASE_H_

#include <string>
#include <string_view>

namespace parvis::text {

// Every capital as its small letter, character by character; bytes that are not UTF-8 stay.
std::string LowerCase(std::string_view text);

}  // namespace parvis::text

#endif  // PARVIS_TEXT_LOWER_CASE_H_
