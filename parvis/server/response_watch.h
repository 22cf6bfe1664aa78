#ifndef PARVIS_SERVER_RESPONSE_WATCH_H_
#define PARVIS_SERVER_RESPONSE_WATCH_H_

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "parvis/server/running_responses.h"
#include "parvis/service/response_store.h"

namespace parvis::server {

// Answers in the background of servers that share a database: one that somebody cancelled at
// another server is cancelled where it is made, and who waits at one server for what another one
// makes is told. By looking, from a thread of its own; there is none where nobody shares.
//
// Safe to call from several threads.
class ResponseWatch {
 public:
  // All outlive it, but for `running`.
  ResponseWatch(service::ResponseStore& store, std::shared_ptr<RunningResponses> running);
  ~ResponseWatch();  // who waits still is told nothing
  ResponseWatch(const ResponseWatch&) = delete;
  ResponseWatch& operator=(const ResponseWatch&) = delete;

  // Calls `over` once `is_over()` or after `limit`, at once where nobody shares. False: too many
  // wait already.
  bool When(std::function<bool()> is_over, std::chrono::milliseconds limit,
            std::function<void()> over);

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr size_t kMaxWaiting = 1024;
  struct Waiting {
    std::function<bool()> is_over;
    Clock::time_point until;
    std::function<void()> over;
  };
  void Loop();
  void CancelUnwanted();
  void TellWaiting();

  service::ResponseStore& store_;
  const std::shared_ptr<RunningResponses> running_;
  std::mutex mutex_;  // guards the three below
  std::condition_variable wake_;
  std::vector<Waiting> waiting_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace parvis::server

#endif  // PARVIS_SERVER_RESPONSE_WATCH_H_
