#include "parvis/telemetry/backoff.h"

#include <algorithm>

namespace parvis::telemetry {

Backoff::Backoff(Time first, Time most)
    : first_(first), most_(most), next_(first), random_(std::random_device()()) {}

Backoff::Time Backoff::Next(std::optional<Time> asked) {
  std::uniform_int_distribution<Time::rep> within(next_.count() / 2, next_.count());
  const Time own(within(random_));
  next_ = std::min(most_, next_ * 2);
  return asked ? std::max(own, std::min(*asked, kMostAsked)) : own;
}

}  // namespace parvis::telemetry
