#ifndef PARVIS_SERVICE_UPSTREAM_EMBED_H_
#define PARVIS_SERVICE_UPSTREAM_EMBED_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "parvis/service/task.h"
#include "parvis/service/upstream.h"

namespace parvis::service {

// Texts of which another service makes vectors, on a thread of its Upstream. They go there some at
// a time, so that what comes back is bounded, and a caller who leaves is noticed. Vectors are
// passed on as they come, if they are some. What is settled is upstream_usage.h's; calls that were
// answered count, also if a later one was not.
class UpstreamEmbed {
 public:
  static constexpr int64_t kMaxDimensions = 16'384;

  // `upstream` outlives it. `dimensions`: none: as many as there are; at most kMaxDimensions.
  UpstreamEmbed(Upstream& upstream, std::vector<std::string> texts,
                std::optional<int64_t> dimensions);
  Plan PlanOf() const;

  void Start(Task::Output& output);
  void Cancel() { cancelled_ = true; }

 private:
  void Send();
  std::optional<Refusal> SendSome(size_t begin, size_t end);
  std::string BodyOf(size_t begin, size_t end) const;

  Upstream& upstream_;
  const std::vector<std::string> texts_;
  const std::optional<int64_t> dimensions_;
  Task::Output* output_ = nullptr;
  std::atomic<bool> cancelled_{false};
  Reply reply_;  // of the thread that sends
};

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_UPSTREAM_EMBED_H_
