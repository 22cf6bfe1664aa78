#ifndef PARVIS_TELEMETRY_METRICS_H_
#define PARVIS_TELEMETRY_METRICS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "parvis/telemetry/trace.h"

namespace parvis::telemetry {

// What is so at the moment of a scrape.
struct ModelNow {
  std::string name;
  int64_t memory_bytes = 0, running = 0, waiting = 0;
  double kv_usage = 0;  // of the pages for keys and values, 0 to 1
};
struct ServiceNow {
  std::string version;
  int64_t requests = 0;     // under way
  int64_t connections = 0;  // open
  int64_t log_dropped = 0, spans_sent = 0, spans_dropped = 0;
  bool ready = false;
  std::vector<ModelNow> models;  // that are loaded
};

// Counts and times of the whole service, in Prometheus's text form (docs/design/server.md has the
// table of names). Labels are route patterns, statuses, and names of models that exist; of the last
// at most kMaxModels are told apart, further ones are "other".
//
// Safe to call from several threads.
class Metrics {
 public:
  static constexpr size_t kMaxModels = 64;
  Metrics();
  ~Metrics();

  void Count(const RequestSeen& seen);
  std::string Text(const ServiceNow& now) const;
  static constexpr const char* kContentType = "text/plain; version=0.0.4; charset=utf-8";

 private:
  struct Families;
  const std::unique_ptr<Families> families_;
};

}  // namespace parvis::telemetry

#endif  // PARVIS_TELEMETRY_METRICS_H_
