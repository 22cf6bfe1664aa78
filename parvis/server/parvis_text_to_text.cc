// Parvis's own routes from text to text: POST /v1/translate and /v1/summarize.

#include <utility>

#include "parvis/server/task_answers.h"
#include "parvis/service/text_to_text_task.h"

namespace parvis::server {
namespace {

using TaskOrRefusal = service::OrRefusal<std::unique_ptr<service::Task>>;

constexpr Shape kText = String(size_t{256} << 10, 1);
constexpr Shape kLanguage = String(64, 1);
constexpr Shape kBeams = Integer(1, 64);
constexpr Shape kMaxTokens = Integer(1, 1 << 20);

constexpr Field kTranslateFields[] = {
    {"model", kModelName, Presence::kRequired},
    {"text", kText, Presence::kRequired},
    {"from", kLanguage},
    {"to", kLanguage},
    {"num_beams", kBeams},
    {"max_tokens", kMaxTokens},
};
constexpr Shape kTranslate = Object(kTranslateFields);
constexpr Field kSummarizeFields[] = {
    {"model", kModelName, Presence::kRequired},
    {"text", kText, Presence::kRequired},
    {"num_beams", kBeams},
    {"max_tokens", kMaxTokens},
};
constexpr Shape kSummarize = Object(kSummarizeFields);

service::TextToTextSpec SpecOf(const Json& body) {
  service::TextToTextSpec spec{.model = body["model"].get<std::string>(),
                               .text = body["text"].get<std::string>()};
  if (const Json& beams = Get(body, "num_beams"); !beams.is_null()) {
    spec.num_beams = beams.get<int64_t>();
  }
  if (const Json& tokens = Get(body, "max_tokens"); !tokens.is_null()) {
    spec.max_tokens = tokens.get<int64_t>();
  }
  return spec;
}

TaskOrRefusal Translate(const Json& body) {
  service::TextToTextSpec spec = SpecOf(body);
  for (const auto& [name, language] : {std::pair("from", &spec.from), std::pair("to", &spec.to)}) {
    if (const Json& told = Get(body, name); !told.is_null()) *language = told.get<std::string>();
  }
  return TaskOf<service::TextToTextTask>(std::move(spec));
}

TaskOrRefusal Summarize(const Json& body) {
  service::TextToTextSpec spec = SpecOf(body);
  spec.summary = true;
  return TaskOf<service::TextToTextTask>(std::move(spec));
}

}  // namespace

void AddParvisTextToText(const Api& api, std::vector<Route>& routes) {
  routes.push_back(
      TaskRoute(api, "/v1/translate", "Say a text in another language", kTranslate, &Translate));
  routes.push_back(
      TaskRoute(api, "/v1/summarize", "Say a text in fewer words", kSummarize, &Summarize));
}

}  // namespace parvis::server
