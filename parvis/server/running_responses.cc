#include "parvis/server/running_responses.h"

#include <utility>

namespace parvis::server {

void RunningResponses::Begin(const std::string& id) {
  const std::lock_guard lock(mutex_);
  running_.try_emplace(id);
}

// The answer may be over already, or not wanted any more.
void RunningResponses::SetExchange(const std::string& id,
                                   const std::shared_ptr<service::Exchange>& exchange) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = running_.find(id);
    if (found == running_.end()) return;
    found->second.exchange = exchange;
    if (!found->second.cancelled) return;
  }
  exchange->Cancel();
}

void RunningResponses::SetStatus(const std::string& id, const std::string& status) {
  const std::lock_guard lock(mutex_);
  const auto found = running_.find(id);
  if (found != running_.end()) found->second.status = status;
}

void RunningResponses::End(const std::string& id) {
  std::vector<std::function<void()>> waiting;
  {
    const std::lock_guard lock(mutex_);
    const auto found = running_.find(id);
    if (found == running_.end()) return;
    waiting = std::move(found->second.waiting);
    running_.erase(found);
  }
  for (const auto& over : waiting) over();
}

std::vector<std::string> RunningResponses::Ids() {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> ids;
  for (const auto& [id, one] : running_) ids.push_back(id);
  return ids;
}

std::optional<std::string> RunningResponses::StatusOf(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = running_.find(id);
  if (found == running_.end()) return std::nullopt;
  return found->second.status;
}

void RunningResponses::Cancel(const std::string& id) {
  std::shared_ptr<service::Exchange> exchange;
  {
    const std::lock_guard lock(mutex_);
    const auto found = running_.find(id);
    if (found == running_.end()) return;
    found->second.cancelled = true;
    exchange = found->second.exchange.lock();
  }
  if (exchange != nullptr) exchange->Cancel();
}

bool RunningResponses::WasCancelled(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = running_.find(id);
  return found != running_.end() && found->second.cancelled;
}

bool RunningResponses::WhenOver(const std::string& id, std::function<void()> over) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = running_.find(id);
    if (found != running_.end()) {
      if (found->second.waiting.size() >= kMaxWaiting) return false;
      found->second.waiting.push_back(std::move(over));
      return true;
    }
  }
  over();
  return true;
}

}  // namespace parvis::server
