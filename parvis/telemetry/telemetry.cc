#include "parvis/telemetry/telemetry.h"

#include <utility>

#include "parvis/core/clock.h"

namespace parvis::telemetry {

std::shared_ptr<Trace> Telemetry::Begin(std::string request_id) {
  RequestSeen seen;
  seen.request = std::move(request_id);
  seen.context = ContextBelow(std::nullopt);
  seen.begun_ms = WallClockMs();
  seen.begun = Clock::now();
  return {new Trace(std::move(seen)), [this](Trace* trace) {
            const std::unique_ptr<Trace> owned(trace);
            End(*owned);
          }};
}

void Telemetry::Join(Trace& trace, std::string_view trace_parent) {
  const auto caller = ParseTraceParent(trace_parent);
  if (!caller) return;
  trace.Note([&caller](RequestSeen& seen) {
    seen.context = ContextBelow(caller);
    seen.parent = caller->span_id;
  });
}

void Telemetry::Describe(ServiceNow& now) const {
  if (log_ != nullptr) now.log_dropped = log_->dropped();
  if (spans_ == nullptr) return;
  now.spans_sent = spans_->sent();
  now.spans_dropped = spans_->dropped();
}

void Telemetry::End(const Trace& trace) {
  RequestSeen seen = trace.seen();
  seen.ended = Clock::now();
  metrics_.Count(seen);
  if (log_ != nullptr) log_->Write(LogLineOf(seen));
  if (spans_ != nullptr && seen.context.sampled) spans_->Offer(std::move(seen));
}

}  // namespace parvis::telemetry
