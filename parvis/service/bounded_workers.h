#ifndef PARVIS_SERVICE_BOUNDED_WORKERS_H_
#define PARVIS_SERVICE_BOUNDED_WORKERS_H_

#include <atomic>
#include <functional>
#include <utility>

#include "parvis/service/workers.h"

namespace parvis::service {

// Workers for what strangers may ask for as often as they like: a few jobs run, some wait, and the
// rest is sent away.
class BoundedWorkers {
 public:
  BoundedWorkers(int threads, int waiting) : most_(threads + waiting), workers_(threads) {}

  // False: too many wait, and the job is not done.
  bool Post(std::function<void()> job) {
    if (posted_.fetch_add(1) >= most_) {
      --posted_;
      return false;
    }
    workers_.Post([this, job = std::move(job)] {
      job();
      --posted_;
    });
    return true;
  }

 private:
  const int most_;
  std::atomic<int> posted_{0};
  Workers workers_;  // the last: its jobs use the rest
};

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_BOUNDED_WORKERS_H_
