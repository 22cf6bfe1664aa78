#ifndef PARVIS_TELEMETRY_SPAN_EXPORTER_H_
#define PARVIS_TELEMETRY_SPAN_EXPORTER_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "parvis/core/json.h"
#include "parvis/core/result.h"
#include "parvis/telemetry/backoff.h"
#include "parvis/telemetry/trace.h"

namespace parvis::telemetry {

struct SpanExporterSettings {
  std::string endpoint;  // "http://127.0.0.1:4318"; "/v1/traces" is added
  std::vector<std::pair<std::string, std::string>> headers;  // sent along; may hold a secret
  std::string service_name = "parvis", version;
  size_t max_queued = 2048;  // requests; of more the oldest are dropped and counted
  size_t max_batch = 256;
  std::chrono::milliseconds interval{1000};
  std::chrono::milliseconds first_wait{1000}, most_wait{30'000};  // before a batch is sent again
  std::chrono::milliseconds try_time{300'000};                    // then it is dropped
  std::chrono::milliseconds last_time{5000};                      // of the end
};

// One request as spans of OTLP: the request, its stations below it, and what the model did below
// the station "run".
OrderedJson SpansOf(const RequestSeen& seen);

// Sends spans to a collector, as OTLP over HTTP in JSON (OpenTelemetry protocol 1.x), from a thread
// of its own: a collector that is slow or gone costs spans, never a request's time. One that cannot
// be reached, or answers 429, 502, 503 or 504, is sent the same again, later and later, and not
// before it asks for it; what any other answer refuses is dropped.
//
// Safe to call from several threads.
class SpanExporter {
 public:
  static Result<std::unique_ptr<SpanExporter>> Start(SpanExporterSettings settings);
  ~SpanExporter();  // sends what is queued, for `last_time` at most
  SpanExporter(const SpanExporter&) = delete;
  SpanExporter& operator=(const SpanExporter&) = delete;

  void Offer(RequestSeen seen);
  int64_t sent() const { return sent_.load(std::memory_order_relaxed); }
  int64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  enum class Outcome { kTaken, kAgain, kRefused };
  struct Batch {
    std::string body;  // made once: spans keep their ids when they are sent again
    int64_t requests = 0;
    Clock::time_point begun;
  };

  explicit SpanExporter(SpanExporterSettings settings);
  void Loop();
  std::optional<Batch> NextBatch();
  // Sends until it is taken or given up. False: the end's time is over.
  bool Deliver(const Batch& batch);
  Outcome SendOnce(const Batch& batch, std::optional<Backoff::Time>& asked) const;
  std::string BodyOf(const std::vector<RequestSeen>& batch) const;
  bool Ending(Clock::time_point at) const;  // whether the end's time is over then

  const SpanExporterSettings settings_;
  Backoff backoff_;  // of the thread
  std::atomic<int64_t> sent_{0}, dropped_{0};
  std::mutex mutex_;  // guards the two below
  std::condition_variable wake_;
  std::deque<RequestSeen> queue_;
  std::atomic<Clock::rep> end_{kNoEnd};  // of all sending, as of Clock
  std::thread thread_;

  static constexpr Clock::rep kNoEnd = std::numeric_limits<Clock::rep>::max();
};

}  // namespace parvis::telemetry

#endif  // PARVIS_TELEMETRY_SPAN_EXPORTER_H_
