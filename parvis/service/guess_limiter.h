#ifndef PARVIS_SERVICE_GUESS_LIMITER_H_
#define PARVIS_SERVICE_GUESS_LIMITER_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace parvis::service {

// So many tries at once, and then so many a minute. 0: no limit.
struct GuessRate {
  double at_once = 0, per_minute = 0;
};

// Counts wrong credentials by where they come from (or by whose they would be), so that whoever
// tries many is told to wait. Of keys it is asked after one was found wrong, never before: right
// ones always pass. Passwords, which can be guessed, take a try first and get it back if they were
// right (sign_in.h). Remembers a bounded number of places.
//
// Safe to call from several threads.
class GuessLimiter {
 public:
  using Clock = std::chrono::steady_clock;
  explicit GuessLimiter(GuessRate rate, std::function<Clock::time_point()> now = &Clock::now)
      : rate_(rate), now_(std::move(now)) {}
  explicit GuessLimiter(int64_t per_minute, std::function<Clock::time_point()> now = &Clock::now)
      : GuessLimiter(GuessRate{static_cast<double>(per_minute), static_cast<double>(per_minute)},
                     std::move(now)) {}

  // Another wrong one came from there. Milliseconds to wait, if there were too many.
  std::optional<int64_t> Note(std::string_view peer);
  // It was right after all.
  void GiveBack(std::string_view peer);

  static constexpr size_t kMaxPeers = 4096;

 private:
  struct Peer {
    double left = 0;
    Clock::time_point at;
  };
  // REQUIRES: mutex_ held
  double LeftOf(const Peer& peer, Clock::time_point now) const;
  void ForgetSome(Clock::time_point now);

  const GuessRate rate_;
  const std::function<Clock::time_point()> now_;
  std::mutex mutex_;
  std::unordered_map<std::string, Peer> peers_;
};

// What of an address counts as one place: all of IPv4's, the first 64 bits of IPv6's, which one
// client has to itself.
std::string PlaceOf(std::string_view address);

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_GUESS_LIMITER_H_
