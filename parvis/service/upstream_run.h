#ifndef PARVIS_SERVICE_UPSTREAM_RUN_H_
#define PARVIS_SERVICE_UPSTREAM_RUN_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "parvis/service/task.h"
#include "parvis/service/upstream.h"
#include "parvis/service/upstream_request.h"
#include "parvis/service/upstream_stream.h"

namespace parvis::service {

// One request that another service answers with text, on a thread of its Upstream. What is settled
// is upstream_usage.h's.
class UpstreamRun {
 public:
  // `upstream` outlives the run.
  UpstreamRun(Upstream& upstream, UpstreamRequest request);

  void Start(Task::Output& output);
  void Cancel() { cancelled_ = true; }

 private:
  void Send();
  Status TakeHead(const UpstreamHead& head);
  Status TakeBytes(std::string_view bytes);
  std::optional<Refusal> FailureOf(UpstreamEnd end) const;
  runtime::Usage Used() const;

  Upstream& upstream_;
  const UpstreamRequest request_;
  Task::Output* output_ = nullptr;
  std::atomic<bool> cancelled_{false};

  // Of the thread that sends:
  std::chrono::steady_clock::time_point begun_;
  std::optional<std::chrono::steady_clock::time_point> first_;
  std::optional<UpstreamHead> head_;
  std::string error_body_;
  UpstreamStream stream_;
  Status wrong_;  // with what the other side sends
};

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_UPSTREAM_RUN_H_
