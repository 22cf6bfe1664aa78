#ifndef PARVIS_CORE_UTC_H_
#define PARVIS_CORE_UTC_H_

#include <cstdint>
#include <string>

// Moments, in milliseconds since 1970, in the words of ISO 8601. Years from 1 to 9999.
namespace parvis {

std::string UtcDate(int64_t ms);          // "2026-11-26"
std::string UtcSeconds(int64_t ms);       // "2026-11-26T14:05:09Z"
std::string UtcMilliseconds(int64_t ms);  // "2026-11-26T14:05:09.120Z"

}  // namespace parvis

#endif  // PARVIS_CORE_UTC_H_
