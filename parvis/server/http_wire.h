#ifndef PARVIS_SERVER_HTTP_WIRE_H_
#define PARVIS_SERVER_HTTP_WIRE_H_

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "parvis/server/http_server.h"

// Of the server's own files only: the one header that names Asio.
//
// House rules for coroutines with gcc 12 (docs/design/server.md): functions and member functions,
// never lambdas with captures; nothing with a destructor made inside a co_await expression.
namespace parvis::server {

// Wakes one waiting coroutine; a signal that nobody waits for is kept for the next.
class Signal {
 public:
  explicit Signal(boost::asio::io_context& io) : timer_(io) {}
  void Set();
  // False: nothing came until `until`.
  boost::asio::awaitable<bool> Wait(std::chrono::steady_clock::time_point until);

 private:
  boost::asio::steady_timer timer_;
  bool set_ = false;
};

// A connection as bytes, with or without TLS. One coroutine reads whatever comes, so that a client
// that leaves is noticed at any moment; another takes what was read and writes. They talk by plain
// members and by Signal, which is safe because both run on the one I/O thread; only Wake may be
// called from others.
class Wire : public std::enable_shared_from_this<Wire> {
 public:
  using Clock = std::chrono::steady_clock;

  // `tls`: null for none. `io` and `settings` outlive the wire.
  Wire(boost::asio::io_context& io, const HttpServerSettings& settings,
       boost::asio::ip::tcp::socket socket, boost::asio::ssl::context* tls);

  const std::string& peer() const { return peer_; }  // the client's address

  // The agreement of TLS, if it is spoken. False: there is none.
  boost::asio::awaitable<bool> Handshake();
  // Reads until the client is gone or we are; `self` keeps the wire as long.
  boost::asio::awaitable<void> Read(std::shared_ptr<Wire> self);

  // What was read and not yet taken. A client that sends faster than we take waits.
  const std::string& input() const { return input_; }
  bool full() const;  // nothing more is read before something is taken
  void Take(size_t count);

  // Until something is read, the client is gone or somebody calls Wake. False: not in time.
  boost::asio::awaitable<bool> Wait(Clock::time_point until) { return signal_.Wait(until); }
  // A function that wakes who waits, from any thread, also after the wire's end.
  std::function<void()> Waker();

  // False: the client is gone, or does not read.
  boost::asio::awaitable<bool> Write(std::string bytes);

  bool closed() const { return closed_; }  // by the client, or by us
  // Called when the client leaves; null: nobody wants to know.
  void OnClosed(std::function<void()> closed) { on_closed_ = std::move(closed); }

  void Cut();  // now
  // Lets the client read our last words before the socket goes: closing with unread bytes would
  // make its system drop them.
  boost::asio::awaitable<void> Linger();

 private:
  // Cuts the connection unless Disarm comes in time.
  void Arm(std::chrono::seconds time);
  void Disarm() { deadline_.cancel(); }

  boost::asio::io_context& io_;
  const HttpServerSettings& settings_;
  boost::asio::ip::tcp::socket socket_;
  std::optional<boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>> tls_;
  Signal signal_;  // for who takes and writes
  Signal room_;    // for who reads
  boost::asio::steady_timer deadline_;
  std::string peer_, input_;
  bool closed_ = false;
  bool discards_ = false;  // nothing more is of interest
  std::function<void()> on_closed_;
};

}  // namespace parvis::server

#endif  // PARVIS_SERVER_HTTP_WIRE_H_
