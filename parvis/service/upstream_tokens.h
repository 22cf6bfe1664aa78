#ifndef PARVIS_SERVICE_UPSTREAM_TOKENS_H_
#define PARVIS_SERVICE_UPSTREAM_TOKENS_H_

#include <vector>

#include "parvis/core/json.h"
#include "parvis/core/status.h"
#include "parvis/service/task.h"

namespace parvis::service {

// Appends the tokens of a choice's `logprobs`, as a service tells them that speaks OpenAI's API: a
// list ("content", of chats) or lists side by side ("tokens", of completions); null: none. Of the
// alternatives `top` are kept (of completions one more, which may be the token itself), the
// likeliest first. Their ids are not known: -1. Refuses what is no token: a log-probability that is
// no finite number or above 0, a text of more than a kilobyte, bytes that are none.
Status ReadUpstreamTokens(const Json& logprobs, int top, std::vector<TokenInfo>& tokens);

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_UPSTREAM_TOKENS_H_
