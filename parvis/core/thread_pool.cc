#include "parvis/core/thread_pool.h"

#include <algorithm>
#include <system_error>

#include "parvis/core/check.h"

namespace parvis {
namespace {

constexpr int kSpins = 20000;  // roughly 100 microseconds before a member goes to sleep

thread_local bool in_region = false;

inline void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  std::this_thread::yield();
#endif
}

// A member's part of a Dynamic region, on a cache line of its own.
struct alignas(64) Share {
  std::atomic<int64_t> next{0};
  int64_t end = 0;
};

}  // namespace

ThreadPool::ThreadPool(int threads) : taken_(static_cast<size_t>(std::max(threads, 1))) {
  PARVIS_CHECK(threads >= 1);
  for (int i = 1; i < threads; ++i) {
    try {
      workers_.emplace_back([this, i] { WorkerLoop(i); });
    } catch (const std::system_error&) {
      break;  // size() says how many there are
    }
  }
}

ThreadPool::~ThreadPool() {
  {
    std::lock_guard lock(mutex_);
    stop_.store(true);
    generation_.fetch_add(1);
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::WorkerLoop(int index) {
  in_region = true;  // a region started from inside one runs alone
  uint64_t seen = 0;
  while (true) {
    int spins = 0;
    while (generation_.load(std::memory_order_acquire) == seen) {
      if (++spins < kSpins) {
        Pause();
        continue;
      }
      std::unique_lock lock(mutex_);
      sleeping_.fetch_add(1);
      wake_.wait(lock, [&] { return generation_.load() != seen; });
      sleeping_.fetch_sub(1);
    }
    seen = generation_.load(std::memory_order_acquire);
    if (stop_.load()) return;
    if (!Take(index, seen)) continue;
    (*member_)(index);  // of that region: it cannot end before
    running_.fetch_sub(1, std::memory_order_release);
  }
}

bool ThreadPool::Take(int index, uint64_t generation) {
  std::atomic<uint64_t>& last = taken_[static_cast<size_t>(index)].generation;
  uint64_t before = last.load();
  while (before < generation) {
    if (last.compare_exchange_weak(before, generation)) return true;
  }
  return false;
}

void ThreadPool::Run(const std::function<void(int)>& member) {
  if (workers_.empty() || in_region) {
    const bool nested = in_region;
    in_region = true;
    for (int i = 0; i < size(); ++i) member(i);
    in_region = nested;
    return;
  }
  std::lock_guard region(region_);
  member_ = &member;
  running_.store(static_cast<int>(workers_.size()));
  // seq_cst: a member either sees it or is counted as sleeping.
  const uint64_t generation = generation_.fetch_add(1) + 1;
  if (sleeping_.load() > 0) {
    { std::lock_guard lock(mutex_); }
    wake_.notify_all();
  }
  in_region = true;
  member(0);
  for (int i = 1; i < size(); ++i) {  // who has not begun is asleep, or waits for a processor
    if (!Take(i, generation)) continue;
    member(i);
    running_.fetch_sub(1);
  }
  in_region = false;
  int spins = 0;
  while (running_.load(std::memory_order_acquire) > 0) {
    if (++spins < kSpins) {
      Pause();
    } else {
      std::this_thread::yield();
    }
  }
}

void ThreadPool::For(int64_t count, int64_t grain,
                     const std::function<void(int64_t, int64_t)>& body) {
  if (count <= 0) return;
  const int64_t pieces = (count + grain - 1) / grain;
  if (pieces == 1 || workers_.empty()) {
    body(0, count);
    return;
  }
  const int64_t members = size();
  Run([&](int index) {
    const int64_t begin = std::min(count, pieces * index / members * grain);
    const int64_t end = std::min(count, pieces * (index + 1) / members * grain);
    if (begin < end) body(begin, end);
  });
}

void ThreadPool::Dynamic(int64_t count, int64_t grain,
                         const std::function<void(int64_t, int64_t)>& body) {
  if (count <= 0) return;
  if (count <= grain || workers_.empty()) {
    for (int64_t i = 0; i < count; i += grain) body(i, std::min(count, i + grain));
    return;
  }
  const int64_t members = size(), pieces = (count + grain - 1) / grain;
  std::vector<Share> shares(static_cast<size_t>(members));
  for (int64_t i = 0; i < members; ++i) {
    shares[static_cast<size_t>(i)].next = pieces * i / members * grain;
    shares[static_cast<size_t>(i)].end = std::min(count, pieces * (i + 1) / members * grain);
  }
  Run([&](int index) {
    for (int64_t i = 0; i < members; ++i) {
      Share& share = shares[static_cast<size_t>((index + i) % members)];
      while (true) {
        const int64_t begin = share.next.fetch_add(grain);
        if (begin >= share.end) break;
        body(begin, std::min(share.end, begin + grain));
      }
    }
  });
}

}  // namespace parvis
