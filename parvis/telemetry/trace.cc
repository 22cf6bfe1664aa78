#include "parvis/telemetry/trace.h"

#include <fmt/format.h>

namespace parvis::telemetry {
namespace {

constexpr size_t kMaxStages = 32;  // a request goes through a dozen

std::string Entry(const char* name, double seconds) {
  return fmt::format("{};dur={:.3f}", name, seconds * 1e3);
}

}  // namespace

double SecondsBetween(Clock::time_point begin, Clock::time_point end) {
  return std::chrono::duration<double>(end - begin).count();
}

void Trace::Enter(const char* name, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  if (!seen_.stages.empty() && seen_.stages.back().end == Clock::time_point()) {
    seen_.stages.back().end = now;
  }
  if (seen_.stages.size() < kMaxStages) seen_.stages.push_back({name, now, {}});
}

std::string Trace::trace_parent() const {
  const std::lock_guard lock(mutex_);
  return TraceParentOf(seen_.context);
}

std::string Trace::ServerTiming(Clock::time_point now) const {
  const std::lock_guard lock(mutex_);
  std::string text = Entry("total", SecondsBetween(seen_.begun, now));
  for (const Stage& stage : seen_.stages) {
    const bool open = stage.end == Clock::time_point();
    text += ", " + Entry(stage.name, SecondsBetween(stage.begin, open ? now : stage.end));
  }
  if (seen_.waiting + seen_.prompt + seen_.generation > 0) {
    text += ", " + Entry("queue", seen_.waiting) + ", " + Entry("prefill", seen_.prompt) + ", " +
            Entry("generate", seen_.generation);
  }
  if (seen_.first_token) {
    text += ", " + Entry("first_token", SecondsBetween(seen_.begun, *seen_.first_token));
  }
  if (seen_.output_tokens > seen_.choices && seen_.choices > 0 && seen_.generation > 0) {
    const auto steps =
        static_cast<double>(seen_.output_tokens) / static_cast<double>(seen_.choices) - 1.0;
    text += ", " + Entry("per_token", seen_.generation / steps);
  }
  return text;
}

}  // namespace parvis::telemetry
