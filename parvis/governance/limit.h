#ifndef PARVIS_GOVERNANCE_LIMIT_H_
#define PARVIS_GOVERNANCE_LIMIT_H_

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "parvis/core/result.h"

namespace parvis::governance {

// What is limited. Days and months are those of UTC; a minute is any 60 seconds.
enum class Metric : uint8_t {
  kRequestsPerMinute,
  kTokensPerMinute,
  kTokensPerDay,
  kMoneyPerMonth,  // in millionths of the plan's currency
  kParallelRequests,
};
inline constexpr int kNumMetrics = 5;
std::string_view MetricName(Metric metric);  // "tokens_per_day"
Result<Metric> MetricNamed(std::string_view name);

// Whose use is counted together.
enum class Scope : uint8_t {
  kKey,           // one API key
  kUser,          // all keys of a user
  kGroup,         // all users of a group
  kOrganisation,  // all of an organisation
  kModel,         // everybody who asks this model
  kPlan,          // everybody who has this plan
  kPlanUser,      // each user who has this plan, by themselves
};
inline constexpr int kNumScopes = 7;
std::string_view ScopeName(Scope scope);  // "plan_user"
Result<Scope> ScopeNamed(std::string_view name);

struct Limit {
  std::string organisation;  // empty: of plans and models, which belong to none
  Scope scope = Scope::kUser;
  std::string subject;  // an id, or the name of a plan or a model
  Metric metric = Metric::kTokensPerDay;
  int64_t value = 0;
};

// Limits by subject; none: not limited.
using LimitSet = std::array<std::optional<int64_t>, kNumMetrics>;
using LimitTable = std::map<std::pair<Scope, std::string>, LimitSet>;

}  // namespace parvis::governance

#endif  // PARVIS_GOVERNANCE_LIMIT_H_
