#ifndef PARVIS_SERVER_OLLAMA_JSON_H_
#define PARVIS_SERVER_OLLAMA_JSON_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "parvis/core/json.h"
#include "parvis/server/api.h"
#include "parvis/server/openai_json.h"
#include "parvis/server/schema.h"
#include "parvis/service/catalogue.h"
#include "parvis/service/generate_task.h"

// What several of Ollama's routes share.
namespace parvis::server {

inline constexpr Shape kKeepAliveShapes[] = {String(64), Number(-1e9, 1e9)};
inline constexpr Shape kKeepAlive = OneOf(kKeepAliveShapes);

// "fable" of "fable:latest": Parvis's models have no tags.
std::string ModelOf(const Json& body);
// "fable:latest" of "fable", as the dialect's lists have it.
std::string Tagged(const std::string& name);

// keep_alive as a request says it.
struct KeepAlive {
  bool said = false;
  std::optional<std::chrono::seconds> time;  // none: for ever
};
// Seconds, or "5m", "1h30m", "500ms"; negative: for ever.
service::OrRefusal<KeepAlive> ReadKeepAlive(const Json& body);
// How long a model stays is for those to say who manage the service; from others it has no effect.
void Keep(const Api& api, const service::Caller& caller, const std::string& model,
          const KeepAlive& keep);

int64_t Nanoseconds(double seconds);

// details{} of a model; what is not known before it is loaded is empty.
OrderedJson DetailsJson(const std::string& path, const std::optional<service::ModelFacts>& facts);

// A POST route of the dialect that has models compute.
Route OllamaPost(std::string pattern, std::string summary, const Shape* body, Handler handler);

}  // namespace parvis::server

#endif  // PARVIS_SERVER_OLLAMA_JSON_H_
