#ifndef PARVIS_CORE_PLACES_H_
#define PARVIS_CORE_PLACES_H_

#include <cstdint>

#include "parvis/core/priority.h"

namespace parvis {

// Up to how many of `all` places those of a priority may fill what is bounded: all of them if it is
// the usual one, an eighth less if it is lower, an eighth more if it is higher. So a crowd of the
// lower does not lock the higher out, and nobody who was let in is sent away for them.
constexpr int64_t PlacesFor(int priority, int64_t all) {
  if (priority == kUsualPriority) return all;
  return priority < kUsualPriority ? all - all / 8 : all + all / 8;
}

}  // namespace parvis

#endif  // PARVIS_CORE_PLACES_H_
