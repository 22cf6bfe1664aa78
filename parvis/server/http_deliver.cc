#include <fmt/format.h>

#include <atomic>
#include <memory>
#include <utility>

#include "parvis/core/result.h"
#include "parvis/server/http_connection.h"
#include "parvis/server/http_head.h"

namespace parvis::server {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

void AddChunk(std::string_view data, bool chunked, std::string& bytes) {
  if (data.empty()) return;
  if (chunked) bytes += fmt::format("{:x}\r\n", data.size());
  bytes += data;
  if (chunked) bytes += "\r\n";
}

// How the answer's head is written, now that it is known.
HeadForm FormOf(const Outbox::Taken& taken, const Delivery& delivery, telemetry::Trace& trace) {
  HeadForm form{.request_id = delivery.request_id, .keep_alive = delivery.keep_alive};
  if (!taken.whole && !delivery.chunks) form.keep_alive = false;
  form.chunked = !taken.whole && delivery.chunks;
  form.body_bytes = taken.head.pulled == nullptr ? taken.head.body.size()
                                                 : static_cast<size_t>(taken.head.pulled->bytes);
  form.seconds = std::chrono::duration<double>(Clock::now() - delivery.came_at).count();
  form.trace_parent = trace.trace_parent();
  form.server_timing = trace.ServerTiming();
  return form;
}

// What a worker has read of a body.
struct Piece {
  Result<std::string> bytes = std::string();
  std::atomic<bool> done{false};
};

// Sends a body piece by piece: the next is read when the client has taken the one before. False:
// not all of it.
asio::awaitable<bool> Pull(Wire& wire, service::Workers& workers,
                           std::shared_ptr<PulledBody> body) {
  bool ok = true;
  for (int64_t left = body->bytes; left > 0 && ok;) {
    auto piece = std::make_shared<Piece>();
    // Who reads holds all that it needs: the client may leave meanwhile.
    workers.Post([piece, body, wake = wire.Waker()] {
      piece->bytes = body->read();
      piece->done = true;
      wake();
    });
    while (!piece->done && !wire.closed()) {
      co_await wire.Wait(Clock::now() + std::chrono::seconds(60));
    }
    if (!piece->done || !piece->bytes.ok()) co_return false;
    std::string bytes = *std::move(piece->bytes);
    const auto size = static_cast<int64_t>(bytes.size());
    if (size == 0 || size > left) co_return false;
    left -= size;
    ok = co_await wire.Write(std::move(bytes));
  }
  co_return ok;
}

}  // namespace

asio::awaitable<bool> Deliver(Wire& wire, const HttpServerSettings& settings,
                              const Delivery& delivery, telemetry::Trace& trace, Outbox& outbox) {
  int status = 0;
  bool begun = false, chunked = false, keep_alive = delivery.keep_alive;
  bool events = false, ok = true, clean = false;
  std::shared_ptr<PulledBody> pulled;
  while (ok && !clean) {
    Outbox::Taken taken = outbox.Take();
    std::string bytes;
    if (taken.begun && !begun) {
      begun = true;
      events = taken.head.content_type.starts_with("text/event-stream");
      status = taken.head.status;
      const HeadForm form = FormOf(taken, delivery, trace);
      chunked = form.chunked;
      keep_alive = form.keep_alive;
      bytes = HeadOf(taken.head, form);
      if (!delivery.head_only) {
        bytes += taken.head.body;
        pulled = std::move(taken.head.pulled);
      }
    }
    AddChunk(taken.bytes, chunked, bytes);
    if (taken.broken) {
      if (!bytes.empty()) co_await wire.Write(std::move(bytes));
      break;
    }
    if (taken.ended) {
      if (chunked && !delivery.head_only) bytes += "0\r\n\r\n";
      clean = true;
    }
    if (!bytes.empty()) {
      ok = co_await wire.Write(std::move(bytes));
    } else if (!clean) {
      const bool said = co_await wire.Wait(Clock::now() + settings.keep_alive_time);
      if (!said && events) {
        std::string ping;
        AddChunk(": keep-alive\n\n", chunked, ping);
        ok = co_await wire.Write(std::move(ping));
      }
    }
    if (pulled != nullptr && ok) {
      ok = co_await Pull(wire, delivery.workers, std::move(pulled));
      clean = ok;
    }
    if (wire.closed()) ok = false;
  }
  trace.Note([status, clean](telemetry::RequestSeen& seen) {
    seen.status = status;
    seen.gone = !clean;
  });
  co_return ok&& clean&& keep_alive;
}

}  // namespace parvis::server
