// Inline assembly, so that no compiler finds a shorter way to a result that nobody reads.

#include <immintrin.h>

#include "parvis/kernels/probe_targets.h"

namespace parvis::kernels {
namespace {

constexpr int kSums = 10;  // independent, so that none waits for the one before

double FusedMultiplyAdds(int64_t rounds) {
  __m256 sums[kSums];
  for (__m256& sum : sums) sum = _mm256_setzero_ps();
  const __m256 x = _mm256_set1_ps(0.5f);
  for (int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 10
    for (__m256& sum : sums) asm volatile("vfmadd231ps %1, %1, %0" : "+x"(sum) : "x"(x));
  }
  return static_cast<double>(rounds) * kSums * 8 * 2;
}

// 32 products of unsigned and signed bytes, added in pairs, in fours, and to the sum.
double ByteDotProducts(int64_t rounds) {
  __m256i sums[kSums];
  for (__m256i& sum : sums) sum = _mm256_setzero_si256();
  const __m256i x = _mm256_set1_epi8(1), ones = _mm256_set1_epi16(1);
  for (int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 10
    for (__m256i& sum : sums) {
      __m256i pairs;
      asm volatile(
          "vpmaddubsw %2, %2, %1\n\t"
          "vpmaddwd %3, %1, %1\n\t"
          "vpaddd %1, %0, %0"
          : "+x"(sum), "=&x"(pairs)
          : "x"(x), "x"(ones));
    }
  }
  return static_cast<double>(rounds) * kSums * 32 * 2;
}

}  // namespace

double ProbeProductsAvx2(Packing packing, int64_t rounds) {
  return packing == Packing::kQ8_0 ? ByteDotProducts(rounds) : FusedMultiplyAdds(rounds);
}

}  // namespace parvis::kernels
