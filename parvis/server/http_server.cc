// The only file that knows Boost, and longer than others for it: what a connection does is told in
// one place. One io_context, one thread. Each connection has two coroutines: one reads whatever
// comes (so that a client that leaves is noticed at any moment), the other takes requests out of
// what was read, gives them to handlers and writes what they answer. They talk by plain members and
// by Signal, which is safe because both run on the one thread.
//
// House rules for coroutines with gcc 12 (docs/design/server.md): member functions, never lambdas
// with captures; nothing with a destructor made inside a co_await expression.

#include "parvis/server/http_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http.hpp>
#include <cctype>
#include <exception>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "parvis/server/errors.h"
#include "parvis/server/http_head.h"
#include "parvis/server/outbox.h"

namespace parvis::server {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using service::Refusal;
using service::RefusalKind;
using Clock = std::chrono::steady_clock;
using TlsStream = asio::ssl::stream<tcp::socket>;

constexpr size_t kReadBytes = 4096;
constexpr size_t kMaxUnread = size_t{64} << 10;  // of a client that sends faster than we take
constexpr auto kLingerTime = std::chrono::seconds(2);

// What all connections share.
struct World {
  std::set<class ConnectionBase*> connections;  // before io, whose end ends the last of them
  std::atomic<size_t> num_connections{0};
  asio::io_context io{1};
  HttpServerSettings settings;
  std::optional<HttpService> service;  // before the first connection
  std::optional<asio::ssl::context> tls;
  bool stopping = false;
};

class ConnectionBase {
 public:
  virtual ~ConnectionBase() = default;
  virtual void Cut() = 0;      // now
  virtual void CutIdle() = 0;  // if it is between requests
};

// Wakes one waiting coroutine; a signal that nobody waits for is kept for the next.
class Signal {
 public:
  explicit Signal(asio::io_context& io) : timer_(io) {}
  void Set() {
    set_ = true;
    timer_.cancel();
  }
  // False: nothing came until `until`.
  asio::awaitable<bool> Wait(Clock::time_point until) {
    if (!set_) {
      timer_.expires_at(until);
      error_code ignored;
      co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    co_return std::exchange(set_, false);
  }

 private:
  asio::steady_timer timer_;
  bool set_ = false;
};

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
  Clock::time_point came_at;
  std::optional<Refusal> refusal;
  int status = 0;  // of the refusal, if its kind does not say it
};

using Parser = http::request_parser<http::string_body>;

// Takes the fields out of the parser. False: there are two that must not be.
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

template <typename Stream>
class Connection : public ConnectionBase, public std::enable_shared_from_this<Connection<Stream>> {
 public:
  Connection(World& world, Stream stream)
      : world_(world),
        stream_(std::move(stream)),
        signal_(world.io),
        room_(world.io),
        deadline_(world.io) {
    world_.connections.insert(this);
    ++world_.num_connections;
  }
  ~Connection() override {
    world_.connections.erase(this);
    --world_.num_connections;
  }

  void Start() { asio::co_spawn(world_.io, Run(this->shared_from_this()), asio::detached); }

  void Cut() override {
    error_code ignored;
    stream_.lowest_layer().close(ignored);
    closed_ = true;
    signal_.Set();
    room_.Set();
  }
  void CutIdle() override {
    if (idle_) Cut();
  }

 private:
  using Self = std::shared_ptr<Connection>;

  asio::awaitable<void> Run(Self self) {
    const bool ready = co_await Handshake();
    if (ready) {
      asio::co_spawn(world_.io, Read(self), asio::detached);
      bool more = true;
      while (more && !world_.stopping) more = co_await Turn();
      if (!closed_) co_await Linger();
    }
    Cut();
  }

  asio::awaitable<bool> Handshake() {
    error_code error;
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      Arm(world_.settings.header_time);
      co_await stream_.async_handshake(asio::ssl::stream_base::server,
                                       asio::redirect_error(asio::use_awaitable, error));
      Disarm();
    }
    co_return !error;
  }

  // Reads whatever comes, until the client is gone or we are.
  asio::awaitable<void> Read([[maybe_unused]] Self self) {
    std::array<char, kReadBytes> bytes;
    while (!closed_) {
      if (input_.size() >= kMaxUnread) {
        co_await room_.Wait(Clock::time_point::max());
        continue;
      }
      error_code error;
      const size_t count = co_await stream_.async_read_some(
          asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, error));
      if (error) break;
      if (!discards_) input_.append(bytes.data(), count);
      signal_.Set();
    }
    closed_ = true;
    if (outbox_) outbox_->Gone();
    signal_.Set();
  }

  // One request and its answer. False: it was the last.
  asio::awaitable<bool> Turn() {
    idle_ = input_.empty();
    const Clock::time_point idle_until = Clock::now() + world_.settings.idle_time;
    while (input_.empty() && !closed_) {
      const bool in_time = co_await signal_.Wait(idle_until);
      if (!in_time || world_.stopping) co_return false;
    }
    idle_ = false;
    if (input_.empty()) co_return false;

    Incoming incoming;
    incoming.came_at = Clock::now();
    incoming.request.id = NewRequestId();
    incoming.request.trace = world_.service->telemetry.Begin(incoming.request.id);
    incoming.request.trace->Enter("read");
    const bool understood = co_await ReadRequest(incoming);
    if (!understood) {
      incoming.request.trace->Note([](telemetry::RequestSeen& seen) { seen.gone = true; });
      co_return false;
    }
    co_return co_await Answer(std::move(incoming));
  }

  // False: the client went away, or was too slow to be told so.
  asio::awaitable<bool> ReadRequest(Incoming& incoming) {
    const size_t head_end = co_await ReadHead(incoming);
    if (incoming.refusal) co_return true;
    if (head_end == 0) co_return false;

    Parser parser;
    parser.eager(false);
    parser.header_limit(static_cast<uint32_t>(world_.settings.max_header_bytes));
    parser.body_limit(boost::none);
    incoming.refusal = CheckHead(std::string_view(input_).substr(0, head_end));
    if (incoming.refusal) co_return true;
    error_code error;
    size_t used = parser.put(asio::buffer(input_.data(), head_end), error);
    if (error == http::error::need_more) error = {};
    if (error || !parser.is_header_done() || used != head_end) {
      incoming.refusal = Refusal{RefusalKind::kInvalid,
                                 "The head is not HTTP as it should be: " + error.message()};
      co_return true;
    }
    Consume(used);
    TakeFields(parser, incoming.request);
    incoming.keep_alive = parser.keep_alive();
    incoming.chunks = parser.get().version() >= 11;
    Judge(parser, incoming);
    if (incoming.refusal) {
      incoming.body_read = parser.is_done();
      co_return true;
    }
    co_return co_await ReadBody(parser, incoming);
  }

  // The size of the head once it is there; 0: it will not come.
  asio::awaitable<size_t> ReadHead(Incoming& incoming) {
    const Clock::time_point until = incoming.came_at + world_.settings.header_time;
    while (true) {
      const size_t end = input_.find("\r\n\r\n");
      if (end != std::string::npos && end + 4 <= world_.settings.max_header_bytes) {
        co_return end + 4;
      }
      if (input_.size() >= world_.settings.max_header_bytes) {
        incoming.refusal = Refusal{RefusalKind::kTooLarge, "The head of the request is too large."};
        incoming.status = 431;
        co_return 0;
      }
      if (closed_) co_return 0;
      const bool in_time = co_await signal_.Wait(until);
      if (!in_time) {
        incoming.refusal =
            Refusal{RefusalKind::kInvalid, "The head of the request came too slowly."};
        incoming.status = 408;
        co_return 0;
      }
    }
  }

  // All that can be said before the body: which route, by whom, and whether they may.
  void Judge(const Parser& parser, Incoming& incoming) {
    HttpRequest& request = incoming.request;
    Router::Match match = world_.service->router.Find(request.method, request.path);
    incoming.route = match.route;
    incoming.allow = std::move(match.allow);
    request.captures = std::move(match.captures);
    if (incoming.route != nullptr) incoming.dialect = incoming.route->dialect;

    const std::string_view host = request.Header("host");
    if (!HostAllowed(host, world_.settings.allowed_hosts)) {
      incoming.refusal = Refusal{RefusalKind::kForbidden, "This server does not go by that name."};
      return;
    }
    if (!OriginAllowed(request.Header("origin"), host, world_.settings.allowed_origins)) {
      incoming.refusal =
          Refusal{RefusalKind::kForbidden, "Pages from there may not call this server."};
      return;
    }
    if (incoming.route == nullptr) {
      const bool other_method = !incoming.allow.empty();
      incoming.refusal = Refusal{
          RefusalKind::kNotFound,
          other_method ? fmt::format("'{}' is not for {}.", request.path, request.method)
                       : fmt::format("There is no '{}' here.", request.path.substr(0, 256))};
      if (other_method) incoming.status = 405;
      return;
    }
    incoming.refusal = Admit(*incoming.route, request);
    if (incoming.refusal) return;
    const std::string_view expect = request.Header("expect");
    incoming.expects_continue = !expect.empty();
    const auto length = parser.content_length();
    if (length && *length > incoming.route->max_body_bytes)
      incoming.refusal = TooLarge(*incoming.route);
  }

  std::optional<Refusal> Admit(const Route& route, HttpRequest& request) const {
    if (route.policy.kind == Policy::Kind::kPublic) return std::nullopt;
    auto credential = CredentialOf(request);
    if (!credential.ok()) return credential.refusal();
    auto caller = world_.service->identity.Identify(*credential);
    if (!caller.ok()) return caller.refusal();
    if (!caller->permissions.Has(route.policy.permission)) {
      return Refusal{RefusalKind::kForbidden,
                     fmt::format("This key may not do that: it lacks '{}'.",
                                 service::PermissionName(route.policy.permission)),
                     {},
                     "permission_denied",
                     {}};
    }
    request.caller = std::move(*caller);
    request.headers.erase("authorization");  // handlers have no use for secrets
    request.headers.erase("x-api-key");
    return std::nullopt;
  }

  static Refusal TooLarge(const Route& route) {
    return {RefusalKind::kTooLarge,
            fmt::format("The body may have {} bytes.", route.max_body_bytes)};
  }

  asio::awaitable<bool> ReadBody(Parser& parser, Incoming& incoming) {
    parser.body_limit(incoming.route->max_body_bytes);
    parser.eager(true);
    if (incoming.expects_continue && !parser.is_done()) {
      const bool written = co_await WriteBytes("HTTP/1.1 100 Continue\r\n\r\n");
      if (!written) co_return false;
    }
    const Clock::time_point until = Clock::now() + world_.settings.body_time;
    while (!parser.is_done()) {
      error_code error;
      if (!input_.empty()) {
        const size_t used = parser.put(asio::buffer(input_), error);
        Consume(used);
        if (error == http::error::body_limit) {
          incoming.refusal = TooLarge(*incoming.route);
          co_return true;
        }
        if (error && error != http::error::need_more) {
          incoming.refusal = Refusal{RefusalKind::kInvalid,
                                     "The body is not HTTP as it should be: " + error.message()};
          co_return true;
        }
        if (parser.is_done()) break;
        // An end in the middle of a chunk's size is looked at again with what follows.
        if (used > 0 && error != http::error::need_more) continue;
      }
      if (closed_) co_return false;
      if (input_.size() >= kMaxUnread) {
        incoming.refusal = Refusal{RefusalKind::kInvalid, "A chunk's head is too long."};
        co_return true;
      }
      const bool in_time = co_await signal_.Wait(until);
      if (!in_time) {
        incoming.refusal = Refusal{RefusalKind::kInvalid, "The body came too slowly."};
        incoming.status = 408;
        co_return true;
      }
    }
    incoming.body_read = true;
    incoming.request.body = std::move(parser.get().body());
    co_return true;
  }

  void Consume(size_t count) {
    input_.erase(0, count);
    if (input_.empty()) input_.shrink_to_fit();  // thousands of idle connections hold nothing
    room_.Set();
  }

  // What the route's handler, or a refusal, says. False: the connection ends with it.
  asio::awaitable<bool> Answer(Incoming incoming) {
    auto outbox = std::make_shared<Outbox>(world_.settings.max_pending_bytes, SignalFromAnywhere());
    outbox_ = outbox;
    request_id_ = incoming.request.id;
    method_ = incoming.request.method;
    head_only_ = method_ == "HEAD";
    const std::shared_ptr<telemetry::Trace> trace = incoming.request.trace;
    NoteRequest(incoming, *trace);
    if (incoming.refusal) {
      // What was not read of the body would be taken for the next request.
      if (!incoming.body_read) incoming.keep_alive = false;
      HttpResponse response =
          ErrorResponse(incoming.dialect, *incoming.refusal, incoming.request.id);
      if (incoming.status != 0) response.status = incoming.status;
      if (!incoming.allow.empty()) response.headers.emplace_back("allow", incoming.allow);
      outbox->Send(std::move(response));
    } else {
      Call(*incoming.route, std::move(incoming.request), incoming.dialect, outbox);
    }
    const bool more = co_await Deliver(incoming, *trace, *outbox);
    outbox_.reset();
    outbox->Gone();  // who still computes for it can stop
    co_return more;
  }

  // What may be seen of a request. Names are ours, or those of the table: others could hold
  // anything.
  static void NoteRequest(const Incoming& incoming, telemetry::Trace& trace) {
    const HttpRequest& request = incoming.request;
    telemetry::Telemetry::Join(trace, request.Header("traceparent"));
    trace.Note([&](telemetry::RequestSeen& seen) {
      if (incoming.route != nullptr) {
        seen.method = incoming.route->method;
        seen.route = incoming.route->pattern;
      }
      seen.organisation = request.caller.organisation;
      seen.owner = request.caller.owner;
      seen.key = request.caller.key;
      if (!incoming.refusal) return;
      seen.error = incoming.refusal->code.empty() ? service::RefusalKindName(incoming.refusal->kind)
                                                  : incoming.refusal->code;
    });
    trace.Enter("handle");
  }

  // Handlers run on a worker; one that throws is answered for.
  void Call(const Route& route, HttpRequest&& request, Dialect dialect,
            const std::shared_ptr<Outbox>& outbox) {
    world_.service->workers.Post([&route, dialect, outbox, request = std::move(request)]() mutable {
      const std::string id = request.id;
      try {
        route.handler(std::move(request), outbox);
      } catch (const std::exception&) {
        outbox->Send(ErrorResponse(
            dialect, {RefusalKind::kInternal, "The server made a mistake; it is not yours."}, id));
      }
    });
  }

  std::function<void()> SignalFromAnywhere() {
    return [weak = this->weak_from_this(), &io = world_.io] {
      asio::post(io, [weak] {
        if (const Self self = weak.lock()) self->signal_.Set();
      });
    };
  }

  asio::awaitable<bool> Deliver(const Incoming& incoming, telemetry::Trace& trace, Outbox& outbox) {
    HeadForm form{.request_id = request_id_, .keep_alive = incoming.keep_alive};
    int status = 0;
    bool begun = false, events = false, ok = true, clean = false;
    while (ok && !clean) {
      Outbox::Taken taken = outbox.Take();
      std::string bytes;
      if (taken.begun && !begun) {
        begun = true;
        events = taken.head.content_type.starts_with("text/event-stream");
        status = taken.head.status;
        if (!taken.whole && !incoming.chunks) form.keep_alive = false;
        form.chunked = !taken.whole && incoming.chunks;
        form.body_bytes = taken.head.body.size();
        form.seconds = std::chrono::duration<double>(Clock::now() - incoming.came_at).count();
        form.trace_parent = trace.trace_parent();
        form.server_timing = trace.ServerTiming();
        bytes = HeadOf(taken.head, form);
        if (!head_only_) bytes += taken.head.body;
      }
      AddChunk(taken.bytes, form.chunked, bytes);
      if (taken.broken) {
        if (!bytes.empty()) co_await WriteBytes(std::move(bytes));
        break;
      }
      if (taken.ended) {
        if (form.chunked && !head_only_) bytes += "0\r\n\r\n";
        clean = true;
      }
      if (!bytes.empty()) {
        ok = co_await WriteBytes(std::move(bytes));
      } else if (!clean) {
        const bool said = co_await signal_.Wait(Clock::now() + world_.settings.keep_alive_time);
        if (!said && events) {
          std::string ping;
          AddChunk(": keep-alive\n\n", form.chunked, ping);
          ok = co_await WriteBytes(std::move(ping));
        }
      }
      if (closed_) ok = false;
    }
    trace.Note([status, clean](telemetry::RequestSeen& seen) {
      seen.status = status;
      seen.gone = !clean;
    });
    co_return ok&& clean&& form.keep_alive;
  }

  static void AddChunk(std::string_view data, bool chunked, std::string& bytes) {
    if (data.empty()) return;
    if (chunked) bytes += fmt::format("{:x}\r\n", data.size());
    bytes += data;
    if (chunked) bytes += "\r\n";
  }

  asio::awaitable<bool> WriteBytes(std::string bytes) {
    error_code error;
    Arm(world_.settings.write_time);
    co_await asio::async_write(stream_, asio::buffer(bytes),
                               asio::redirect_error(asio::use_awaitable, error));
    Disarm();
    co_return !error;
  }

  // Lets the client read our last words before the socket goes: closing with unread bytes would
  // make its system drop them.
  asio::awaitable<void> Linger() {
    discards_ = true;
    input_.clear();
    room_.Set();
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      error_code ignored;
      Arm(kLingerTime);
      co_await stream_.async_shutdown(asio::redirect_error(asio::use_awaitable, ignored));
      Disarm();
    } else {
      error_code ignored;
      stream_.shutdown(tcp::socket::shutdown_send, ignored);
      const Clock::time_point until = Clock::now() + kLingerTime;
      while (!closed_ && Clock::now() < until) co_await signal_.Wait(until);
    }
  }

  // Cuts the connection unless Disarm comes in time.
  void Arm(std::chrono::seconds time) {
    deadline_.expires_after(time);
    deadline_.async_wait([weak = this->weak_from_this()](error_code error) {
      if (error) return;
      if (const Self self = weak.lock()) self->Cut();
    });
  }
  void Disarm() { deadline_.cancel(); }

  World& world_;
  Stream stream_;
  Signal signal_;  // for the coroutine of Run
  Signal room_;    // for that of Read
  asio::steady_timer deadline_;
  std::string input_;               // read and not yet taken
  bool closed_ = false;             // by the client, or by us
  bool discards_ = false;           // nothing more is of interest
  bool idle_ = true;                // between requests
  std::shared_ptr<Outbox> outbox_;  // of the request being answered
  std::string request_id_, method_;
  bool head_only_ = false;
};

Status AddressError(const HttpServerSettings& settings, const error_code& error) {
  const std::string message =
      fmt::format("{}:{}: {}", settings.host, settings.port, error.message());
  if (error != asio::error::address_in_use) return {StatusCode::kUnavailable, message};
  return {StatusCode::kUnavailable, message + "; --port names another (0: any that is free)"};
}

class Server : public HttpServer {
 public:
  explicit Server(const HttpServerSettings& settings)
      : world_{.settings = settings}, acceptor_(world_.io), retry_(world_.io) {}
  ~Server() override { Close(); }

  Status Listen() {
    PARVIS_ASSIGN_OR_RETURN(world_.tls, MakeTls(world_.settings));
    error_code error;
    tcp::resolver resolver(world_.io);
    const auto found = resolver.resolve(world_.settings.host, std::to_string(world_.settings.port),
                                        tcp::resolver::passive, error);
    if (error || found.empty()) return AddressError(world_.settings, error);
    const tcp::endpoint endpoint = found.begin()->endpoint();
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(1024, error);
    if (error) return AddressError(world_.settings, error);
    port_ = acceptor_.local_endpoint().port();
    return {};
  }

  void Start(HttpService service) override {
    world_.service.emplace(std::move(service));
    asio::co_spawn(world_.io, Accept(), asio::detached);
    thread_ = std::thread([this] { world_.io.run(); });
  }

  uint16_t port() const override { return port_; }
  size_t connections() const override { return world_.num_connections; }

  Status Reload(const HttpServerSettings& settings) override {
    PARVIS_ASSIGN_OR_RETURN(auto made, MakeTls(settings));
    // Shared, since a posted handler must be copyable to some; connections that there are keep the
    // certificate with which they began.
    auto tls = std::make_shared<std::optional<asio::ssl::context>>(std::move(made));
    asio::post(world_.io,
               [this, tls, hosts = settings.allowed_hosts, origins = settings.allowed_origins] {
                 if (world_.tls && *tls) world_.tls = std::move(*tls);
                 world_.settings.allowed_hosts = hosts;
                 world_.settings.allowed_origins = origins;
               });
    return {};
  }

  void StopAccepting() override {
    asio::post(world_.io, [this] {
      error_code ignored;
      acceptor_.close(ignored);
      world_.stopping = true;
      const std::set<ConnectionBase*> connections = world_.connections;
      for (ConnectionBase* connection : connections) connection->CutIdle();
    });
  }

  void Close() override {
    if (!thread_.joinable()) return;
    StopAccepting();
    asio::post(world_.io, [this] {
      const std::set<ConnectionBase*> connections = world_.connections;
      for (ConnectionBase* connection : connections) connection->Cut();
    });
    thread_.join();
  }

 private:
  static Result<std::optional<asio::ssl::context>> MakeTls(const HttpServerSettings& settings) {
    std::optional<asio::ssl::context> made;
    if (settings.certificate.empty()) return made;
    error_code error;
    auto& tls = made.emplace(asio::ssl::context::tls_server);
    SSL_CTX_set_min_proto_version(tls.native_handle(), TLS1_2_VERSION);
    tls.use_certificate_chain_file(settings.certificate, error);
    if (error) return InvalidArgument(settings.certificate + ": " + error.message());
    tls.use_private_key_file(settings.private_key, asio::ssl::context::pem, error);
    if (error) return InvalidArgument(settings.private_key + ": " + error.message());
    return made;
  }

  asio::awaitable<void> Accept() {
    while (acceptor_.is_open()) {
      error_code error;
      tcp::socket socket =
          co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
      if (error) {
        if (error == asio::error::operation_aborted) co_return;
        // Out of descriptors, say: others must end first.
        retry_.expires_after(std::chrono::milliseconds(100));
        co_await retry_.async_wait(asio::redirect_error(asio::use_awaitable, error));
        continue;
      }
      if (world_.num_connections >= world_.settings.max_connections) continue;  // closes it
      socket.set_option(tcp::no_delay(true), error);
      if (world_.tls) {
        std::make_shared<Connection<TlsStream>>(world_, TlsStream(std::move(socket), *world_.tls))
            ->Start();
      } else {
        std::make_shared<Connection<tcp::socket>>(world_, std::move(socket))->Start();
      }
    }
  }

  World world_;
  tcp::acceptor acceptor_;
  asio::steady_timer retry_;
  uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::Listen(const HttpServerSettings& settings) {
  auto server = std::make_unique<Server>(settings);
  PARVIS_RETURN_IF_ERROR(server->Listen());
  return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace parvis::server
