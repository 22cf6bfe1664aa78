#ifndef PARVIS_SERVER_HTTP_H_
#define PARVIS_SERVER_HTTP_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "parvis/core/result.h"
#include "parvis/service/caller.h"
#include "parvis/telemetry/trace.h"

// What handlers see of HTTP: requests that are read whole, and answers that are sent whole or piece
// by piece. Sockets, limits and times are http_wire.cc's and http_read.cc's.
namespace parvis::server {

struct HttpRequest {
  std::string id;  // "req_…", also in the answer's x-request-id
  std::string method, path, query;
  std::map<std::string, std::string> headers;  // names in lower case; of several the last
  std::vector<std::string> captures;           // what stood for the route's {…}
  std::string body;
  std::string_view large_body = {};  // in place of `body` if it was too large for memory
  std::shared_ptr<const void> holds_large_body = nullptr;
  std::string peer;                         // the address that it comes from
  service::Caller caller;                   // as identity found; of a public route nobody
  std::string csrf_token;                   // of the caller's session; empty: they have none
  std::shared_ptr<telemetry::Trace> trace;  // what is seen of it; may be null in tests

  // The header's value; empty if there is none. `name` in lower case.
  std::string_view Header(std::string_view name) const {
    const auto found = headers.find(std::string(name));
    return found == headers.end() ? std::string_view() : found->second;
  }
};

// A body that is read while it is sent, so that no more than a piece of it is in memory. `read`
// gives the next bytes, and is called on workers, by one at a time, when the client has taken what
// was read before. Less than `bytes` in all, or a failure, cuts the connection.
struct PulledBody {
  int64_t bytes = 0;
  std::function<Result<std::string>()> read;
};

using Headers = std::vector<std::pair<std::string, std::string>>;

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  Headers headers = {};
  std::shared_ptr<PulledBody> pulled = nullptr;  // in place of `body`
};

// Where a handler's answer goes: Send once, or Begin, any number of Write, then End or Break. Safe
// to call from any thread, also after the client has left, when it does nothing.
class Responder {
 public:
  virtual ~Responder() = default;
  virtual void Send(HttpResponse response) = 0;
  virtual void Begin(int status, std::string content_type, Headers headers) = 0;
  // False: the client is gone, or reads so slowly that it is given up.
  virtual bool Write(std::string bytes) = 0;
  virtual void End() = 0;
  // The answer is not whole, and the client must see that: no clean end, the connection is cut.
  virtual void Break() = 0;
  // Called once, from the I/O thread, when the client leaves before the end.
  virtual void OnGone(std::function<void()> gone) = 0;
};

using Handler = std::function<void(HttpRequest, std::shared_ptr<Responder>)>;

}  // namespace parvis::server

#endif  // PARVIS_SERVER_HTTP_H_
