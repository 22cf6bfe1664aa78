#ifndef PARVIS_SERVICE_UPSTREAM_JSON_H_
#define PARVIS_SERVICE_UPSTREAM_JSON_H_

#include <algorithm>
#include <cstdint>

#include "parvis/core/json.h"

// Reading JSON in which anything may stand: what is not there, or something else, is nothing.
namespace parvis::service {

inline const Json& MemberOf(const Json& object, const char* name) {
  static const Json kNull;
  if (!object.is_object()) return kNull;
  const auto found = object.find(name);
  return found == object.end() ? kNull : *found;
}

// A count between 0 and 2^40; 0 if it is no whole number.
inline int64_t CountOf(const Json& value) {
  constexpr int64_t kMost = int64_t{1} << 40;
  if (!value.is_number_integer()) return 0;
  if (value.is_number_unsigned() && value.get<uint64_t>() > uint64_t{kMost}) return kMost;
  return std::max<int64_t>(0, value.get<int64_t>());
}

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_UPSTREAM_JSON_H_
