#ifndef PARVIS_SERVER_RUNNING_RESPONSES_H_
#define PARVIS_SERVER_RUNNING_RESPONSES_H_

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "parvis/service/gateway.h"

namespace parvis::server {

// Answers of /v1/responses that are made in the background, while they are. Safe to call from
// several threads.
class RunningResponses {
 public:
  void Begin(const std::string& id);
  void SetExchange(const std::string& id, const std::shared_ptr<service::Exchange>& exchange);
  void SetStatus(const std::string& id, const std::string& status);
  // What waits for the end is called then.
  void End(const std::string& id);

  std::vector<std::string> Ids();                              // of all that run
  std::optional<std::string> StatusOf(const std::string& id);  // none: it does not run
  void Cancel(const std::string& id);
  bool WasCancelled(const std::string& id);  // by that, and not by the server's end
  // Calls `over` once the answer does not run any more: at once if it does not, else at its End.
  // False: too many wait for that already.
  bool WhenOver(const std::string& id, std::function<void()> over);

 private:
  static constexpr size_t kMaxWaiting = 64;  // for one answer
  struct Running {
    std::string status = "queued";
    std::weak_ptr<service::Exchange> exchange = {};
    bool cancelled = false;
    std::vector<std::function<void()>> waiting = {};
  };
  std::mutex mutex_;
  std::map<std::string, Running> running_;
};

}  // namespace parvis::server

#endif  // PARVIS_SERVER_RUNNING_RESPONSES_H_
