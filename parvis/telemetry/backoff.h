#ifndef PARVIS_TELEMETRY_BACKOFF_H_
#define PARVIS_TELEMETRY_BACKOFF_H_

#include <chrono>
#include <optional>
#include <random>

namespace parvis::telemetry {

// How long to wait before something is tried again: twice as long each time, up to `most`, and each
// time somewhere between half of that and all of it, so that many who were refused together do not
// come back together. One thread.
class Backoff {
 public:
  using Time = std::chrono::milliseconds;
  static constexpr Time kMostAsked = std::chrono::minutes(5);

  Backoff(Time first, Time most);
  // `asked`: what the other side wants to have waited: that at least, five minutes at most.
  Time Next(std::optional<Time> asked);
  void Reset() { next_ = first_; }  // it went well

 private:
  const Time first_, most_;
  Time next_;
  std::mt19937 random_;
};

}  // namespace parvis::telemetry

#endif  // PARVIS_TELEMETRY_BACKOFF_H_
