#ifndef PARVIS_TELEMETRY_TRACE_H_
#define PARVIS_TELEMETRY_TRACE_H_

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "parvis/telemetry/trace_context.h"

namespace parvis::telemetry {

using Clock = std::chrono::steady_clock;

// A station that a request went through.
struct Stage {
  const char* name;  // a constant
  Clock::time_point begin, end;
};

// What is known of one request for logs, counts and spans. Never a text, a key, a path or a header:
// names are only those that Parvis gave (route patterns, names of models that exist, ids).
struct RequestSeen {
  std::string request;  // "req_…"
  TraceContext context;
  std::string parent;  // the caller's span; empty: none
  int64_t begun_ms = 0;
  Clock::time_point begun, ended;
  std::string method, route;             // the route's pattern; empty: none matched
  int status = 0;                        // 0: the client left before there was one
  bool gone = false;                     // the client left before the end
  std::string organisation, owner, key;  // ids
  std::string model, finish, error;      // error: the refusal's kind
  int64_t choices = 0, input_tokens = 0, cached_tokens = 0, output_tokens = 0;
  // Of the choice that took longest, in seconds (runtime::Timings).
  double waiting = 0, prompt = 0, generation = 0;
  std::optional<Clock::time_point> first_token;
  std::vector<Stage> stages;  // one after the other; the last one may be open (end = epoch)
};

// What is seen of one request while it is on its way, by whoever has it at the moment. Safe to call
// from several threads.
class Trace {
 public:
  explicit Trace(RequestSeen seen) : seen_(std::move(seen)) {}

  // The request comes to this station; the one before is over. `name` is a constant.
  void Enter(const char* name, Clock::time_point now = Clock::now());
  template <typename F>
  void Note(F note) {
    const std::lock_guard lock(mutex_);
    note(seen_);
  }
  RequestSeen seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
  }
  std::string trace_parent() const;
  // The stations so far, as a `server-timing` header; what the model did in parts.
  std::string ServerTiming(Clock::time_point now = Clock::now()) const;

 private:
  mutable std::mutex mutex_;
  RequestSeen seen_;
};

double SecondsBetween(Clock::time_point begin, Clock::time_point end);

}  // namespace parvis::telemetry

#endif  // PARVIS_TELEMETRY_TRACE_H_
