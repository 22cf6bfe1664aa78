// POST /v1/embeddings: one vector for each text.

#include <bit>
#include <cstring>
#include <utility>

#include "parvis/core/base64.h"
#include "parvis/server/answer.h"
#include "parvis/server/api.h"
#include "parvis/server/openai_json.h"
#include "parvis/service/embed_task.h"

namespace parvis::server {
namespace {

constexpr size_t kMaxInputs = 2048;
constexpr Shape kInputText = String(kMaxText, 1);
constexpr Shape kInputTokens = Array(kTokenId, 1, 100'000);
constexpr Shape kInputShapes[] = {kInputText, Array(kInputText, 1, kMaxInputs), kInputTokens,
                                  Array(kInputTokens, 1, kMaxInputs)};
constexpr std::string_view kFormats[] = {"float", "base64"};
constexpr Field kFields[] = {
    {"model", kModelName, Presence::kRequired}, {"input", OneOf(kInputShapes), Presence::kRequired},
    {"encoding_format", Among(kFormats)},       {"dimensions", Integer(1, 65536)},
    {"user", String(512), Presence::kIgnored},
};
constexpr Shape kBody = Object(kFields);

void ReadInputs(const Json& input, service::EmbedSpec& spec) {
  if (input.is_string()) {
    spec.inputs.emplace_back(input.get<std::string>());
  } else if (input[0].is_number()) {
    spec.inputs.emplace_back(input.get<std::vector<int32_t>>());
  } else {
    for (const Json& one : input) ReadInputs(one, spec);
  }
}

// Little-endian f32, as the official clients decode it.
std::string Base64Of(const std::vector<float>& vector) {
  static_assert(std::endian::native == std::endian::little);
  return ToBase64({reinterpret_cast<const char*>(vector.data()), vector.size() * sizeof(float)});
}

class EmbeddingReceiver : public AnswerReceiver {
 public:
  EmbeddingReceiver(bool base64, std::string request_id, std::shared_ptr<Responder> to)
      : AnswerReceiver(Dialect::kOpenAi, std::move(request_id), std::move(to)), base64_(base64) {}

  void OnReply(const service::Reply& reply) override {
    OrderedJson body = {{"object", "list"},
                        {"data", OrderedJson::array()},
                        {"model", admission_.model},
                        {"usage",
                         {{"prompt_tokens", reply.usage.prompt_tokens},
                          {"total_tokens", reply.usage.prompt_tokens}}}};
    for (size_t i = 0; i < reply.embeddings.size(); ++i) {
      const std::vector<float>& vector = reply.embeddings[i];
      OrderedJson embedding = base64_ ? OrderedJson(Base64Of(vector)) : OrderedJson(vector);
      body["data"].push_back(
          {{"object", "embedding"}, {"index", i}, {"embedding", std::move(embedding)}});
    }
    to_->Send({.body = Dump(body), .headers = AdmissionHeaders(admission_)});
  }

 private:
  const bool base64_;
};

void Embeddings(const Api& api, const HttpRequest& request, const std::shared_ptr<Responder>& to) {
  const auto body = ReadBody(request.body, kBody);
  if (!body.ok()) return to->Send(ErrorResponse(Dialect::kOpenAi, body.refusal(), request.id));
  service::EmbedSpec spec{.model = (*body)["model"].get<std::string>()};
  ReadInputs((*body)["input"], spec);
  if (const Json& size = Get(*body, "dimensions"); !size.is_null()) {
    spec.dimensions = size.get<int64_t>();
  }
  auto receiver = std::make_shared<EmbeddingReceiver>(Get(*body, "encoding_format") == "base64",
                                                      request.id, to);
  SendTask(api, request, "POST /v1/embeddings",
           std::make_unique<service::EmbedTask>(std::move(spec)), std::move(receiver), to);
}

}  // namespace

void AddOpenAiEmbeddings(const Api& api, std::vector<Route>& routes) {
  routes.push_back(
      {.method = "POST",
       .pattern = "/v1/embeddings",
       .policy = Policy::Needs(service::Permission::kUseModels),
       .dialect = Dialect::kOpenAi,
       .summary = "Turn texts into vectors",
       .body = &kBody,
       .max_body_bytes = kMaxBodyBytes,
       .handler = [api](const HttpRequest& request, const std::shared_ptr<Responder>& to) {
         Embeddings(api, request, to);
       }});
}

}  // namespace parvis::server
