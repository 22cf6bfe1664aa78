#ifndef PARVIS_SERVER_HTTP_SERVER_H_
#define PARVIS_SERVER_HTTP_SERVER_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "parvis/core/result.h"
#include "parvis/server/router.h"
#include "parvis/service/identity.h"
#include "parvis/service/workers.h"
#include "parvis/telemetry/telemetry.h"

namespace parvis::server {

struct HttpServerSettings {
  std::string host = "127.0.0.1";
  uint16_t port = 8080;                      // 0: any that is free
  std::string certificate, private_key;      // PEM files; empty: no TLS
  std::vector<std::string> allowed_hosts;    // names by which clients may call us, beside addresses
                                             // and "localhost" (against DNS rebinding)
  std::vector<std::string> allowed_origins;  // of pages that may call us, beside our own
  std::string public_url;                    // "https://parvis.example": where browsers find us, if
                                             // not as we listen; its pages are our own
  size_t max_connections = 10'000;
  size_t max_header_bytes = size_t{16} << 10;
  size_t max_pending_bytes = size_t{256} << 10;  // written for a client and not yet read by it
  std::chrono::seconds header_time{10};          // from a request's first byte to its last header
  std::chrono::seconds body_time{120};           // from there to its last byte
  std::chrono::seconds idle_time{75};            // between requests
  std::chrono::seconds write_time{60};           // of one piece of an answer
  std::chrono::seconds keep_alive_time{15};      // of silence in a stream of events
};

// What the server stands before.
struct HttpService {
  const Router& router;
  service::Identity& identity;
  service::Workers& workers;
  telemetry::Telemetry& telemetry;
  std::string large_bodies = {};  // a folder for those of routes that take them; empty: in memory
};

// HTTP/1.1 (RFC 9112) on sockets: limits on every size and time, one I/O thread that never computes
// (handlers run on workers), many thousand connections at a time. Before a body is read it is known
// who asks and that they may; anything that two readers of a request could read differently is
// refused (RFC 9112 §11.2).
class HttpServer {
 public:
  // The address is ours from now on; clients that come before Start wait. Says early what makes a
  // start vain: an address in use, a certificate that cannot be read.
  static Result<std::unique_ptr<HttpServer>> Listen(const HttpServerSettings& settings);
  // Answers. Once; everything in `service` must outlive the server, or its Close.
  virtual void Start(HttpService service) = 0;
  virtual ~HttpServer() = default;  // as Close

  virtual uint16_t port() const = 0;
  virtual size_t connections() const = 0;
  // Takes other names, origins and certificates for the connections that come from now on; the rest
  // of `settings` stays as it was. A certificate that cannot be read changes nothing.
  virtual Status Reload(const HttpServerSettings& settings) = 0;
  // No new connections, and no further requests on those that there are.
  virtual void StopAccepting() = 0;
  // Cuts what is left and returns when the I/O thread has ended. Handlers may still hold
  // responders.
  virtual void Close() = 0;
};

}  // namespace parvis::server

#endif  // PARVIS_SERVER_HTTP_SERVER_H_
