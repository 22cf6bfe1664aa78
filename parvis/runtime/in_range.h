#ifndef PARVIS_RUNTIME_IN_RANGE_H_
#define PARVIS_RUNTIME_IN_RANGE_H_

#include "fmt/format.h"
#include "parvis/core/result.h"

namespace parvis::runtime {

// Refuses a sampling parameter outside [least, most], and NaN, by its field's name.
inline Status InRange(const char* field, double value, double least, double most) {
  if (value >= least && value <= most) return {};  // false for NaN
  return InvalidArgument(fmt::format("{}: {} is not between {} and {}", field, value, least, most));
}

}  // namespace parvis::runtime

#endif  // PARVIS_RUNTIME_IN_RANGE_H_
