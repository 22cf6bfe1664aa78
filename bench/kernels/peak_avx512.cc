#include <immintrin.h>

#include "bench/kernels/peak.h"

namespace parvis::bench {

double RunFmaAvx512(size_t count, float* sink) {
  __m512 sums[24];
  for (__m512& sum : sums) sum = _mm512_set1_ps(*sink);
  __m512 a = _mm512_set1_ps(0.999f), b = _mm512_set1_ps(0.001f);
  for (size_t i = 0; i < count; ++i) {
    asm volatile("" : "+v"(a), "+v"(b));
#pragma GCC unroll 24
    for (__m512& sum : sums) sum = _mm512_fmadd_ps(sum, a, b);
  }
  for (int i = 1; i < 24; ++i) sums[0] = _mm512_add_ps(sums[0], sums[i]);
  *sink = _mm512_cvtss_f32(sums[0]);
  return static_cast<double>(count) * 24 * 16 * 2;
}

}  // namespace parvis::bench
