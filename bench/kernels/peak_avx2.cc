#include <immintrin.h>

#include "bench/kernels/peak.h"

namespace parvis::bench {

double RunFmaAvx2(size_t count, float* sink) {
  __m256 sums[12];
  for (__m256& sum : sums) sum = _mm256_set1_ps(*sink);
  __m256 a = _mm256_set1_ps(0.999f), b = _mm256_set1_ps(0.001f);
  for (size_t i = 0; i < count; ++i) {
    asm volatile("" : "+x"(a), "+x"(b));
#pragma GCC unroll 12
    for (__m256& sum : sums) sum = _mm256_fmadd_ps(sum, a, b);
  }
  for (int i = 1; i < 12; ++i) sums[0] = _mm256_add_ps(sums[0], sums[i]);
  *sink = _mm256_cvtss_f32(sums[0]);
  return static_cast<double>(count) * 12 * 8 * 2;
}

float SumAvx2(const float* x, size_t size) {
  __m256 sums[8];
  for (__m256& sum : sums) sum = _mm256_setzero_ps();
  for (size_t i = 0; i < size; i += 64) {
#pragma GCC unroll 8
    for (size_t j = 0; j < 8; ++j) {
      sums[j] = _mm256_add_ps(sums[j], _mm256_loadu_ps(x + i + 8 * j));
    }
  }
  for (int i = 1; i < 8; ++i) sums[0] = _mm256_add_ps(sums[0], sums[i]);
  return _mm256_cvtss_f32(sums[0]);
}

}  // namespace parvis::bench
