#include "parvis/cli/remote.h"

#include <cstdlib>
#include <utility>

#include "parvis/net/http_client.h"

namespace parvis::cli {
namespace {

std::string Key() {
  for (const char* name : {"PARVIS_API_KEY", "OPENAI_API_KEY"}) {
    const char* const value = std::getenv(name);
    if (value != nullptr && *value != 0) return value;
  }
  return {};
}

// What an error's body says, in whichever dialect.
std::string MessageOf(const Result<Json>& body, int status) {
  if (body.ok() && body->is_object() && body->contains("error")) {
    const Json& error = (*body)["error"];
    if (error.is_string()) return error.get<std::string>();
    if (error.is_object() && error.contains("message") && error["message"].is_string()) {
      return error["message"].get<std::string>();
    }
  }
  return "status " + std::to_string(status);
}

}  // namespace

void RemoteFlags::AddTo(FlagSet& flags) {
  flags.Add("--url", &url_, "The server's address", {.show_default = true});
}

Result<Json> RemoteFlags::Ask(const std::string& method, const std::string& path,
                              const OrderedJson& body) const {
  std::string base = url_;
  while (base.ends_with('/')) base.pop_back();
  net::HttpCall call{.method = method, .url = base + path};
  const std::string key = Key();
  for (const unsigned char c : key) {
    if (c <= 0x20 || c >= 0x7f) return InvalidArgument("PARVIS_API_KEY: not a key");
  }
  if (!key.empty()) call.headers.emplace_back("authorization", "Bearer " + key);
  if (!body.is_null()) {
    call.headers.emplace_back("content-type", "application/json");
    call.body = body.dump();
  }
  call.whole_time = std::chrono::seconds(60);
  PARVIS_ASSIGN_OR_RETURN(const net::HttpReply reply, net::Send(call));
  auto json = ParseJson(reply.body);
  if (reply.status >= 200 && reply.status < 300) {
    if (!json.ok()) return json.status().In(base + path);
    return std::move(json).value();
  }
  const std::string said = base + ": " + MessageOf(json, reply.status);
  if (reply.status == 401 || reply.status == 403) {
    return Status(StatusCode::kPermissionDenied,
                  said + (key.empty() ? " (PARVIS_API_KEY holds no key)" : ""));
  }
  if (reply.status == 404) return NotFound(said);
  return Status(reply.status == 503 || reply.status == 429 ? StatusCode::kUnavailable
                                                           : StatusCode::kInvalidArgument,
                said);
}

}  // namespace parvis::cli
