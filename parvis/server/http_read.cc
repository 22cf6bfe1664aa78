// The only file that knows Beast, whose parser reads heads and bodies.

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http.hpp>
#include <cctype>
#include <utility>

#include "parvis/server/http_connection.h"
#include "parvis/server/http_head.h"
#include "parvis/server/spool.h"

namespace parvis::server {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using service::Refusal;
using service::RefusalKind;
using Clock = std::chrono::steady_clock;

// A body as it comes. Unlike Beast's own, it makes no room for what a head only promises.
struct GrowingBody {
  using value_type = std::string;
  class reader {
   public:
    template <bool kRequest, class Fields>
    reader(http::header<kRequest, Fields>&, value_type& body) : body_(body) {}
    void init(const boost::optional<uint64_t>&, error_code& error) { error = {}; }
    template <class Buffers>
    size_t put(const Buffers& buffers, error_code& error) {
      error = {};
      size_t bytes = 0;
      for (const auto buffer : boost::beast::buffers_range_ref(buffers)) {
        body_.append(static_cast<const char*>(buffer.data()), buffer.size());
        bytes += buffer.size();
      }
      return bytes;
    }
    void finish(error_code& error) { error = {}; }

   private:
    value_type& body_;
  };
};
using Parser = http::request_parser<GrowingBody>;

constexpr size_t kInMemory = size_t{1} << 20;  // of a body that may be large

void TakeFields(const Parser& parser, HttpRequest& request) {
  const auto& message = parser.get();
  request.method = std::string(message.method_string());
  const std::string target(message.target());
  const size_t question = std::min(target.find('?'), target.size());
  request.path = target.substr(0, question);
  request.query = question < target.size() ? target.substr(question + 1) : "";
  for (const auto& field : message) {
    std::string name(field.name_string());
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    request.headers[std::move(name)] = std::string(field.value());
  }
}

// The size of the head once it is there; 0: it will not come.
asio::awaitable<size_t> ReadHead(Wire& wire, const HttpServerSettings& settings,
                                 Incoming& incoming) {
  const Clock::time_point until = incoming.came_at + settings.header_time;
  while (true) {
    const size_t end = wire.input().find("\r\n\r\n");
    if (end != std::string::npos && end + 4 <= settings.max_header_bytes) co_return end + 4;
    if (wire.input().size() >= settings.max_header_bytes) {
      incoming.refusal = Refusal{RefusalKind::kTooLarge, "The head of the request is too large."};
      incoming.status = 431;
      co_return 0;
    }
    if (wire.closed()) co_return 0;
    const bool in_time = co_await wire.Wait(until);
    if (!in_time) {
      incoming.refusal = Refusal{RefusalKind::kInvalid, "The head of the request came too slowly."};
      incoming.status = 408;
      co_return 0;
    }
  }
}

// Gives the parser what was read. True: it goes on without more.
bool Parse(Wire& wire, Parser& parser, Incoming& incoming) {
  error_code error;
  const size_t used = parser.put(asio::buffer(wire.input()), error);
  wire.Take(used);
  if (error == http::error::body_limit) {
    incoming.refusal = BodyTooLarge(*incoming.route);
  } else if (error && error != http::error::need_more) {
    incoming.refusal =
        Refusal{RefusalKind::kInvalid, "The body is not HTTP as it should be: " + error.message()};
  }
  // An end in the middle of a chunk's size is looked at again with what follows.
  return used > 0 && error != http::error::need_more;
}

// What of a large body waits to be written.
struct Piece {
  std::string bytes;
  std::atomic<bool> written{false};
  bool failed = false;
};

// Puts what was read of a body into its file, by a worker: here nobody waits for a disk.
asio::awaitable<void> Spill(Wire& wire, const HttpService& service, std::string& body,
                            std::shared_ptr<Spool>& spool, Incoming& incoming) {
  if (spool == nullptr) {
    auto made = Spool::In(service.large_bodies);
    if (made.ok()) spool = std::move(made).value();
  }
  const auto piece = std::make_shared<Piece>();
  piece->bytes = std::move(body);
  body.clear();
  piece->failed = spool == nullptr;
  if (!piece->failed) {
    service.workers.Post([spool, piece, wake = wire.Waker()] {
      piece->failed = !spool->Append(piece->bytes).ok();
      piece->bytes = {};
      piece->written = true;
      wake();
    });
    while (!piece->written) co_await wire.Wait(Clock::time_point::max());
  }
  if (piece->failed) {
    incoming.refusal =
        Refusal{RefusalKind::kUnavailable, "There is no room for what is sent.", {}, {}, 1000};
  }
}

// True: `incoming` has the body, or why not.
asio::awaitable<bool> TakeBody(Wire& wire, const HttpService& service, std::string& body,
                               std::shared_ptr<Spool>& spool, Incoming& incoming) {
  if (spool != nullptr) {
    if (!body.empty()) co_await Spill(wire, service, body, spool, incoming);
    if (incoming.refusal) co_return true;
    const Result<std::string_view> all = spool->Read();
    if (all.ok()) {
      incoming.request.large_body = *all;
      incoming.request.holds_large_body = spool;
    } else {
      incoming.refusal = Refusal{RefusalKind::kUnavailable, "What was sent cannot be read."};
      co_return true;
    }
  }
  incoming.body_read = true;
  incoming.request.body = std::move(body);
  co_return true;
}

asio::awaitable<bool> ReadBody(Wire& wire, const HttpService& service,
                               const HttpServerSettings& settings, Parser& parser,
                               Incoming& incoming) {
  const bool spills = incoming.route->takes_large_body && !service.large_bodies.empty();
  std::shared_ptr<Spool> spool;
  std::string& body = parser.get().body();
  parser.body_limit(incoming.route->max_body_bytes);
  parser.eager(true);
  if (incoming.expects_continue && !parser.is_done()) {
    const bool written = co_await wire.Write("HTTP/1.1 100 Continue\r\n\r\n");
    if (!written) co_return false;
  }
  const Clock::time_point until = Clock::now() + settings.body_time;
  while (!parser.is_done()) {
    if (!wire.input().empty()) {
      const bool again = Parse(wire, parser, incoming);
      if (incoming.refusal) co_return true;
      if (spills && body.size() >= kInMemory) {
        co_await Spill(wire, service, body, spool, incoming);
        if (incoming.refusal) co_return true;
      }
      if (parser.is_done()) break;
      if (again) continue;
    }
    if (wire.closed()) co_return false;
    if (wire.full()) {
      incoming.refusal = Refusal{RefusalKind::kInvalid, "A chunk's head is too long."};
      co_return true;
    }
    const bool in_time = co_await wire.Wait(until);
    if (!in_time) {
      incoming.refusal = Refusal{RefusalKind::kInvalid, "The body came too slowly."};
      incoming.status = 408;
      co_return true;
    }
  }
  co_return co_await TakeBody(wire, service, body, spool, incoming);
}

}  // namespace

asio::awaitable<bool> ReadRequest(Wire& wire, const HttpService& service,
                                  const HttpServerSettings& settings, Incoming& incoming) {
  const size_t head_end = co_await ReadHead(wire, settings, incoming);
  if (incoming.refusal) co_return true;
  if (head_end == 0) co_return false;

  Parser parser;
  parser.eager(false);
  parser.header_limit(static_cast<uint32_t>(settings.max_header_bytes));
  parser.body_limit(boost::none);
  incoming.refusal = CheckHead(std::string_view(wire.input()).substr(0, head_end));
  if (incoming.refusal) co_return true;
  error_code error;
  const size_t used = parser.put(asio::buffer(wire.input().data(), head_end), error);
  if (error == http::error::need_more) error = {};
  if (error || !parser.is_header_done() || used != head_end) {
    incoming.refusal =
        Refusal{RefusalKind::kInvalid, "The head is not HTTP as it should be: " + error.message()};
    co_return true;
  }
  wire.Take(used);
  TakeFields(parser, incoming.request);
  incoming.keep_alive = parser.keep_alive();
  incoming.chunks = parser.get().version() >= 11;
  std::optional<uint64_t> length;
  if (const auto told = parser.content_length()) length = *told;
  incoming.request.peer = wire.peer();
  Judge(service, settings, length, incoming);
  if (incoming.refusal) {
    incoming.body_read = parser.is_done();
    co_return true;
  }
  co_return co_await ReadBody(wire, service, settings, parser, incoming);
}

}  // namespace parvis::server
