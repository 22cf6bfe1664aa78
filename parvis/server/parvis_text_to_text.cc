// Parvis's own routes from text to text: POST /v1/translate and /v1/summarize.

#include <utility>

#include "parvis/server/task_answers.h"
#include "parvis/service/summarize_task.h"
#include "parvis/service/text_to_text_task.h"

namespace parvis::server {
namespace {

using TaskOrRefusal = service::OrRefusal<std::unique_ptr<service::Task>>;

constexpr Shape kText = String(size_t{256} << 10, 1);
constexpr Shape kLanguage = String(64, 1);
constexpr Shape kBeams = Integer(1, 64);
constexpr Shape kMaxTokens = Integer(1, 1 << 20);
constexpr Shape kSentences = Integer(1, 1 << 20);

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
    {"sentences", kSentences},
};
constexpr Shape kSummarize = Object(kSummarizeFields);

// 0: not told.
int64_t NumberOf(const Json& body, const char* name) {
  const Json& told = Get(body, name);
  return told.is_null() ? 0 : told.get<int64_t>();
}

TaskOrRefusal Translate(const Json& body) {
  service::TextToTextSpec spec{.model = body["model"].get<std::string>(),
                               .text = body["text"].get<std::string>(),
                               .num_beams = NumberOf(body, "num_beams"),
                               .max_tokens = NumberOf(body, "max_tokens")};
  for (const auto& [name, language] : {std::pair("from", &spec.from), std::pair("to", &spec.to)}) {
    if (const Json& told = Get(body, name); !told.is_null()) *language = told.get<std::string>();
  }
  return TaskOf<service::TextToTextTask>(std::move(spec));
}

TaskOrRefusal Summarize(const Json& body) {
  return TaskOf<service::SummarizeTask>(
      service::SummarizeSpec{.model = body["model"].get<std::string>(),
                             .text = body["text"].get<std::string>(),
                             .num_beams = NumberOf(body, "num_beams"),
                             .max_tokens = NumberOf(body, "max_tokens"),
                             .sentences = NumberOf(body, "sentences")});
}

}  // namespace

void AddParvisTextToText(const Api& api, std::vector<Route>& routes) {
  routes.push_back(
      TaskRoute(api, "/v1/translate", "Say a text in another language", kTranslate, &Translate));
  routes.push_back(
      TaskRoute(api, "/v1/summarize", "Say a text in fewer words", kSummarize, &Summarize));
}

}  // namespace parvis::server
