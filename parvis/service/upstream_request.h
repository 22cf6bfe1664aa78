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
  int logprobs = -1;         // alternatives for each token; -1: none are asked for
  int64_t limit = 0;         // tokens of a choice
  int64_t prompt_bytes = 0;  // of all prompts
  Plan plan;
};

// The tokens of prompts are bounded as upstream_usage.h says; of the answer the limit is told and
// reserved.
//
// Refuses what would need tokens to be known (prompts of tokens, echo, heal, logit_bias), and what
// the API has no word for.
OrRefusal<UpstreamRequest> UpstreamRequestOf(const GenerateSpec& spec,
                                             const UpstreamSettings& settings);

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_UPSTREAM_REQUEST_H_
