#ifndef PARVIS_EVAL_BOOTSTRAP_H_
#define PARVIS_EVAL_BOOTSTRAP_H_

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace parvis::eval {

struct Interval {
  double low = 0, high = 0;
};

struct BootstrapOptions {
  uint64_t seed = 1;
  int64_t resamples = 1000;
  double level = 0.95;
};

// The percentile interval of a score (Efron and Tibshirani, "An Introduction to the Bootstrap",
// 1993, chapter 13): the score of samples drawn with replacement, as many from each stratum as it
// has; its quantiles as numpy.percentile interpolates them. The same for the same seed. `score` is
// given the drawn members of all strata. REQUIRES: resamples > 0.
using Strata = std::vector<std::vector<uint32_t>>;
Interval Bootstrap(const Strata& strata, const BootstrapOptions& options,
                   const std::function<double(std::span<const uint32_t> sample)>& score);

// One stratum: 0 … count - 1.
Strata OneStratum(size_t count);

}  // namespace parvis::eval

#endif  // PARVIS_EVAL_BOOTSTRAP_H_
