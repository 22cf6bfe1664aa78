#ifndef PARVIS_TRAIN_SCHEDULE_H_
#define PARVIS_TRAIN_SCHEDULE_H_

#include <cstdint>

namespace parvis::train {

// The learning rate of every step: a linear rise over `warmup_steps`, then
//   kConstant  learning_rate
//   kLinear    a straight line down to min_learning_rate at the last step
//   kCosine    half a cosine down to it (Loshchilov and Hutter, "SGDR", 2017)
//   kWsd       learning_rate, then over the last `decay_fraction` of the steps a straight line down
//              to it: warm-up, stable, decay (Hu et al., "MiniCPM", 2024)
struct Schedule {
  enum class Kind { kConstant, kLinear, kCosine, kWsd };
  Kind kind = Kind::kCosine;
  double learning_rate = 1e-3;
  double min_learning_rate = 0.0;
  int64_t warmup_steps = 0;
  double decay_fraction = 0.2;  // kWsd only
};

// Of step 1, 2 … total_steps. Step 1 of a warm-up of n steps has learning_rate / n, step n all of
// it; the last step has min_learning_rate (but for kConstant).
double LearningRateAt(const Schedule& schedule, int64_t step, int64_t total_steps);

}  // namespace parvis::train

#endif  // PARVIS_TRAIN_SCHEDULE_H_
