#ifndef PARVIS_CORE_CLOCK_H_
#define PARVIS_CORE_CLOCK_H_

#include <chrono>
#include <cstdint>

namespace parvis {

// What clocks on walls show, in milliseconds since 1970; may jump. For records, never for limits.
inline int64_t WallClockMs() {
  using std::chrono::duration_cast, std::chrono::milliseconds, std::chrono::system_clock;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace parvis

#endif  // PARVIS_CORE_CLOCK_H_
