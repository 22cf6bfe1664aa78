#include "parvis/train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace parvis::train {

double LearningRateAt(const Schedule& schedule, int64_t step, int64_t total_steps) {
  if (step <= schedule.warmup_steps) {
    return schedule.learning_rate * static_cast<double>(step) /
           static_cast<double>(schedule.warmup_steps);
  }
  int64_t first = schedule.warmup_steps;  // the last step at the full rate
  if (schedule.kind == Schedule::Kind::kWsd) {
    const auto decay = static_cast<int64_t>(
        std::llround(schedule.decay_fraction * static_cast<double>(total_steps)));
    first = std::max(first, total_steps - decay);
  }
  if (schedule.kind == Schedule::Kind::kConstant || step <= first) return schedule.learning_rate;
  const double progress =
      std::min(1.0, static_cast<double>(step - first) / static_cast<double>(total_steps - first));
  const double range = schedule.learning_rate - schedule.min_learning_rate;
  const double left = schedule.kind == Schedule::Kind::kCosine
                          ? 0.5 * (1.0 + std::cos(std::numbers::pi * progress))
                          : 1.0 - progress;
  return schedule.min_learning_rate + range * left;
}

}  // namespace parvis::train
