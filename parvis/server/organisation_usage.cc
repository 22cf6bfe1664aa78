// GET /v1/organization/usage/completions and /v1/organization/costs: what was used and what it
// costs, by buckets of time, as OpenAI shapes it. A group stands in the place of a project.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "parvis/core/clock.h"
#include "parvis/server/openai_json.h"
#include "parvis/server/openai_route.h"
#include "parvis/server/organisation.h"

namespace parvis::server {
namespace {

using governance::Organisation;
using service::Invalid;
using service::OrRefusal;
using service::Permission;
using service::Refusal;
using service::UsageQuery;
using service::UsageRow;
using To = std::shared_ptr<Responder>;

constexpr int64_t kMaxRows = 100'000;
constexpr int64_t kMaxBuckets = 1440;

struct Asked {
  UsageQuery query;
  int64_t buckets = 7;  // that are told
};

OrRefusal<std::optional<int64_t>> Number(const HttpRequest& request, const char* name, int64_t low,
                                         int64_t high) {
  const auto text = QueryValue(request.query, name);
  if (!text) return std::optional<int64_t>();
  int64_t value = 0;
  const char* const end = text->data() + text->size();
  const auto read = std::from_chars(text->data(), end, value);
  if (read.ec != std::errc() || read.ptr != end || value < low || value > high) {
    return Invalid(name, fmt::format("'{}' must be a number from {} to {}.", name, low, high),
                   "out_of_range");
  }
  return std::optional(value);
}

std::optional<Refusal> ReadGrouping(const HttpRequest& request, UsageQuery& query) {
  std::string names = QueryValue(request.query, "group_by").value_or("");
  if (names.empty()) names = QueryValue(request.query, "group_by[]").value_or("");
  while (!names.empty()) {
    const size_t end = std::min(names.find(','), names.size());
    const std::string name = names.substr(0, end);
    names.erase(0, end + 1);
    if (name == "user_id") {
      query.by.user = true;
    } else if (name == "api_key_id") {
      query.by.key = true;
    } else if (name == "model") {
      query.by.model = true;
    } else if (name == "group_id" || name == "project_id") {
      query.by.group = true;
    } else {
      return Invalid("group_by",
                     "'group_by' may be user_id, api_key_id, model, group_id, separated by commas.",
                     "invalid_value");
    }
  }
  return std::nullopt;
}

OrRefusal<Asked> ReadQuery(const HttpRequest& request, const Organisation& of) {
  constexpr int64_t kMost = 253'402'300'799;  // the year 9999
  const auto known = ReadPage(request.query, 7, kMaxBuckets,
                              {"start_time", "end_time", "bucket_width", "group_by", "group_by[]",
                               "limit", "page", "user_ids", "api_key_ids", "models", "group_ids"});
  if (!known.ok()) return known.refusal();
  Asked asked{.query = {.organisation = of.id}, .buckets = known->limit};
  const auto start = Number(request, "start_time", 0, kMost);
  if (!start.ok()) return start.refusal();
  if (!*start) {
    return Invalid("start_time", "'start_time' is missing.", "missing_required_parameter");
  }
  const auto end = Number(request, "end_time", 0, kMost);
  if (!end.ok()) return end.refusal();
  const auto page = Number(request, "page", 0, kMost);
  if (!page.ok()) return page.refusal();
  const std::string width = QueryValue(request.query, "bucket_width").value_or("1d");
  if (width != "1d" && width != "1h" && width != "1m") {
    return Invalid("bucket_width", "'bucket_width' must be 1m, 1h or 1d.", "invalid_value");
  }
  UsageQuery& query = asked.query;
  query.by.bucket_ms = width == "1d" ? 86'400'000 : width == "1h" ? 3'600'000 : 60'000;
  query.from_ms = std::max(**start, page->value_or(0)) * 1000;
  query.to_ms = *end ? **end * 1000 : WallClockMs() + 1;
  query.user = QueryValue(request.query, "user_ids").value_or("");
  query.api_key = QueryValue(request.query, "api_key_ids").value_or("");
  query.model = QueryValue(request.query, "models").value_or("");
  query.group = QueryValue(request.query, "group_ids").value_or("");
  if (auto refusal = ReadGrouping(request, query)) return std::move(*refusal);
  return asked;
}

OrderedJson OrNull(const std::string& text) {
  return text.empty() ? OrderedJson() : OrderedJson(text);
}

OrderedJson ResultJson(const UsageRow& row) {
  return {{"object", "organization.usage.completions.result"},
          {"input_tokens", row.input_tokens},
          {"output_tokens", row.output_tokens},
          {"input_cached_tokens", row.cached_tokens},
          {"input_audio_tokens", 0},
          {"output_audio_tokens", 0},
          {"num_model_requests", row.requests},
          {"project_id", OrNull(row.group)},
          {"user_id", OrNull(row.user)},
          {"api_key_id", OrNull(row.api_key)},
          {"model", OrNull(row.model)},
          {"batch", nullptr}};
}

OrderedJson CostJson(const UsageRow& row) {
  // The number is for clients that want one; the text is exact.
  return {{"object", "organization.costs.result"},
          {"amount",
           {{"value", static_cast<double>(row.charged_micros) / 1e6},
            {"currency", row.currency},
            {"decimal", governance::MoneyText(row.charged_micros)}}},
          {"line_item", OrNull(row.model)},
          {"project_id", OrNull(row.group)}};
}

// Only buckets in which something was: OpenAI's empty ones say nothing.
void Tell(const Api& api, const HttpRequest& request, const Organisation& of, const To& to,
          OrderedJson (*result)(const UsageRow&), bool costs) {
  auto asked = ReadQuery(request, of);
  if (!asked.ok()) return Refuse(request, to, asked.refusal());
  const auto rows = api.usage->Sum(asked->query, kMaxRows + 1);
  if (!rows.ok()) {
    return Refuse(request, to,
                  {service::RefusalKind::kUnavailable, "Usage cannot be read now.", {}, {}, 1000});
  }
  if (static_cast<int64_t>(rows->size()) > kMaxRows) {
    return Refuse(request, to, Invalid("start_time", "These are too many results at a time."));
  }
  OrderedJson page = {{"object", "page"}, {"data", OrderedJson::array()}};
  OrderedJson next;
  int64_t begin_ms = -1;
  for (const UsageRow& row : *rows) {
    if (costs && row.currency.empty()) continue;
    if (row.begin_ms != begin_ms) {
      if (static_cast<int64_t>(page["data"].size()) == asked->buckets) {
        next = std::to_string(row.begin_ms / 1000);
        break;
      }
      begin_ms = row.begin_ms;
      page["data"].push_back({{"object", "bucket"},
                              {"start_time", begin_ms / 1000},
                              {"end_time", (begin_ms + asked->query.by.bucket_ms) / 1000},
                              {"results", OrderedJson::array()}});
    }
    page["data"].back()["results"].push_back(result(row));
  }
  page["has_more"] = !next.is_null();
  page["next_page"] = std::move(next);
  to->Send({.body = Dump(page)});
}

void Completions(const Api& api, const HttpRequest& request, const Organisation& of, const To& to) {
  Tell(api, request, of, to, &ResultJson, /*costs=*/false);
}

void Costs(const Api& api, const HttpRequest& request, const Organisation& of, const To& to) {
  Tell(api, request, of, to, &CostJson, /*costs=*/true);
}

}  // namespace

void AddOrganisationUsage(const Api& api, std::vector<Route>& routes) {
  routes.push_back(OrganisationRoute(api, "GET", "/v1/organization/usage/completions",
                                     Permission::kSeeUsage, "What was used", &Completions));
  routes.push_back(OrganisationRoute(api, "GET", "/v1/organization/costs", Permission::kSeeUsage,
                                     "What it costs", &Costs));
}

}  // namespace parvis::server
