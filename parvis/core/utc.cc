#include "parvis/core/utc.h"

#include <chrono>

#include "fmt/format.h"

namespace parvis {
namespace {

using Moment = std::chrono::sys_time<std::chrono::milliseconds>;

std::string Date(const std::chrono::sys_days& day) {
  const std::chrono::year_month_day date(day);
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

// The moment without the ends of either form, and its milliseconds.
std::pair<std::string, int64_t> Split(int64_t ms) {
  const Moment moment{std::chrono::milliseconds(ms)};
  const auto day = std::chrono::floor<std::chrono::days>(moment);
  const std::chrono::hh_mm_ss time(moment - day);
  return {fmt::format("{}T{:02}:{:02}:{:02}", Date(day), time.hours().count(),
                      time.minutes().count(), time.seconds().count()),
          time.subseconds().count()};
}

}  // namespace

std::string UtcDate(int64_t ms) {
  return Date(std::chrono::floor<std::chrono::days>(Moment(std::chrono::milliseconds(ms))));
}

std::string UtcSeconds(int64_t ms) { return Split(ms).first + "Z"; }

std::string UtcMilliseconds(int64_t ms) {
  const auto [seconds, rest] = Split(ms);
  return fmt::format("{}.{:03}Z", seconds, rest);
}

}  // namespace parvis
