#include "parvis/service/upstream_refusal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "parvis/core/json.h"

namespace parvis::service {
namespace {

// A name of a field or of a kind of error, which may be told; else nothing.
std::string NameIn(const Json& error, const char* key) {
  const auto found = error.find(key);
  if (found == error.end() || !found->is_string()) return {};
  const auto& text = found->get_ref<const std::string&>();
  const bool name = text.size() <= 64 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
                      return std::isalnum(c) != 0 || c == '_' || c == '.' || c == '[' || c == ']';
                    });
  return name ? text : std::string();
}

}  // namespace

Refusal UpstreamRefusal(RefusalKind kind, const std::string& model, const std::string& what) {
  return {kind, fmt::format("The service behind '{}' {}.", model, what)};
}

Refusal RefusalOfUpstreamStatus(const UpstreamHead& head, const std::string& body,
                                const std::string& model) {
  const auto say = [&](RefusalKind kind, const char* what) {
    return Refusal{kind, fmt::format("The service behind '{}' {} ({}).", model, what, head.status)};
  };
  switch (head.status) {
    case 429: {
      Refusal refusal = say(RefusalKind::kRateLimited, "takes no more requests now");
      refusal.code = "upstream_rate_limited";
      refusal.retry_after_ms = head.retry_after_ms;
      return refusal;
    }
    case 503: {
      Refusal refusal = say(RefusalKind::kOverloaded, "cannot answer now");
      refusal.retry_after_ms = head.retry_after_ms;
      return refusal;
    }
    case 408:
    case 504:
      return say(RefusalKind::kUpstreamTimeout, "takes too long");
    case 401:
    case 403:
      return say(RefusalKind::kUpstreamFailed, "does not let this server in");
    case 400:
    case 413:
    case 422: {
      Refusal refusal = say(RefusalKind::kInvalid, "refuses the request");
      const Result<Json> json =
          ParseJson(body, {.max_bytes = kMaxUpstreamErrorBytes, .max_depth = 16});
      if (json.ok() && json->is_object() && json->contains("error") &&
          (*json)["error"].is_object()) {
        refusal.param = NameIn((*json)["error"], "param");
        refusal.code = NameIn((*json)["error"], "code");
      }
      return refusal;
    }
    default:
      break;
  }
  if (head.status >= 300 && head.status < 400) {
    return say(RefusalKind::kUpstreamFailed, "sends elsewhere, where nobody goes");
  }
  return say(RefusalKind::kUpstreamFailed, "does not answer as it should");
}

Refusal RefusalOfUpstreamEnd(UpstreamEnd end, bool begun, const std::string& model) {
  switch (end) {
    case UpstreamEnd::kTimeout:
      return UpstreamRefusal(RefusalKind::kUpstreamTimeout, model, "takes too long");
    case UpstreamEnd::kUnreachable:
      return UpstreamRefusal(RefusalKind::kUpstreamFailed, model,
                             begun ? "broke off its answer" : "cannot be reached");
    default:
      return UpstreamRefusal(RefusalKind::kUpstreamFailed, model, "ended before its answer did");
  }
}

}  // namespace parvis::service
