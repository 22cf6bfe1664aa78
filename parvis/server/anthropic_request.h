#ifndef PARVIS_SERVER_ANTHROPIC_REQUEST_H_
#define PARVIS_SERVER_ANTHROPIC_REQUEST_H_

#include <set>
#include <string>

#include "parvis/server/schema.h"
#include "parvis/service/generate_task.h"

namespace parvis::server {

// What a body of POST /v1/messages asks for.
struct MessagesRequest {
  service::GenerateSpec spec;
  bool stream = false;
  std::set<std::string> functions;  // whose calls are looked for in the answer
};
const Shape& MessagesBody();
service::OrRefusal<MessagesRequest> ReadMessagesRequest(const std::string& text);

// What a body of POST /v1/messages/count_tokens asks for.
struct CountRequest {
  std::string model;
  service::ConversationText conversation;
};
const Shape& CountTokensBody();
service::OrRefusal<CountRequest> ReadCountRequest(const std::string& text);

}  // namespace parvis::server

#endif  // PARVIS_SERVER_ANTHROPIC_REQUEST_H_
