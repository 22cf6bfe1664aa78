#include "parvis/telemetry/trace_context.h"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>

#include "parvis/core/check.h"

namespace parvis::telemetry {
namespace {

constexpr size_t kTraceDigits = 32, kSpanDigits = 16;
constexpr size_t kVersion0Size = 55;  // "00-" 32 "-" 16 "-" 2

bool IsHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsId(std::string_view text) {
  return IsHex(text) && text.find_first_not_of('0') != std::string_view::npos;
}

template <size_t kBytes>
std::string RandomHex() {
  std::array<unsigned char, kBytes> bytes;
  PARVIS_CHECK(RAND_bytes(bytes.data(), bytes.size()) == 1);
  std::string text;
  for (const unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

}  // namespace

std::optional<TraceContext> ParseTraceParent(std::string_view header) {
  if (header.size() < kVersion0Size) return std::nullopt;
  const std::string_view version = header.substr(0, 2);
  if (!IsHex(version) || version == "ff") return std::nullopt;
  // Later versions may say more after what we know.
  if (header.size() > kVersion0Size && (version == "00" || header[kVersion0Size] != '-')) {
    return std::nullopt;
  }
  if (header[2] != '-' || header[35] != '-' || header[52] != '-') return std::nullopt;
  const std::string_view trace = header.substr(3, kTraceDigits);
  const std::string_view span = header.substr(36, kSpanDigits);
  const std::string_view flags = header.substr(53, 2);
  if (!IsId(trace) || !IsId(span) || !IsHex(flags)) return std::nullopt;
  const bool sampled = (flags[1] <= '9' ? flags[1] - '0' : flags[1] - 'a' + 10) % 2 == 1;
  return TraceContext{std::string(trace), std::string(span), sampled};
}

std::string TraceParentOf(const TraceContext& context) {
  return fmt::format("00-{}-{}-{}", context.trace_id, context.span_id,
                     context.sampled ? "01" : "00");
}

TraceContext ContextBelow(const std::optional<TraceContext>& caller) {
  if (caller) return {caller->trace_id, NewSpanId(), caller->sampled};
  return {RandomHex<kTraceDigits / 2>(), NewSpanId(), true};
}

std::string NewSpanId() { return RandomHex<kSpanDigits / 2>(); }

}  // namespace parvis::telemetry
