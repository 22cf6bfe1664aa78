#ifndef PARVIS_SERVER_OPENAI_CHAT_REQUEST_H_
#define PARVIS_SERVER_OPENAI_CHAT_REQUEST_H_

#include <set>
#include <string>

#include "parvis/server/schema.h"
#include "parvis/service/generate_task.h"

namespace parvis::server {

// What a body of POST /v1/chat/completions asks for.
struct ChatRequest {
  service::GenerateSpec spec;
  bool stream = false, include_usage = false;
  std::set<std::string> functions;  // whose calls are looked for in the answer
};

const Shape& ChatBody();
service::OrRefusal<ChatRequest> ReadChatRequest(const std::string& text);

}  // namespace parvis::server

#endif  // PARVIS_SERVER_OPENAI_CHAT_REQUEST_H_
