#include "parvis/service/guess_limiter.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace parvis::service {

std::string PlaceOf(std::string_view address) {
  const std::string text(address.substr(0, address.find('%')));
  in6_addr ipv6 = {};
  if (inet_pton(AF_INET6, text.c_str(), &ipv6) != 1) return text;
  if (IN6_IS_ADDR_V4MAPPED(&ipv6)) return text;
  return {reinterpret_cast<const char*>(ipv6.s6_addr), 8};
}

double GuessLimiter::LeftOf(const Peer& peer, Clock::time_point now) const {
  const double minutes = std::chrono::duration<double>(now - peer.at).count() / 60.0;
  return std::min(rate_.at_once, peer.left + minutes * rate_.per_minute);
}

std::optional<int64_t> GuessLimiter::Note(std::string_view peer) {
  if (rate_.at_once <= 0) return std::nullopt;
  const Clock::time_point now = now_();
  const std::lock_guard lock(mutex_);
  if (peers_.size() >= kMaxPeers) ForgetSome(now);
  Peer& state = peers_.try_emplace(PlaceOf(peer), Peer{rate_.at_once, now}).first->second;
  state.left = LeftOf(state, now);
  state.at = now;
  if (state.left >= 1.0) {
    state.left -= 1.0;
    return std::nullopt;
  }
  const double wait_ms = (1.0 - state.left) / rate_.per_minute * 60'000.0;
  return std::max<int64_t>(1, static_cast<int64_t>(std::ceil(wait_ms)));
}

void GuessLimiter::GiveBack(std::string_view peer) {
  const std::lock_guard lock(mutex_);
  const auto found = peers_.find(PlaceOf(peer));
  if (found != peers_.end()) {
    found->second.left = std::min(rate_.at_once, found->second.left + 1.0);
  }
}

// Those that have all of their tries again; if there is none, the half that has most of them: who
// has thousands of addresses gets some tries more, and honest ones no refusal.
void GuessLimiter::ForgetSome(Clock::time_point now) {
  std::erase_if(peers_,
                [&](const auto& entry) { return LeftOf(entry.second, now) >= rate_.at_once; });
  if (peers_.size() < kMaxPeers) return;
  std::vector<double> left;
  for (const auto& [place, peer] : peers_) left.push_back(LeftOf(peer, now));
  const auto middle = left.begin() + static_cast<std::ptrdiff_t>(left.size() / 2);
  std::nth_element(left.begin(), middle, left.end());
  std::erase_if(peers_, [&](const auto& entry) { return LeftOf(entry.second, now) >= *middle; });
}

}  // namespace parvis::service
