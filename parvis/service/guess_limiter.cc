#include "parvis/service/guess_limiter.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace parvis::service {

std::string PlaceOf(std::string_view address) {
  const std::string text(address.substr(0, address.find('%')));
  in6_addr ipv6 = {};
  if (inet_pton(AF_INET6, text.c_str(), &ipv6) != 1) return text;
  if (IN6_IS_ADDR_V4MAPPED(&ipv6)) return text;
  return {reinterpret_cast<const char*>(ipv6.s6_addr), 8};
}

std::optional<int64_t> GuessLimiter::Note(std::string_view peer) {
  if (per_minute_ <= 0) return std::nullopt;
  const auto most = static_cast<double>(per_minute_);
  const Clock::time_point now = now_();
  const std::lock_guard lock(mutex_);
  if (peers_.size() >= kMaxPeers) ForgetSome(now);
  Peer& state = peers_.try_emplace(PlaceOf(peer), Peer{most, now}).first->second;
  const double minutes = std::chrono::duration<double>(now - state.at).count() / 60.0;
  state.left = std::min(most, state.left + minutes * most);
  state.at = now;
  if (state.left >= 1.0) {
    state.left -= 1.0;
    return std::nullopt;
  }
  const double wait_ms = (1.0 - state.left) / most * 60'000.0;
  return std::max<int64_t>(1, static_cast<int64_t>(std::ceil(wait_ms)));
}

// Those that have all of their tries again; if there is none, everybody begins anew: an attacker
// with thousands of addresses gets more tries, and honest ones no refusal.
void GuessLimiter::ForgetSome(Clock::time_point now) {
  std::erase_if(peers_, [now](const auto& entry) {
    return now - entry.second.at >= std::chrono::minutes(1);
  });
  if (peers_.size() >= kMaxPeers) peers_.clear();
}

}  // namespace parvis::service
