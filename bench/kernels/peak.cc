#include "bench/kernels/peak.h"

#include <sys/mman.h>
#include <time.h>

#include <algorithm>
#include <cstring>

namespace parvis::bench {

double ThreadSeconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double RunFmaScalar(size_t count, float* sink) {
  float sums[4] = {*sink, *sink, *sink, *sink};
  float a = 0.999f, b = 0.001f;
  for (size_t i = 0; i < count; ++i) {
    asm volatile("" : "+x"(a), "+x"(b));
    for (float& sum : sums) sum = __builtin_fmaf(sum, a, b);
  }
  *sink = sums[0] + sums[1] + sums[2] + sums[3];
  return static_cast<double>(count) * 4 * 2;
}

double PeakGflops(kernels::Target target) {
  const auto run = target == kernels::Target::kAvx512 ? RunFmaAvx512
                   : target == kernels::Target::kAvx2 ? RunFmaAvx2
                                                      : RunFmaScalar;
  double best = 0.0;
  float sink = 1.0f;
  for (int i = 0; i < 20; ++i) {
    const double begin = ThreadSeconds();
    const double operations = run(2'000'000, &sink);
    best = std::max(best, operations / (ThreadSeconds() - begin) * 1e-9);
  }
  return best;
}

double ReadGigabytes() {
  const size_t size = size_t{512} << 20;
  void* data = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) return 0.0;
  madvise(data, size, MADV_HUGEPAGE);
  std::memset(data, 0, size);
  double best = 0.0;
  for (int i = 0; i < 7; ++i) {
    const double begin = ThreadSeconds();
    volatile float sum = SumAvx2(static_cast<const float*>(data), size / sizeof(float));
    (void)sum;
    best = std::max(best, static_cast<double>(size) / (ThreadSeconds() - begin) * 1e-9);
  }
  munmap(data, size);
  return best;
}

}  // namespace parvis::bench
