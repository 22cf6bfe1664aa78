// Inline assembly, so that no compiler finds a shorter way to a result that nobody reads.

#include <immintrin.h>

#include "parvis/kernels/probe_targets.h"

namespace parvis::kernels {
namespace {

constexpr int kSums = 12;  // independent, so that none waits for the one before

double FusedMultiplyAdds(int64_t rounds) {
  __m512 sums[kSums];
  for (__m512& sum : sums) sum = _mm512_setzero_ps();
  const __m512 x = _mm512_set1_ps(0.5f);
  for (int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 12
    for (__m512& sum : sums) asm volatile("vfmadd231ps %1, %1, %0" : "+v"(sum) : "v"(x));
  }
  return static_cast<double>(rounds) * kSums * 16 * 2;
}

double Bf16DotProducts(int64_t rounds) {
  __m512 sums[kSums];
  for (__m512& sum : sums) sum = _mm512_setzero_ps();
  const __m512 pairs = _mm512_castsi512_ps(_mm512_set1_epi16(0x3f00));  // 0.5 each
  for (int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 12
    for (__m512& sum : sums) asm volatile("vdpbf16ps %1, %1, %0" : "+v"(sum) : "v"(pairs));
  }
  return static_cast<double>(rounds) * kSums * 32 * 2;
}

double ByteDotProducts(int64_t rounds) {
  __m512i sums[kSums];
  for (__m512i& sum : sums) sum = _mm512_setzero_si512();
  const __m512i x = _mm512_set1_epi8(1);
  for (int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 12
    for (__m512i& sum : sums) asm volatile("vpdpbusd %1, %1, %0" : "+v"(sum) : "v"(x));
  }
  return static_cast<double>(rounds) * kSums * 64 * 2;
}

}  // namespace

double ProbeProductsAvx512(Packing packing, int64_t rounds) {
  switch (packing) {
    case Packing::kQ8_0:
      return ByteDotProducts(rounds);
    case Packing::kBf16:
      return Bf16DotProducts(rounds);
    default:
      return FusedMultiplyAdds(rounds);
  }
}

}  // namespace parvis::kernels
