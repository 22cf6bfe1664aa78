#ifndef PARVIS_NET_HTTP_CLIENT_H_
#define PARVIS_NET_HTTP_CLIENT_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "parvis/core/result.h"

namespace parvis::net {

// One request of ours to somebody else's server.
struct HttpCall {
  std::string method = "GET";
  std::string url;  // http:// or https://
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::chrono::seconds connect_time{10};
  std::chrono::seconds whole_time{0};   // 0: as long as bytes come
  std::chrono::seconds stall_time{60};  // without a byte
  size_t max_body = size_t{16} << 20;   // of the answer, if there is no `take`
  // Told of status and headers before the first byte of a body; what is not ok ends the call.
  std::function<Status(const struct HttpReply& reply)> head;
  // Takes the answer's body as it comes; what is not ok ends the call, and is what it returns.
  // `reply` has the status and the headers.
  std::function<Status(const struct HttpReply& reply, std::string_view bytes)> take;
  // Asked now and then: true ends the call (StatusCode::kCancelled).
  std::function<bool()> stopped;
  // Whether it may reach the other side twice (http_connections.h).
  bool repeatable = false;
  bool* timed_out = nullptr;  // told, if not null: whether it ended because a time was over
};

struct HttpReply {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case; of several the last
  std::string body;                            // empty if there was a `take`

  std::string_view Header(std::string_view name) const {
    const auto found = headers.find(std::string(name));
    return found == headers.end() ? std::string_view() : found->second;
  }
};

// Sends it and waits for the answer, whatever its status. Redirections are answers like others:
// whoever follows them decides what goes along. Certificates are checked. A status: there was no
// whole answer. Safe to call from several threads.
Result<HttpReply> Send(const HttpCall& call);

// How long an answer asks to wait before the next try ("retry-after": seconds, or a date); none: it
// does not say.
std::optional<std::chrono::seconds> RetryAfterOf(const HttpReply& reply);

// What a URL is made of, as libcurl reads it. Refuses all but http and https, and URLs with a user
// in them: keys are not for URLs.
struct Url {
  std::string scheme, host, port, path, query;
  // scheme, host and port: what a secret that was meant for one may go to.
  bool SameOrigin(const Url& other) const {
    return scheme == other.scheme && host == other.host && port == other.port;
  }
};
Result<Url> ParseUrl(const std::string& url);
// What `location` means in an answer from `base`.
Result<std::string> ResolveUrl(const std::string& base, const std::string& location);

}  // namespace parvis::net

#endif  // PARVIS_NET_HTTP_CLIENT_H_
