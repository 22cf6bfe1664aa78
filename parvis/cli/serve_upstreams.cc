#include "parvis/cli/serve_upstreams.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

#include "parvis/cli/model_store.h"
#include "parvis/cli/read_secret.h"
#include "parvis/core/toml_reader.h"
#include "parvis/governance/sealing.h"
#include "parvis/net/http_client.h"
#include "parvis/net/http_connections.h"

namespace parvis::cli {
namespace {

constexpr int64_t kMaxRetryAfterMs = 3'600'000;

// Redirections are not followed (net::Send never does), so this is where the key goes, and nowhere
// else.
Status CheckAddress(const std::string& address) {
  PARVIS_ASSIGN_OR_RETURN(const net::Url url, net::ParseUrl(address));
  const bool loopback =
      url.host == "localhost" || url.host == "[::1]" || url.host.starts_with("127.");
  if (url.scheme != "https" && !loopback) {
    return InvalidArgument("url: must be https; http on this machine only");
  }
  if (!url.query.empty() || address.find('#') != std::string::npos) {
    return InvalidArgument("url: must end with a path, such as /v1");
  }
  return {};
}

std::optional<int64_t> Number(std::string_view text) {
  int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole =
      !text.empty() && read.ec == std::errc() && read.ptr == text.data() + text.size();
  return whole && value >= 0 ? std::optional(value) : std::nullopt;
}

service::UpstreamHead HeadOf(const net::HttpReply& reply) {
  service::UpstreamHead head{.status = reply.status};
  head.event_stream = reply.Header("content-type").starts_with("text/event-stream");
  if (const auto ms = Number(reply.Header("retry-after-ms"))) {
    head.retry_after_ms = std::min(*ms, kMaxRetryAfterMs);
  } else if (const auto wait = net::RetryAfterOf(reply)) {
    head.retry_after_ms = std::min(wait->count() * 1000, kMaxRetryAfterMs);
  }
  return head;
}

service::UpstreamEnd SendTo(const UpstreamOptions& options, const std::string& key,
                            net::HttpConnections& connections, const service::UpstreamCall& call) {
  bool timed_out = false, refused = false;
  const auto noting = [&refused](Status status) {
    refused |= !status.ok();
    return status;
  };
  net::HttpCall http{.method = "POST", .url = options.url + call.path};
  http.headers = {{"content-type", "application/json"},
                  {"accept", call.events ? "text/event-stream" : "application/json"}};
  if (!key.empty()) http.headers.emplace_back("authorization", "Bearer " + key);
  http.body = call.body;
  http.stall_time = std::chrono::seconds(options.stall_seconds);
  http.whole_time = std::chrono::seconds(options.whole_seconds);
  http.head = [&](const net::HttpReply& reply) { return noting(call.head(HeadOf(reply))); };
  http.take = [&](const net::HttpReply&, std::string_view bytes) {
    return noting(call.bytes(bytes));
  };
  http.stopped = call.stopped;
  http.timed_out = &timed_out;
  http.repeatable = true;  // it computes, and changes nothing
  const Result<net::HttpReply> reply = connections.Send(http);
  if (reply.ok()) return service::UpstreamEnd::kWhole;
  if (refused || reply.status().code() == StatusCode::kCancelled) {
    return service::UpstreamEnd::kStopped;
  }
  return timed_out ? service::UpstreamEnd::kTimeout : service::UpstreamEnd::kUnreachable;
}

}  // namespace

Status ReadUpstreamTables(TomlReader& top, const std::string& file,
                          std::vector<UpstreamOptions>& upstreams) {
  const toml::table* const tables = top.Table("upstream");
  TomlReader reader(tables, file, "upstream");
  if (tables == nullptr) return {};
  for (const auto& [key, value] : *tables) {
    UpstreamOptions upstream{.name = std::string(key.str())};
    if (!IsModelName(upstream.name)) {
      reader.Refuse(upstream.name, "is no name: letters, digits, . _ - : make one");
    }
    TomlReader table(reader.Table(upstream.name), file, "upstream." + upstream.name);
    upstream.url = table.Text("url", "");
    while (upstream.url.ends_with('/')) upstream.url.pop_back();
    upstream.model = table.Text("model", "");
    upstream.key = table.Text("key", "");
    upstream.key_file = table.Text("key_file", "");
    upstream.limit_field =
        table.OneOf("limit_field", upstream.limit_field, {"max_completion_tokens", "max_tokens"});
    upstream.max_tokens = table.Integer("max_tokens", upstream.max_tokens, 1, 1'000'000);
    upstream.parallel = table.Integer("parallel", upstream.parallel, 1, 256);
    upstream.stall_seconds = table.Integer("stall_seconds", upstream.stall_seconds, 1, 3600);
    upstream.whole_seconds = table.Integer("whole_seconds", upstream.whole_seconds, 1, 86'400);
    upstream.idle_connections =
        table.Integer("idle_connections", upstream.idle_connections, 0, 256);
    upstream.idle_seconds = table.Integer("idle_seconds", upstream.idle_seconds, 1, 3600);
    if (!upstream.key.empty() && !governance::IsSealed(upstream.key)) {
      table.Refuse("key", "stands in the open; 'parvis secret seal upstream." + upstream.name +
                              "' seals it");
    } else if (!upstream.key.empty() && !upstream.key_file.empty()) {
      table.Refuse("key", "key and key_file: one of them");
    }
    if (upstream.model.empty()) table.Refuse("model", "what it is called there");
    if (upstream.url.empty()) {
      table.Refuse("url", "where it is: https://…/v1");
    } else if (const Status status = CheckAddress(upstream.url); !status.ok()) {
      table.Refuse("url", status.message());
    }
    PARVIS_RETURN_IF_ERROR(table.Finish());
    upstreams.push_back(std::move(upstream));
  }
  return reader.Finish();
}

Result<std::unique_ptr<service::Upstream>> MakeUpstream(const UpstreamOptions& options,
                                                        const std::string& master_key) {
  const std::string name = "upstream." + options.name;
  auto read = ReadSecret(name, options.key, options.key_file, master_key);
  if (!read.ok()) return read.status().In(name);
  const std::string key = *std::move(read);
  const auto connections = std::make_shared<net::HttpConnections>(
      net::HttpConnectionsSettings{.most_idle = static_cast<size_t>(options.idle_connections),
                                   .idle_time = std::chrono::seconds(options.idle_seconds)});
  return std::make_unique<service::Upstream>(service::UpstreamSettings{
      .name = options.name,
      .model = options.model,
      .address = options.url,
      .max_tokens = options.max_tokens,
      .parallel = static_cast<int>(options.parallel),
      .limit_field = options.limit_field,
      .send = [options, key, connections](const service::UpstreamCall& call) {
        return SendTo(options, key, *connections, call);
      }});
}

}  // namespace parvis::cli
