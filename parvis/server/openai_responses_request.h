#ifndef PARVIS_SERVER_OPENAI_RESPONSES_REQUEST_H_
#define PARVIS_SERVER_OPENAI_RESPONSES_REQUEST_H_

#include <set>
#include <string>

#include "parvis/server/schema.h"
#include "parvis/service/generate_task.h"
#include "parvis/service/response_store.h"

namespace parvis::server {

// What a body of POST /v1/responses asks for.
struct ResponsesRequest {
  service::GenerateSpec spec;
  bool stream = false;
  bool store = true;
  bool background = false;  // told at once that it is made, and kept
  bool logprobs = false;
  std::set<std::string> functions;  // whose calls are looked for in the answer
  std::string previous;             // the answer that this one goes on from; empty: none
  OrderedJson input;                // the items that this request adds, each with its id
  OrderedJson echo;                 // fields of the request that the answer repeats
};
const Shape& ResponsesBody();
// `text` is a body that perhaps names an earlier answer of the caller's in `store`.
service::OrRefusal<ResponsesRequest> ReadResponsesRequest(const std::string& text,
                                                          const service::Caller& caller,
                                                          service::ResponseStore& store);

// What a body of POST /v1/responses/input_tokens asks for: the model and the prompt of what the
// same body would ask /v1/responses for.
const Shape& InputTokensBody();
service::OrRefusal<ResponsesRequest> ReadInputTokensRequest(const std::string& text,
                                                            const service::Caller& caller,
                                                            service::ResponseStore& store);

}  // namespace parvis::server

#endif  // PARVIS_SERVER_OPENAI_RESPONSES_REQUEST_H_
