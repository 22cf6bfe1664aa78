#ifndef PARVIS_TELEMETRY_SPAN_EXPORTER_H_
#define PARVIS_TELEMETRY_SPAN_EXPORTER_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "parvis/core/json.h"
#include "parvis/core/result.h"
#include "parvis/telemetry/trace.h"

namespace parvis::telemetry {

struct SpanExporterSettings {
  std::string endpoint;  // "http://127.0.0.1:4318"; "/v1/traces" is added
  std::vector<std::pair<std::string, std::string>> headers;  // sent along; may hold a secret
  std::string service_name = "parvis", version;
  size_t max_queued = 2048;  // requests; what is more is dropped and counted
  size_t max_batch = 256;
  std::chrono::milliseconds interval{1000};
};

// One request as spans of OTLP: the request, its stations below it, and what the model did below
// the station "run".
OrderedJson SpansOf(const RequestSeen& seen);

// Sends spans to a collector, as OTLP over HTTP in JSON (OpenTelemetry protocol 1.x), from a thread
// of its own: a collector that is slow or gone costs spans, never a request's time.
//
// Safe to call from several threads.
class SpanExporter {
 public:
  static Result<std::unique_ptr<SpanExporter>> Start(SpanExporterSettings settings);
  ~SpanExporter();  // tries once to send what is queued, for two seconds at most
  SpanExporter(const SpanExporter&) = delete;
  SpanExporter& operator=(const SpanExporter&) = delete;

  void Offer(RequestSeen seen);
  int64_t sent() const { return sent_.load(std::memory_order_relaxed); }
  int64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  explicit SpanExporter(SpanExporterSettings settings);
  void Loop();
  bool SendBatch(const std::vector<RequestSeen>& batch) const;

  const SpanExporterSettings settings_;
  std::atomic<int64_t> sent_{0}, dropped_{0};
  std::mutex mutex_;  // guards the two below
  std::condition_variable wake_;
  std::deque<RequestSeen> queue_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace parvis::telemetry

#endif  // PARVIS_TELEMETRY_SPAN_EXPORTER_H_
