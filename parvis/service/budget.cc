#include "parvis/service/budget.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "fmt/format.h"

namespace parvis::service {
namespace {

constexpr double kSecondsPerMinute = 60.0;

// Milliseconds until `missing` units have flowed in at `per_minute`, at least one.
int64_t MsUntil(double missing, int64_t per_minute) {
  const double seconds = missing / static_cast<double>(per_minute) * kSecondsPerMinute;
  return std::max<int64_t>(1, static_cast<int64_t>(std::ceil(seconds * 1000.0)));
}

Refusal RateLimited(std::string message, int64_t retry_after_ms) {
  return {RefusalKind::kRateLimited, std::move(message), {}, "rate_limit_exceeded", retry_after_ms};
}

double SecondsToFull(double left, int64_t limit) {
  if (limit == 0) return 0.0;
  return (static_cast<double>(limit) - left) / static_cast<double>(limit) * kSecondsPerMinute;
}

}  // namespace

class MemoryBudget::Taken : public Reservation {
 public:
  Taken(MemoryBudget& budget, std::string key, int64_t tokens, const RateView& view)
      : budget_(budget), key_(std::move(key)), tokens_(tokens), view_(view) {}
  ~Taken() override {
    if (!settled_) budget_.GiveBack(key_, tokens_);
  }
  void Settle(int64_t tokens) override {
    if (settled_) return;
    settled_ = true;
    budget_.GiveBack(key_, tokens_ - tokens);  // negative if it used more than was taken
  }
  RateView view() const override { return view_; }

 private:
  MemoryBudget& budget_;
  const std::string key_;
  const int64_t tokens_;
  const RateView view_;
  bool settled_ = false;
};

MemoryBudget::Account& MemoryBudget::Filled(const std::string& key) {
  const Clock::time_point now = now_();
  const auto [it, is_new] = accounts_.try_emplace(key);
  Account& account = it->second;
  if (is_new) {
    account.requests = static_cast<double>(limits_.requests_per_minute);
    account.tokens = static_cast<double>(limits_.tokens_per_minute);
  } else {
    const double minutes =
        std::chrono::duration<double>(now - account.filled_at).count() / kSecondsPerMinute;
    const auto fill = [minutes](double left, int64_t limit) {
      return std::min(static_cast<double>(limit), left + minutes * static_cast<double>(limit));
    };
    account.requests = fill(account.requests, limits_.requests_per_minute);
    account.tokens = fill(account.tokens, limits_.tokens_per_minute);
  }
  account.filled_at = now;
  return account;
}

RateView MemoryBudget::ViewOf(const Account& account) const {
  RateView view{.limit_requests = limits_.requests_per_minute,
                .limit_tokens = limits_.tokens_per_minute};
  view.remaining_requests = static_cast<int64_t>(account.requests);
  view.remaining_tokens = static_cast<int64_t>(account.tokens);
  view.reset_requests_seconds = SecondsToFull(account.requests, limits_.requests_per_minute);
  view.reset_tokens_seconds = SecondsToFull(account.tokens, limits_.tokens_per_minute);
  return view;
}

OrRefusal<std::unique_ptr<Reservation>> MemoryBudget::Reserve(const Caller& caller,
                                                              int64_t tokens) {
  const std::lock_guard lock(mutex_);
  Account& account = Filled(caller.key);
  if (limits_.parallel_requests > 0 && account.running >= limits_.parallel_requests) {
    return RateLimited(fmt::format("{} requests of this key run already, as many as may at a time.",
                                   account.running),
                       1000);
  }
  if (limits_.requests_per_minute > 0 && account.requests < 1.0) {
    return RateLimited(
        fmt::format("This key may send {} requests in a minute.", limits_.requests_per_minute),
        MsUntil(1.0 - account.requests, limits_.requests_per_minute));
  }
  if (limits_.tokens_per_minute > 0 && tokens > limits_.tokens_per_minute) {
    return Refusal{RefusalKind::kQuotaExhausted,
                   fmt::format("The request may need {} tokens; this key may use {} in a minute. A "
                               "smaller max_tokens makes it smaller.",
                               tokens, limits_.tokens_per_minute),
                   {},
                   "insufficient_quota",
                   {}};
  }
  if (limits_.tokens_per_minute > 0 && account.tokens < static_cast<double>(tokens)) {
    return RateLimited(
        fmt::format("The request may need {} tokens; this key has {} left of {} in a minute.",
                    tokens, static_cast<int64_t>(account.tokens), limits_.tokens_per_minute),
        MsUntil(static_cast<double>(tokens) - account.tokens, limits_.tokens_per_minute));
  }
  account.requests -= 1.0;
  account.tokens -= static_cast<double>(tokens);
  ++account.running;
  return std::unique_ptr<Reservation>(
      std::make_unique<Taken>(*this, caller.key, tokens, ViewOf(account)));
}

void MemoryBudget::GiveBack(const std::string& key, int64_t tokens) {
  const std::lock_guard lock(mutex_);
  Account& account = Filled(key);
  --account.running;
  account.tokens = std::min(static_cast<double>(limits_.tokens_per_minute),
                            account.tokens + static_cast<double>(tokens));
}

void MemoryBudget::SetLimits(const RateLimits& limits) {
  const std::lock_guard lock(mutex_);
  limits_ = limits;
  const Clock::time_point now = now_();
  for (auto& [key, account] : accounts_) {
    account.requests = static_cast<double>(limits.requests_per_minute);
    account.tokens = static_cast<double>(limits.tokens_per_minute);
    account.filled_at = now;
  }
}

}  // namespace parvis::service
