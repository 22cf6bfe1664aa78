#include "parvis/net/http_connections.h"

#include <poll.h>

#include <utility>
#include <vector>

#include "parvis/net/curl_call.h"

namespace parvis::net {
namespace {

// Nothing may come over a connection that waits: an end, or bytes that would be taken for the
// beginning of the next answer.
bool Silent(curl_socket_t socket) {
  pollfd one{.fd = socket, .events = POLLIN, .revents = 0};
  return poll(&one, 1, 0) == 0;
}

}  // namespace

struct HttpConnections::Idle {
  Multi multi;
  curl_socket_t socket = CURL_SOCKET_BAD;
  Clock::time_point since;
};

HttpConnections::HttpConnections(const HttpConnectionsSettings& settings) : settings_(settings) {
  if (settings_.most_idle > 0) closer_ = std::thread([this] { CloseOld(); });
}

HttpConnections::~HttpConnections() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  if (closer_.joinable()) closer_.join();
}

std::unique_ptr<HttpConnections::Idle> HttpConnections::Take() {
  const Clock::time_point now = Clock::now();
  std::vector<std::unique_ptr<Idle>> useless;  // closed without the lock
  const std::lock_guard lock(mutex_);
  while (!idle_.empty()) {
    std::unique_ptr<Idle> last = std::move(idle_.back());
    idle_.pop_back();
    if (now - last->since < settings_.idle_time && Silent(last->socket)) return last;
    useless.push_back(std::move(last));
  }
  return nullptr;
}

void HttpConnections::Keep(std::unique_ptr<Idle> idle) {
  idle->since = Clock::now();
  std::unique_ptr<Idle> oldest;  // closed without the lock
  {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(idle));
    if (idle_.size() > settings_.most_idle) {
      oldest = std::move(idle_.front());
      idle_.pop_front();
    }
  }
  wake_.notify_one();
}

void HttpConnections::CloseOld() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    if (idle_.empty()) {
      wake_.wait(lock);
      continue;
    }
    const Clock::time_point end = idle_.front()->since + settings_.idle_time;
    if (Clock::now() < end) {
      wake_.wait_until(lock, end);
      continue;
    }
    const std::unique_ptr<Idle> old = std::move(idle_.front());
    idle_.pop_front();
  }
}

Result<HttpReply> HttpConnections::Send(const HttpCall& call) {
  std::unique_ptr<Idle> used = call.repeatable ? Take() : nullptr;
  if (used == nullptr) used = std::make_unique<Idle>(Idle{.multi = NewMulti()});
  if (used->multi == nullptr) return Internal("libcurl does not start");
  Result<HttpReply> reply = SendOver(used->multi.get(), call, used->socket);
  if (reply.ok() && used->socket != CURL_SOCKET_BAD && settings_.most_idle > 0) {
    Keep(std::move(used));
  }
  return reply;
}

}  // namespace parvis::net
