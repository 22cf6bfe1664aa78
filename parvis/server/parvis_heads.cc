// Parvis's own routes for what a head says of texts: POST /v1/tokenize, /v1/classify, /v1/fill,
// /v1/answer and /v1/rerank.

#include <fmt/format.h>

#include <utility>

#include "parvis/server/task_answers.h"
#include "parvis/service/head_tasks.h"
#include "parvis/service/rerank_task.h"

namespace parvis::server {
namespace {

using service::Invalid;
using service::OrRefusal;
using TaskOrRefusal = OrRefusal<std::unique_ptr<service::Task>>;

// Of texts whose answer is many times as large.
constexpr size_t kMaxLongText = size_t{1} << 20;

constexpr Shape kIds = Array(kTokenId, 0, 200'000);
constexpr Field kTokenizeFields[] = {
    {"model", kModelName, Presence::kRequired},
    {"text", String(kMaxLongText)},
    {"ids", kIds},
    {"add_special", Boolean()},
    {"parse_special", Boolean()},
    {"offsets", Boolean()},
};
constexpr Shape kTokenize = Object(kTokenizeFields);

bool BoolOf(const Json& body, std::string_view name, bool otherwise) {
  const Json& value = Get(body, name);
  return value.is_null() ? otherwise : value.get<bool>();
}

size_t SizeOf(const Json& body, std::string_view name, size_t otherwise) {
  const Json& value = Get(body, name);
  return value.is_null() ? otherwise : value.get<size_t>();
}

TaskOrRefusal Tokenize(const Json& body) {
  const Json &text = Get(body, "text"), &ids = Get(body, "ids");
  if (text.is_null() == ids.is_null()) {
    return Invalid(text.is_null() ? "text" : "ids",
                   "This route needs a 'text' or 'ids', and not both.");
  }
  service::TokenizeSpec spec{.model = body["model"].get<std::string>()};
  if (text.is_string()) spec.text = text.get<std::string>();
  if (ids.is_array()) spec.ids = ids.get<std::vector<int32_t>>();
  spec.add_special = BoolOf(body, "add_special", true);
  spec.parse_special = BoolOf(body, "parse_special", false);
  spec.offsets = BoolOf(body, "offsets", false);
  return TaskOf<service::TokenizeTask>(std::move(spec));
}

constexpr Field kClassifyFields[] = {
    {"model", kModelName, Presence::kRequired},
    {"input", kTaskTexts, Presence::kRequired},
    {"pair", kTaskTexts},
    {"top_k", Integer(1, 100'000)},
    {"aggregation", Among(runtime::kAggregationNames)},
};
constexpr Shape kClassify = Object(kClassifyFields);

TaskOrRefusal Classify(const Json& body) {
  service::ClassifySpec spec{.model = body["model"].get<std::string>(),
                             .texts = TextsOf(body["input"])};
  if (const Json& pair = Get(body, "pair"); pair.is_string()) {
    spec.pairs.assign(spec.texts.size(), pair.get<std::string>());
  } else if (pair.is_array()) {
    spec.pairs = TextsOf(pair);
    if (spec.pairs.size() != spec.texts.size()) {
      return Invalid("pair", fmt::format("'pair' needs one text, or as many as 'input': {}, not "
                                         "{}.",
                                         spec.texts.size(), spec.pairs.size()));
    }
  }
  if (const Json& count = Get(body, "top_k"); !count.is_null()) spec.count = count.get<size_t>();
  if (const Json& name = Get(body, "aggregation"); name.is_string()) {
    spec.aggregation = runtime::AggregationFromName(name.get_ref<const std::string&>());
  }
  return TaskOf<service::ClassifyTask>(std::move(spec));
}

constexpr Field kFillFields[] = {
    {"model", kModelName, Presence::kRequired},
    {"input", kTaskTexts, Presence::kRequired},
    {"top_k", Integer(1, 1000)},
};
constexpr Shape kFill = Object(kFillFields);

TaskOrRefusal Fill(const Json& body) {
  return TaskOf<service::FillTask>(service::FillSpec{.model = body["model"].get<std::string>(),
                                                     .texts = TextsOf(body["input"]),
                                                     .count = SizeOf(body, "top_k", 5)});
}

constexpr Field kAnswerFields[] = {
    {"model", kModelName, Presence::kRequired},
    {"question", String(65536, 1), Presence::kRequired},
    {"text", String(kMaxLongText, 1), Presence::kRequired},
    {"top_k", Integer(1, 100)},
    {"max_answer_tokens", Integer(1, 10'000)},
    {"window", Integer(8, 1 << 20)},
    {"stride", Integer(0, 1 << 20)},
};
constexpr Shape kAnswer = Object(kAnswerFields);

TaskOrRefusal Answer(const Json& body) {
  service::AnswerSpec spec{.model = body["model"].get<std::string>(),
                           .question = body["question"].get<std::string>(),
                           .text = body["text"].get<std::string>()};
  spec.options.count = SizeOf(body, "top_k", spec.options.count);
  spec.options.max_tokens = SizeOf(body, "max_answer_tokens", spec.options.max_tokens);
  spec.options.window = SizeOf(body, "window", spec.options.window);
  spec.options.stride = SizeOf(body, "stride", spec.options.stride);
  return TaskOf<service::AnswerTask>(std::move(spec));
}

// As Jina, Cohere and vLLM name them.
constexpr Field kDocumentFields[] = {{"text", kTaskText, Presence::kRequired}};
constexpr Shape kDocumentShapes[] = {kTaskText, Object(kDocumentFields)};
constexpr Shape kDocument = OneOf(kDocumentShapes);
constexpr Field kRerankFields[] = {
    {"model", kModelName, Presence::kRequired},
    {"query", kTaskText, Presence::kRequired},
    {"documents", Array(kDocument, 1, 1000), Presence::kRequired},
    {"top_n", Integer(1, 1'000'000)},
    {"return_documents", Boolean()},
    {"user", String(512), Presence::kIgnored},
};
constexpr Shape kRerank = Object(kRerankFields);

TaskOrRefusal Rerank(const Json& body) {
  service::RerankSpec spec{.model = body["model"].get<std::string>(),
                           .query = body["query"].get<std::string>()};
  for (const Json& document : body["documents"]) {
    const Json& text = document.is_string() ? document : document["text"];
    spec.documents.push_back(text.get<std::string>());
  }
  spec.count = SizeOf(body, "top_n", 0);
  spec.return_documents = BoolOf(body, "return_documents", true);
  return TaskOf<service::RerankTask>(std::move(spec));
}

}  // namespace

void AddParvisHeads(const Api& api, std::vector<Route>& routes) {
  routes.push_back(TaskRoute(api, "/v1/tokenize", "Turn a text into tokens, or tokens into text",
                             kTokenize, &Tokenize));
  routes.push_back(
      TaskRoute(api, "/v1/classify", "Label texts, or the names in them", kClassify, &Classify));
  routes.push_back(
      TaskRoute(api, "/v1/fill", "Say what could stand in the place of a mask", kFill, &Fill));
  routes.push_back(TaskRoute(api, "/v1/answer", "Find the parts of a text that answer a question",
                             kAnswer, &Answer));
  routes.push_back(TaskRoute(api, "/v1/rerank",
                             "Sort documents by what they have to do with a "
                             "query",
                             kRerank, &Rerank));
}

}  // namespace parvis::server
