// /v1/batches: many requests of one file, answered when there is time.

#include <fmt/format.h>

#include <utility>

#include "parvis/core/clock.h"
#include "parvis/server/api.h"
#include "parvis/server/batch_runner.h"
#include "parvis/server/openai_json.h"
#include "parvis/server/openai_route.h"
#include "parvis/server/query.h"

namespace parvis::server {
namespace {

using service::Batch;
using service::Refusal;

constexpr int64_t kWindowMs = int64_t{24} * 3'600'000;
constexpr int64_t kMaxActive = 64;  // batches of one owner that are not over
constexpr std::string_view kWindows[] = {"24h"};
constexpr Shape kMetadataText = String(512);
constexpr Field kFields[] = {
    {"input_file_id", String(64, 1), Presence::kRequired},
    {"endpoint", String(64, 1), Presence::kRequired},
    {"completion_window", Among(kWindows), Presence::kRequired},
    {"metadata", Map(kMetadataText, 16)},
    {"output_expires_after", Any(), Presence::kUnsupported},
};
constexpr Shape kBody = Object(kFields);

OrderedJson OrNull(const std::string& text) {
  return text.empty() ? OrderedJson() : OrderedJson(text);
}
OrderedJson Seconds(const std::optional<int64_t>& ms) {
  return ms ? OrderedJson(*ms / 1000) : OrderedJson();
}

OrderedJson BatchJson(const Batch& batch) {
  OrderedJson errors;
  if (!batch.errors.empty()) {
    errors = {{"object", "list"}, {"data", OrderedJson::parse(batch.errors)}};
  }
  return {
      {"id", batch.id},
      {"object", "batch"},
      {"endpoint", batch.endpoint},
      {"errors", std::move(errors)},
      {"input_file_id", batch.input_file},
      {"completion_window", batch.window},
      {"status", batch.status},
      {"output_file_id", OrNull(batch.output_file)},
      {"error_file_id", OrNull(batch.error_file)},
      {"created_at", batch.created_ms / 1000},
      {"in_progress_at", Seconds(batch.in_progress_ms)},
      {"expires_at", batch.expires_ms / 1000},
      {"finalizing_at", Seconds(batch.finalizing_ms)},
      {"completed_at", Seconds(batch.completed_ms)},
      {"failed_at", Seconds(batch.failed_ms)},
      {"expired_at", Seconds(batch.expired_ms)},
      {"cancelling_at", Seconds(batch.cancelling_ms)},
      {"cancelled_at", Seconds(batch.cancelled_ms)},
      {"request_counts",
       {{"total", batch.total}, {"completed", batch.completed}, {"failed", batch.failed}}},
      {"metadata", batch.metadata.empty() ? OrderedJson() : OrderedJson::parse(batch.metadata)}};
}

void Create(const Api& api, const HttpRequest& request, const std::shared_ptr<Responder>& to) {
  const auto body = ReadBody(request.body, kBody);
  if (!body.ok()) return Refuse(request, to, body.refusal());
  Batch batch{.id = service::NewId("batch_"), .caller = request.caller};
  batch.endpoint = (*body)["endpoint"].get<std::string>();
  batch.input_file = (*body)["input_file_id"].get<std::string>();
  batch.window = "24h";
  batch.status = "validating";
  batch.created_ms = WallClockMs();
  batch.expires_ms = batch.created_ms + kWindowMs;
  if (const Json& metadata = Get(*body, "metadata"); !metadata.is_null()) {
    for (const auto& [name, value] : metadata.items()) {
      if (name.size() > 64) {
        return Refuse(request, to,
                      service::Invalid("metadata", "A key of 'metadata' is too long."));
      }
    }
    batch.metadata = metadata.dump();
  }
  if (!IsBatchEndpoint(batch.endpoint)) {
    return Refuse(
        request, to,
        service::Invalid("endpoint", "'endpoint' must be one of: " + BatchEndpoints() + ".",
                         "invalid_value"));
  }
  const auto file = api.files->Find(request.caller, batch.input_file);
  if (!file.ok()) {
    Refusal refusal = file.refusal();
    refusal.param = "input_file_id";
    return Refuse(request, to, refusal);
  }
  if (const auto refusal = api.batches->Add(batch, kMaxActive)) {
    return Refuse(request, to, *refusal);
  }
  to->Send({.body = Dump(BatchJson(batch))});
  api.wake_batches();
}

void List(const Api& api, const HttpRequest& request, const std::shared_ptr<Responder>& to) {
  const auto page = ReadPage(request.query, 20, 100, {"after", "limit"});
  if (!page.ok()) return Refuse(request, to, page.refusal());
  const auto batches = api.batches->List(request.caller, *page);
  if (!batches.ok()) return Refuse(request, to, batches.refusal());
  OrderedJson list = {{"object", "list"}, {"data", OrderedJson::array()}};
  for (const Batch& batch : batches->items) list["data"].push_back(BatchJson(batch));
  const bool none = batches->items.empty();
  list["first_id"] = none ? OrderedJson() : OrderedJson(batches->items.front().id);
  list["last_id"] = none ? OrderedJson() : OrderedJson(batches->items.back().id);
  list["has_more"] = batches->more;
  to->Send({.body = Dump(list)});
}

void One(const Api& api, const HttpRequest& request, const std::shared_ptr<Responder>& to) {
  const auto batch = api.batches->Find(request.caller, request.captures[0]);
  if (!batch.ok()) return Refuse(request, to, batch.refusal());
  to->Send({.body = Dump(BatchJson(*batch))});
}

void Cancel(const Api& api, const HttpRequest& request, const std::shared_ptr<Responder>& to) {
  const auto batch = api.batches->Cancel(request.caller, request.captures[0], WallClockMs());
  if (!batch.ok()) return Refuse(request, to, batch.refusal());
  to->Send({.body = Dump(BatchJson(*batch))});
  api.wake_batches();
}

}  // namespace

void AddOpenAiBatches(const Api& api, std::vector<Route>& routes) {
  Route create =
      OpenAiRoute(api, "POST", "/v1/batches", "Have a file's requests answered", &Create);
  create.body = &kBody;
  create.max_body_bytes = size_t{64} << 10;
  create.feature = service::Feature::kBatches;
  routes.push_back(std::move(create));
  routes.push_back(OpenAiRoute(api, "GET", "/v1/batches", "Which batches there are", &List));
  routes.push_back(OpenAiRoute(api, "GET", "/v1/batches/{batch}", "One batch", &One));
  routes.push_back(OpenAiRoute(api, "POST", "/v1/batches/{batch}/cancel", "Stop a batch", &Cancel));
}

}  // namespace parvis::server
