#include "parvis/governance/month.h"

#include <algorithm>
#include <chrono>

#include "fmt/format.h"

namespace parvis::governance {
namespace {

constexpr int64_t kDayMs = 86'400'000;

int64_t FirstMs(int year, int month) {
  const std::chrono::year_month_day first{std::chrono::year(year),
                                          std::chrono::month(static_cast<unsigned>(month)),
                                          std::chrono::day(1)};
  return int64_t{std::chrono::sys_days(first).time_since_epoch().count()} * kDayMs;
}

}  // namespace

int64_t Month::begin_ms() const { return FirstMs(year, month); }

int64_t Month::end_ms() const {
  return month == 12 ? FirstMs(year + 1, 1) : FirstMs(year, month + 1);
}

std::string Month::text() const { return fmt::format("{:04}-{:02}", year, month); }

Result<Month> ParseMonth(const std::string& text) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.size() == 7 && text[4] == '-' && std::all_of(text.begin(), text.begin() + 4, digit) &&
      digit(text[5]) && digit(text[6])) {
    const Month month{std::stoi(text.substr(0, 4)), std::stoi(text.substr(5))};
    if (month.year >= 1970 && month.month >= 1 && month.month <= 12) return month;
  }
  return InvalidArgument("month: a month, such as 2026-11");
}

}  // namespace parvis::governance
