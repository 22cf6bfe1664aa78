#ifndef PARVIS_SERVER_OLLAMA_GENERATE_REQUEST_H_
#define PARVIS_SERVER_OLLAMA_GENERATE_REQUEST_H_

#include <optional>
#include <set>
#include <string>

#include "parvis/server/schema.h"
#include "parvis/service/generate_task.h"

namespace parvis::server {

const Shape& OllamaChatBody();
const Shape& OllamaGenerateBody();

// Whether a body says nothing there.
bool IsEmpty(const Json& body, const char* name);
// What the dialect's own program sends empty, and Parvis does not do when it is not.
std::optional<service::Refusal> RefuseUnserved(const Json& body);
// What a body asks for that fits its shape and has messages or a prompt. `text` is the same body;
// whose calls are to be looked for is added to `functions`.
service::OrRefusal<service::GenerateSpec> ReadOllamaSpec(const Json& body, const std::string& text,
                                                         bool chat,
                                                         std::set<std::string>& functions);

}  // namespace parvis::server

#endif  // PARVIS_SERVER_OLLAMA_GENERATE_REQUEST_H_
