#ifndef PARVIS_TELEMETRY_TRACE_CONTEXT_H_
#define PARVIS_TELEMETRY_TRACE_CONTEXT_H_

#include <optional>
#include <string>
#include <string_view>

namespace parvis::telemetry {

// Where a request stands among those of other services (W3C Trace Context, level 1).
struct TraceContext {
  std::string trace_id;  // 32 lower-case hexadecimal digits
  std::string span_id;   // 16
  bool sampled = true;   // whoever began the trace wants it recorded
};

// Of a `traceparent` header; nothing if it is not exactly one, as the standard wants it.
std::optional<TraceContext> ParseTraceParent(std::string_view header);
std::string TraceParentOf(const TraceContext& context);

// A span of ours below the caller's, or the first of a new trace.
TraceContext ContextBelow(const std::optional<TraceContext>& caller);
std::string NewSpanId();

}  // namespace parvis::telemetry

#endif  // PARVIS_TELEMETRY_TRACE_CONTEXT_H_
