#ifndef PARVIS_SERVER_HTTP_INCOMING_H_
#define PARVIS_SERVER_HTTP_INCOMING_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "parvis/server/errors.h"
#include "parvis/server/http.h"
#include "parvis/server/http_server.h"
#include "parvis/service/refusal.h"

namespace parvis::server {

// A request as far as it was read, or why it is not answered.
struct Incoming {
  HttpRequest request;
  const Route* route = nullptr;
  std::string allow;
  Dialect dialect = Dialect::kOpenAi;
  bool keep_alive = false;
  bool chunks = true;  // HTTP/1.0 knows none
  bool body_read = false;
  bool expects_continue = false;
  std::chrono::steady_clock::time_point came_at;
  std::optional<service::Refusal> refusal;
  int status = 0;  // of the refusal, if its kind does not say it
};

// All that can be said before the body: which route, by whom, and whether they may. `length`: of
// the body, if the head tells it.
void Judge(const HttpService& service, const HttpServerSettings& settings,
           std::optional<uint64_t> length, Incoming& incoming);

service::Refusal BodyTooLarge(const Route& route);

// What may be seen of a request. Names are ours, or those of the table: others could hold anything.
void NoteRequest(const Incoming& incoming, telemetry::Trace& trace);

}  // namespace parvis::server

#endif  // PARVIS_SERVER_HTTP_INCOMING_H_
