#ifndef PARVIS_SERVICE_WORKERS_H_
#define PARVIS_SERVICE_WORKERS_H_

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace parvis::service {

// Threads for what must not hold up the doors: reading requests, tokenising, waiting for the disk.
// Jobs begin in the order in which they came. What is queued is bounded by those who post: one job
// at a time for each request, and requests are bounded by the gateway.
class Workers {
 public:
  explicit Workers(int threads);
  ~Workers();  // waits for what runs, and runs what is queued
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  void Post(std::function<void()> job);

 private:
  void Loop();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_WORKERS_H_
