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

// Counts wrong credentials by where they come from, so that whoever tries many is told to wait. It
// is asked after a credential was found wrong, never before: right ones always pass, and nobody can
// lock out others behind the same address. Remembers a bounded number of addresses.
//
// Safe to call from several threads.
class GuessLimiter {
 public:
  using Clock = std::chrono::steady_clock;
  // `per_minute` 0: no limit.
  explicit GuessLimiter(int64_t per_minute, std::function<Clock::time_point()> now = &Clock::now)
      : per_minute_(per_minute), now_(std::move(now)) {}

  // Another wrong one came from there. Milliseconds to wait, if there were too many.
  std::optional<int64_t> Note(std::string_view peer);

  static constexpr size_t kMaxPeers = 4096;

 private:
  struct Peer {
    double left = 0;
    Clock::time_point at;
  };
  void ForgetSome(Clock::time_point now);  // REQUIRES: mutex_ held

  const int64_t per_minute_;
  const std::function<Clock::time_point()> now_;
  std::mutex mutex_;
  std::unordered_map<std::string, Peer> peers_;
};

// What of an address counts as one place: all of IPv4's, the first 64 bits of IPv6's, which one
// client has to itself.
std::string PlaceOf(std::string_view address);

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_GUESS_LIMITER_H_
