#include "parvis/server/http_wire.h"

#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <utility>

namespace parvis::server {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr size_t kReadBytes = 4096;
constexpr size_t kMaxUnread = size_t{64} << 10;  // of a client that sends faster than we take
constexpr auto kLingerTime = std::chrono::seconds(2);

}  // namespace

void Signal::Set() {
  set_ = true;
  timer_.cancel();
}

asio::awaitable<bool> Signal::Wait(std::chrono::steady_clock::time_point until) {
  if (!set_) {
    timer_.expires_at(until);
    error_code ignored;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  co_return std::exchange(set_, false);
}

Wire::Wire(asio::io_context& io, const HttpServerSettings& settings, tcp::socket socket,
           asio::ssl::context* tls)
    : io_(io),
      settings_(settings),
      socket_(std::move(socket)),
      signal_(io),
      room_(io),
      deadline_(io) {
  if (tls != nullptr) tls_.emplace(socket_, *tls);
  error_code gone;
  const tcp::endpoint peer = socket_.remote_endpoint(gone);
  if (!gone) peer_ = peer.address().to_string(gone);
}

asio::awaitable<bool> Wire::Handshake() {
  error_code error;
  if (tls_) {
    Arm(settings_.header_time);
    co_await tls_->async_handshake(asio::ssl::stream_base::server,
                                   asio::redirect_error(asio::use_awaitable, error));
    Disarm();
  }
  co_return !error;
}

asio::awaitable<void> Wire::Read([[maybe_unused]] std::shared_ptr<Wire> self) {
  std::array<char, kReadBytes> bytes;
  while (!closed_) {
    if (full()) {
      co_await room_.Wait(Clock::time_point::max());
      continue;
    }
    error_code error;
    size_t count = 0;
    if (tls_) {
      count = co_await tls_->async_read_some(asio::buffer(bytes),
                                             asio::redirect_error(asio::use_awaitable, error));
    } else {
      count = co_await socket_.async_read_some(asio::buffer(bytes),
                                               asio::redirect_error(asio::use_awaitable, error));
    }
    if (error) break;
    if (!discards_) input_.append(bytes.data(), count);
    bytes.fill(0);
    signal_.Set();
  }
  closed_ = true;
  if (on_closed_) on_closed_();
  signal_.Set();
}

bool Wire::full() const { return input_.size() >= kMaxUnread; }

void Wire::Take(size_t count) {
  // Into new memory: the old one goes back wiped, and thousands of idle connections hold nothing.
  std::string rest(input_, count);
  input_.swap(rest);
  room_.Set();
}

std::function<void()> Wire::Waker() {
  return [weak = weak_from_this(), &io = io_] {
    asio::post(io, [weak] {
      if (const auto self = weak.lock()) self->signal_.Set();
    });
  };
}

asio::awaitable<bool> Wire::Write(std::string bytes) {
  error_code error;
  Arm(settings_.write_time);
  if (tls_) {
    co_await asio::async_write(*tls_, asio::buffer(bytes),
                               asio::redirect_error(asio::use_awaitable, error));
  } else {
    co_await asio::async_write(socket_, asio::buffer(bytes),
                               asio::redirect_error(asio::use_awaitable, error));
  }
  Disarm();
  co_return !error;
}

void Wire::Cut() {
  error_code ignored;
  socket_.close(ignored);
  closed_ = true;
  signal_.Set();
  room_.Set();
}

asio::awaitable<void> Wire::Linger() {
  discards_ = true;
  input_.clear();
  room_.Set();
  error_code ignored;
  if (tls_) {
    Arm(kLingerTime);
    co_await tls_->async_shutdown(asio::redirect_error(asio::use_awaitable, ignored));
    Disarm();
  } else {
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    const Clock::time_point until = Clock::now() + kLingerTime;
    while (!closed_ && Clock::now() < until) co_await signal_.Wait(until);
  }
}

void Wire::Arm(std::chrono::seconds time) {
  deadline_.expires_after(time);
  deadline_.async_wait([weak = weak_from_this()](error_code error) {
    if (error) return;
    if (const auto self = weak.lock()) self->Cut();
  });
}

}  // namespace parvis::server
