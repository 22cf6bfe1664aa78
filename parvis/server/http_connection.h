#ifndef PARVIS_SERVER_HTTP_CONNECTION_H_
#define PARVIS_SERVER_HTTP_CONNECTION_H_

#include <boost/asio/awaitable.hpp>

#include "parvis/server/http_incoming.h"
#include "parvis/server/http_wire.h"
#include "parvis/server/outbox.h"

// The two halves of a request's time on its connection. Of the server's own files only.
namespace parvis::server {

// Reads a request: its head, what Judge says of it, its body. False: the client went away, or was
// too slow to be told so.
boost::asio::awaitable<bool> ReadRequest(Wire& wire, const HttpService& service,
                                         const HttpServerSettings& settings, Incoming& incoming);

struct Delivery {
  std::string request_id;
  bool head_only = false;
  bool keep_alive = false;
  bool chunks = true;  // that the client knows them
  std::chrono::steady_clock::time_point came_at;
  service::Workers& workers;  // read bodies that are pulled
};
// Writes what comes into the outbox, to its end. False: the connection ends with it.
boost::asio::awaitable<bool> Deliver(Wire& wire, const HttpServerSettings& settings,
                                     const Delivery& delivery, telemetry::Trace& trace,
                                     Outbox& outbox);

}  // namespace parvis::server

#endif  // PARVIS_SERVER_HTTP_CONNECTION_H_
