#include "parvis/governance/limit.h"

#include <iterator>

#include "fmt/format.h"
#include "fmt/ranges.h"

namespace parvis::governance {
namespace {

constexpr std::string_view kMetrics[] = {"requests_per_minute", "tokens_per_minute",
                                         "tokens_per_day", "money_per_month", "parallel_requests"};
static_assert(std::size(kMetrics) == kNumMetrics);
constexpr std::string_view kScopes[] = {"key",   "user", "group",    "organisation",
                                        "model", "plan", "plan_user"};
static_assert(std::size(kScopes) == kNumScopes);

}  // namespace

std::string_view MetricName(Metric metric) { return kMetrics[static_cast<int>(metric)]; }
std::string_view ScopeName(Scope scope) { return kScopes[static_cast<int>(scope)]; }

Result<Metric> MetricNamed(std::string_view name) {
  for (int i = 0; i < kNumMetrics; ++i) {
    if (kMetrics[i] == name) return static_cast<Metric>(i);
  }
  return InvalidArgument(
      fmt::format("'{}' is no limit; there are {}", name, fmt::join(kMetrics, ", ")));
}

Result<Scope> ScopeNamed(std::string_view name) {
  for (int i = 0; i < kNumScopes; ++i) {
    if (kScopes[i] == name) return static_cast<Scope>(i);
  }
  return InvalidArgument(
      fmt::format("'{}' cannot be limited; there are {}", name, fmt::join(kScopes, ", ")));
}

}  // namespace parvis::governance
