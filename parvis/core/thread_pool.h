#ifndef PARVIS_CORE_THREAD_POOL_H_
#define PARVIS_CORE_THREAD_POOL_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace parvis {

// A fixed team of threads that runs one parallel region at a time. The calling thread is member 0.
//
// Work is split by index, never by time, so what a given index computes does not depend on the
// number of threads; callers must choose indices so that each output belongs to one index.
// Waiting members spin for a short while (a step of a small model has hundreds of regions) and then
// sleep. The caller does the part of a member that has not begun when it is through with its own,
// so that a busy machine, which wakes a sleeper late, holds nothing up. Regions from several
// threads are run one after the other. A region inside a region runs on the calling member alone.
class ThreadPool {
 public:
  // threads ≥ 1. Fewer are started when the system refuses; size() tells.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const { return static_cast<int>(workers_.size()) + 1; }

  // Calls body(begin, end) so that [0, count) is covered once, in at most size() contiguous ranges
  // whose bounds are multiples of `grain` (but for the last). Returns when all are done.
  void For(int64_t count, int64_t grain, const std::function<void(int64_t, int64_t)>& body);

  // As For, but members take `grain` indices at a time, each in order from its own part (so that it
  // reads memory as one stream) and then what others have left: for uneven work.
  void Dynamic(int64_t count, int64_t grain, const std::function<void(int64_t, int64_t)>& body);

 private:
  void Run(const std::function<void(int)>& member);
  void WorkerLoop(int index);
  // Makes the calling thread the one that does `index` of a region. False: another one is.
  bool Take(int index, uint64_t generation);

  struct alignas(64) Taken {
    std::atomic<uint64_t> generation{0};  // of the last region in which this index was taken
  };

  std::vector<Taken> taken_;  // by index; the first is not used
  std::vector<std::thread> workers_;
  std::mutex region_;  // held by the thread whose region runs
  std::mutex mutex_;   // guards sleeping
  std::condition_variable wake_;
  const std::function<void(int)>* member_ = nullptr;  // published by generation_
  std::atomic<uint64_t> generation_{0};
  std::atomic<int> running_{0};
  std::atomic<int> sleeping_{0};
  std::atomic<bool> stop_{false};
};

}  // namespace parvis

#endif  // PARVIS_CORE_THREAD_POOL_H_
