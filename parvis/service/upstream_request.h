#ifndef PARVIS_SERVICE_UPSTREAM_REQUEST_H_
#define PARVIS_SERVICE_UPSTREAM_REQUEST_H_

#include <cstdint>
#include <string>

#include "parvis/service/generate_spec.h"
#include "parvis/service/refusal.h"
#include "parvis/service/task.h"
#include "parvis/service/upstream.h"

namespace parvis::service {

// What a request becomes for a service that speaks OpenAI's API; its answer is always streamed.
struct UpstreamRequest {
  std::string path, body;
  bool chat = false;
  bool tools = false;        // it may ask for calls
  int64_t limit = 0;         // tokens of a choice
  int64_t prompt_bytes = 0;  // of all prompts
  Plan plan;
};

// Nobody here knows the other side's tokens. A token is at least one byte of text, so that the
// bytes of the prompts, and some tokens around each message, are the most that they can be; of the
// answer the limit is told and reserved.
//
// Refuses what would need tokens to be known (prompts of tokens, echo, log-probabilities,
// logit_bias, best_of), and what the API has no word for.
OrRefusal<UpstreamRequest> UpstreamRequestOf(const GenerateSpec& spec,
                                             const UpstreamSettings& settings);

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_UPSTREAM_REQUEST_H_
