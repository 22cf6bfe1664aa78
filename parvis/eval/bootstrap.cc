#include "parvis/eval/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "parvis/core/check.h"
#include "parvis/core/random.h"

namespace parvis::eval {
namespace {

double Quantile(const std::vector<double>& sorted, double share) {
  const double at = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(std::floor(at));
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (at - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace

Interval Bootstrap(const Strata& strata, const BootstrapOptions& options,
                   const std::function<double(std::span<const uint32_t> sample)>& score) {
  PARVIS_CHECK(options.resamples > 0);
  Random random(options.seed);
  std::vector<double> scores;
  std::vector<uint32_t> sample;
  for (int64_t i = 0; i < options.resamples; ++i) {
    sample.clear();
    for (const std::vector<uint32_t>& stratum : strata) {
      for (size_t draw = 0; draw < stratum.size(); ++draw) {
        sample.push_back(stratum[random.Below(stratum.size())]);
      }
    }
    scores.push_back(score(sample));
  }
  std::sort(scores.begin(), scores.end());
  const double tail = (1.0 - options.level) / 2;
  return {Quantile(scores, tail), Quantile(scores, 1.0 - tail)};
}

Strata OneStratum(size_t count) {
  Strata strata(1);
  strata[0].resize(count);
  std::iota(strata[0].begin(), strata[0].end(), 0u);
  return strata;
}

}  // namespace parvis::eval
