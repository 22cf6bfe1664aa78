#ifndef PARVIS_NET_HTTP_CONNECTIONS_H_
#define PARVIS_NET_HTTP_CONNECTIONS_H_

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "parvis/core/result.h"
#include "parvis/net/http_client.h"

namespace parvis::net {

struct HttpConnectionsSettings {
  size_t most_idle = 8;  // more are closed when their answer has ended; 0: none is kept
  std::chrono::milliseconds idle_time{30'000};  // then an idle one is closed
};

// Connections to one service that are kept for the next call. One object a service and key: what
// was said by one of them is never answered to another, and a certificate that was checked counts
// for the connection that it was checked for.
//
// A kept connection on which the other side has closed, or has said anything unasked, is given up
// before the next call uses it. If it closes in the moment in which a call is sent, the call goes
// out once more, over a new connection, as long as not one line of an answer has come. So the other
// side may see a call twice: only those that are `repeatable` use a kept connection, all others a
// new one.
//
// Safe to call from several threads; each call has a connection of its own.
class HttpConnections {
 public:
  explicit HttpConnections(const HttpConnectionsSettings& settings);
  ~HttpConnections();  // closes them. REQUIRES: no call is under way
  HttpConnections(const HttpConnections&) = delete;
  HttpConnections& operator=(const HttpConnections&) = delete;

  Result<HttpReply> Send(const HttpCall& call);  // as net::Send

 private:
  struct Idle;
  using Clock = std::chrono::steady_clock;

  std::unique_ptr<Idle> Take();
  void Keep(std::unique_ptr<Idle> idle);
  void CloseOld();

  const HttpConnectionsSettings settings_;
  std::mutex mutex_;  // guards the two below
  std::condition_variable wake_;
  std::deque<std::unique_ptr<Idle>> idle_;  // the one that was used last at the end
  bool stop_ = false;
  std::thread closer_;  // if any are kept
};

}  // namespace parvis::net

#endif  // PARVIS_NET_HTTP_CONNECTIONS_H_
