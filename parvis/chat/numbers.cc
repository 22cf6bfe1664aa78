#include "parvis/chat/numbers.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "parvis/chat/text_operations.h"

namespace parvis::chat {
namespace {

bool IsDigit(char c, int base) {
  const char lower = static_cast<char>(c | 0x20);
  const int value = c >= '0' && c <= '9'           ? c - '0'
                    : lower >= 'a' && lower <= 'z' ? lower - 'a' + 10
                                                   : 99;
  return value < base;
}

// Without the white space around it and the underscores between its digits; false if an underscore
// stands elsewhere.
bool Clean(std::string_view text, int base, std::string& out) {
  const ByteRange kept = Stripped(text, nullptr, Side::kBoth);
  const std::string_view inner = text.substr(kept.begin, kept.end - kept.begin);
  for (size_t i = 0; i < inner.size(); ++i) {
    if (inner[i] != '_') {
      out += inner[i];
    } else if (i == 0 || i + 1 == inner.size() || !IsDigit(inner[i - 1], base) ||
               !IsDigit(inner[i + 1], base)) {
      return false;
    }
  }
  return !out.empty();
}

}  // namespace

std::optional<int64_t> ParsePythonInt(std::string_view text, int base) {
  std::string digits;
  if (base < 2 || base > 36 || !Clean(text, base, digits)) return std::nullopt;
  bool negative = false;
  size_t at = 0;
  if (digits[0] == '+' || digits[0] == '-') negative = digits[at++] == '-';
  if (base != 10 && digits.size() > at + 1 && digits[at] == '0') {
    const char kind = static_cast<char>(digits[at + 1] | 0x20);
    if (kind == (base == 16 ? 'x' : base == 8 ? 'o' : base == 2 ? 'b' : '?')) at += 2;
  }
  const std::string whole = (negative ? "-" : "") + digits.substr(at);
  if (at >= digits.size() || !IsDigit(digits[at], base)) return std::nullopt;
  int64_t number;
  const auto read = std::from_chars(whole.data(), whole.data() + whole.size(), number, base);
  if (read.ec != std::errc() || read.ptr != whole.data() + whole.size()) return std::nullopt;
  return number;
}

std::optional<double> ParsePythonFloat(std::string_view text) {
  std::string digits;
  if (!Clean(text, 10, digits)) return std::nullopt;
  size_t at = 0;
  if (digits[0] == '+' || digits[0] == '-') ++at;
  if (at >= digits.size() || digits[at] == '+' || digits[at] == '-') return std::nullopt;
  double number;
  const char* const end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data() + at, end, number);
  if (read.ptr != end || read.ec == std::errc::invalid_argument) return std::nullopt;
  // Out of range: to infinity, or to zero.
  if (read.ec != std::errc()) number = std::strtod(digits.c_str() + at, nullptr);
  return digits[0] == '-' ? -number : number;
}

double RoundLikePython(double number, int places) {
  if (!std::isfinite(number)) return number;
  if (places < 0) {
    const double scale = std::pow(10.0, -places);
    return std::nearbyint(number / scale) * scale;
  }
  // The C library rounds the exact value, as Python does.
  char text[700];
  std::snprintf(text, sizeof(text), "%.*f", places, number);
  return std::strtod(text, nullptr);
}

int64_t RoundToTens(int64_t number, int zeros) {
  int64_t scale = 1;
  for (int i = 0; i < zeros; ++i) scale *= 10;
  const int64_t rest = ((number % scale) + scale) % scale;
  const int64_t down = number - rest;
  const bool up = rest * 2 > scale || (rest * 2 == scale && (down / scale) % 2 != 0);
  return up ? down + scale : down;
}

}  // namespace parvis::chat
