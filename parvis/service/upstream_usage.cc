#include "parvis/service/upstream_usage.h"

#include <algorithm>

namespace parvis::service {
namespace {

constexpr int64_t kBytesOfLongToken = 16;  // on average over a text no token is longer
constexpr int64_t kBytesOfToken = 4;       // what tokens are like where nobody counts them

int64_t Tokens(int64_t bytes, int64_t of_token) { return (bytes + of_token - 1) / of_token; }

int64_t Bounded(std::optional<int64_t> said, int64_t bytes, int64_t most) {
  if (!said) return std::min(most, Tokens(bytes, kBytesOfToken));
  return std::clamp(*said, std::min(most, Tokens(bytes, kBytesOfLongToken)), most);
}

}  // namespace

runtime::Usage SettledUsage(const UpstreamAmount& amount,
                            const std::optional<runtime::Usage>& said) {
  runtime::Usage used;
  const auto told = [&said](int64_t runtime::Usage::*field) {
    return said ? std::optional((*said).*field) : std::nullopt;
  };
  used.prompt_tokens =
      Bounded(told(&runtime::Usage::prompt_tokens), amount.prompt_bytes, amount.most_prompt_tokens);
  used.completion_tokens = Bounded(told(&runtime::Usage::completion_tokens), amount.answer_bytes,
                                   amount.most_answer_tokens);
  if (said) used.cached_tokens = std::clamp<int64_t>(said->cached_tokens, 0, used.prompt_tokens);
  return used;
}

}  // namespace parvis::service
