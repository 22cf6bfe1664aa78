#include "parvis/core/thread_pool.h"

#include <atomic>
#include <vector>

#include "gtest/gtest.h"

namespace parvis {
namespace {

TEST(ThreadPool, CoversEachIndexOnce) {
  for (const int threads : {1, 2, 3, 5}) {
    ThreadPool pool(threads);
    for (const int64_t count : {0, 1, 7, 16, 100, 1001}) {
      for (const int64_t grain : {1, 4, 16}) {
        std::vector<std::atomic<int>> seen(count), taken(count);
        pool.For(count, grain, [&](int64_t begin, int64_t end) {
          EXPECT_EQ(begin % grain, 0);
          for (int64_t i = begin; i < end; ++i) ++seen[i];
        });
        pool.Dynamic(count, grain, [&](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) ++taken[i];
        });
        for (int64_t i = 0; i < count; ++i) {
          ASSERT_EQ(seen[i], 1) << i;
          ASSERT_EQ(taken[i], 1) << i;
        }
      }
    }
  }
}

TEST(ThreadPool, ARegionInsideARegionRuns) {
  ThreadPool pool(2);
  std::atomic<int> sum{0};
  pool.For(4, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      pool.For(10, 1, [&](int64_t b, int64_t e) { sum += static_cast<int>(e - b); });
    }
  });
  EXPECT_EQ(sum, 40);
}

TEST(ThreadPool, ManyShortRegionsAndSeveralCallers) {
  ThreadPool pool(2);
  std::atomic<int64_t> sum{0};
  const auto work = [&] {
    for (int i = 0; i < 2000; ++i) {
      pool.For(8, 1, [&](int64_t begin, int64_t end) { sum += end - begin; });
    }
  };
  std::thread other(work);
  work();
  other.join();
  EXPECT_EQ(sum, 2 * 2000 * 8);
}

// Most members never get to their part in time: the caller does it, and nobody does it again.
TEST(ThreadPool, MoreMembersThanProcessors) {
  ThreadPool pool(24);
  std::vector<std::atomic<int>> seen(24);
  for (int region = 1; region <= 3000; ++region) {
    pool.For(24, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) ++seen[i];
    });
    for (int i = 0; i < 24; ++i) ASSERT_EQ(seen[i], region) << i;
  }
}

}  // namespace
}  // namespace parvis
