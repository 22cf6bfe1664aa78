// Listening, and what a connection does in which order: read a request, judge it, call its handler,
// deliver the answer. One io_context, one thread; each connection has two coroutines (http_wire.h).

#include "parvis/server/http_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "parvis/server/errors.h"
#include "parvis/server/http_connection.h"
#include "parvis/server/http_head.h"

namespace parvis::server {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using service::RefusalKind;
using Clock = std::chrono::steady_clock;

// What all connections share.
struct World {
  std::set<class Connection*> connections;  // before io, whose end ends the last of them
  std::atomic<size_t> num_connections{0};
  asio::io_context io{1};
  HttpServerSettings settings;
  std::optional<HttpService> service;  // before the first connection
  std::optional<asio::ssl::context> tls;
  bool stopping = false;
};

// Handlers run on a worker; one that throws is answered for.
void Call(service::Workers& workers, const Route& route, HttpRequest&& request,
          const std::shared_ptr<Outbox>& outbox) {
  workers.Post([&route, outbox, request = std::move(request)]() mutable {
    const std::string id = request.id;
    try {
      route.handler(std::move(request), outbox);
    } catch (const std::exception&) {
      outbox->Send(ErrorResponse(
          route.dialect, {RefusalKind::kInternal, "The server made a mistake; it is not yours."},
          id));
    }
  });
}

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(World& world, tcp::socket socket)
      : world_(world),
        wire_(std::make_shared<Wire>(world.io, world.settings, std::move(socket),
                                     world.tls ? &*world.tls : nullptr)) {
    world_.connections.insert(this);
    ++world_.num_connections;
  }
  ~Connection() {
    world_.connections.erase(this);
    --world_.num_connections;
  }

  void Start() { asio::co_spawn(world_.io, Run(shared_from_this()), asio::detached); }
  void Cut() { wire_->Cut(); }
  void CutIdle() {  // if it is between requests
    if (idle_) Cut();
  }

 private:
  asio::awaitable<void> Run([[maybe_unused]] std::shared_ptr<Connection> self) {
    const bool ready = co_await wire_->Handshake();
    if (ready) {
      asio::co_spawn(world_.io, wire_->Read(wire_), asio::detached);
      bool more = true;
      while (more && !world_.stopping) more = co_await Turn();
      if (!wire_->closed()) co_await wire_->Linger();
    }
    Cut();
  }

  // One request and its answer. False: it was the last.
  asio::awaitable<bool> Turn() {
    idle_ = wire_->input().empty();
    const Clock::time_point idle_until = Clock::now() + world_.settings.idle_time;
    while (wire_->input().empty() && !wire_->closed()) {
      const bool in_time = co_await wire_->Wait(idle_until);
      if (!in_time || world_.stopping) co_return false;
    }
    idle_ = false;
    if (wire_->input().empty()) co_return false;

    Incoming incoming;
    incoming.came_at = Clock::now();
    incoming.request.id = NewRequestId();
    incoming.request.trace = world_.service->telemetry.Begin(incoming.request.id);
    incoming.request.trace->Enter("read");
    const bool understood =
        co_await ReadRequest(*wire_, *world_.service, world_.settings, incoming);
    if (!understood) {
      incoming.request.trace->Note([](telemetry::RequestSeen& seen) { seen.gone = true; });
      co_return false;
    }
    co_return co_await Answer(std::move(incoming));
  }

  // What the route's handler, or a refusal, says. False: the connection ends with it.
  asio::awaitable<bool> Answer(Incoming incoming) {
    auto outbox = std::make_shared<Outbox>(world_.settings.max_pending_bytes, wire_->Waker());
    wire_->OnClosed([outbox] { outbox->Gone(); });
    const std::shared_ptr<telemetry::Trace> trace = incoming.request.trace;
    NoteRequest(incoming, *trace);
    // What was not read of the body would be taken for the next request.
    if (incoming.refusal && !incoming.body_read) incoming.keep_alive = false;
    const Delivery delivery{.request_id = incoming.request.id,
                            .head_only = incoming.request.method == "HEAD",
                            .keep_alive = incoming.keep_alive,
                            .chunks = incoming.chunks,
                            .came_at = incoming.came_at,
                            .workers = world_.service->workers};
    if (incoming.refusal) {
      HttpResponse response =
          ErrorResponse(incoming.dialect, *incoming.refusal, incoming.request.id);
      if (incoming.status != 0) response.status = incoming.status;
      if (!incoming.allow.empty()) response.headers.emplace_back("allow", incoming.allow);
      outbox->Send(std::move(response));
    } else {
      Call(world_.service->workers, *incoming.route, std::move(incoming.request), outbox);
    }
    const bool more = co_await Deliver(*wire_, world_.settings, delivery, *trace, *outbox);
    wire_->OnClosed(nullptr);
    outbox->Gone();  // who still computes for it can stop
    co_return more;
  }

  World& world_;
  const std::shared_ptr<Wire> wire_;
  bool idle_ = true;  // between requests
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
      const std::set<Connection*> connections = world_.connections;
      for (Connection* connection : connections) connection->CutIdle();
    });
  }

  void Close() override {
    if (!thread_.joinable()) return;
    StopAccepting();
    asio::post(world_.io, [this] {
      const std::set<Connection*> connections = world_.connections;
      for (Connection* connection : connections) connection->Cut();
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
      std::make_shared<Connection>(world_, std::move(socket))->Start();
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
