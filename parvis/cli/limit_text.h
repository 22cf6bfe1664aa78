#ifndef PARVIS_CLI_LIMIT_TEXT_H_
#define PARVIS_CLI_LIMIT_TEXT_H_

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "parvis/cli/flag_set.h"
#include "parvis/core/result.h"
#include "parvis/governance/limit.h"

namespace parvis::cli {

// A flag for each kind of limit: --tokens-per-day …
class LimitFlags {
 public:
  // `whose`: for the help, "of each user".
  void AddTo(FlagSet& flags, const std::string& whose);
  // Those that were given; without a value, the limit is to be taken away ("none").
  Result<std::vector<std::pair<governance::Metric, std::optional<int64_t>>>> Read() const;

 private:
  std::array<std::string, governance::kNumMetrics> texts_;
  std::array<Flag, governance::kNumMetrics> flags_;
};

// A limit's value as it was given: a number, or an amount of money.
std::string LimitText(const governance::Limit& limit);

}  // namespace parvis::cli

#endif  // PARVIS_CLI_LIMIT_TEXT_H_
