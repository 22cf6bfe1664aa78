#ifndef PARVIS_TELEMETRY_TELEMETRY_H_
#define PARVIS_TELEMETRY_TELEMETRY_H_

#include <memory>
#include <string>
#include <string_view>

#include "parvis/telemetry/line_log.h"
#include "parvis/telemetry/metrics.h"
#include "parvis/telemetry/span_exporter.h"
#include "parvis/telemetry/trace.h"

namespace parvis::telemetry {

// Where what is seen of requests goes: counts, the log, spans.
//
// Safe to call from several threads; outlives every trace.
class Telemetry {
 public:
  // Either may be null: then there is no log, and no spans.
  Telemetry(std::unique_ptr<LineLog> log, std::unique_ptr<SpanExporter> spans)
      : log_(std::move(log)), spans_(std::move(spans)) {}

  // A request begins. It is over when the last who holds the trace lets go of it: a client may
  // leave before the model's work for it is on record, or the other way round.
  std::shared_ptr<Trace> Begin(std::string request_id);
  // The caller's `traceparent`, once it is read.
  static void Join(Trace& trace, std::string_view trace_parent);

  const Metrics& metrics() const { return metrics_; }
  LineLog* log() const { return log_.get(); }
  // Fills in what it knows of the log and the spans.
  void Describe(ServiceNow& now) const;

 private:
  void End(const Trace& trace);

  Metrics metrics_;
  const std::unique_ptr<LineLog> log_;
  const std::unique_ptr<SpanExporter> spans_;
};

}  // namespace parvis::telemetry

#endif  // PARVIS_TELEMETRY_TELEMETRY_H_
