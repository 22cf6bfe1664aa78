#ifndef PARVIS_SERVICE_UPSTREAM_USAGE_H_
#define PARVIS_SERVICE_UPSTREAM_USAGE_H_

#include <cstdint>
#include <optional>

#include "parvis/runtime/engine.h"

namespace parvis::service {

// Nobody here knows another service's tokens. A token is at least one byte of text, so the bytes of
// a text, and what templates put around it (marks, roles, separators), are the most that it can be.
inline constexpr int64_t kTokensAroundText = 16;

// What went to another service and came from it, and what was reserved for it.
struct UpstreamAmount {
  int64_t prompt_bytes = 0, answer_bytes = 0;
  int64_t most_prompt_tokens = 0, most_answer_tokens = 0;
};

// What of it is settled: what the other side says it used, but at least what its text must have
// been, and at most what was reserved. It cannot make an answer look free, nor empty a budget. If
// it says nothing, four bytes count as one token.
runtime::Usage SettledUsage(const UpstreamAmount& amount,
                            const std::optional<runtime::Usage>& said);

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_UPSTREAM_USAGE_H_
