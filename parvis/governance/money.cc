#include "parvis/governance/money.h"

#include <algorithm>
#include <limits>

#include "fmt/format.h"

namespace parvis::governance {
namespace {

__extension__ using Wide = __int128;

constexpr int64_t kMicros = 1'000'000;

int64_t Narrow(Wide value) {
  constexpr Wide kMost = std::numeric_limits<int64_t>::max();
  return static_cast<int64_t>(std::min(value, kMost));
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

Result<int64_t> ParseMoney(std::string_view text) {
  const auto refuse = [text] {
    return InvalidArgument(fmt::format("'{}' is no amount: digits, and at most six after a point",
                                       text.substr(0, 40)));
  };
  const size_t point = std::min(text.find('.'), text.size());
  const std::string_view whole = text.substr(0, point);
  const std::string_view part = point < text.size() ? text.substr(point + 1) : std::string_view();
  if (whole.empty() || whole.size() > 10 || part.size() > 6) return refuse();
  if (point < text.size() && part.empty()) return refuse();
  int64_t micros = 0;
  for (const char c : whole) {
    if (!IsDigit(c)) return refuse();
    micros = micros * 10 + (c - '0');
  }
  for (size_t i = 0; i < 6; ++i) {
    if (i < part.size() && !IsDigit(part[i])) return refuse();
    micros = micros * 10 + (i < part.size() ? part[i] - '0' : 0);
  }
  if (micros > kMaxMicros) return refuse();
  return micros;
}

std::string MoneyText(int64_t micros) {
  const bool negative = micros < 0;
  const auto size =
      negative ? uint64_t{0} - static_cast<uint64_t>(micros) : static_cast<uint64_t>(micros);
  std::string text = fmt::format("{}{}.{:06}", negative ? "-" : "", size / kMicros, size % kMicros);
  for (int i = 0; i < 4 && text.back() == '0'; ++i) text.pop_back();
  return text;
}

int64_t CostOf(const Price& price, int64_t input, int64_t cached, int64_t output) {
  const Wide cost = Wide{input - cached} * price.input_micros + Wide{cached} * price.cached_micros +
                    Wide{output} * price.output_micros;
  return Narrow((cost + kMicros - 1) / kMicros);
}

int64_t OutputWithin(const Price& price, int64_t input, int64_t micros) {
  const Wide left = Wide{micros} * kMicros - Wide{input} * price.input_micros;
  if (left < 0) return -1;
  if (price.output_micros == 0) return std::numeric_limits<int64_t>::max();
  return Narrow(left / price.output_micros);
}

}  // namespace parvis::governance
