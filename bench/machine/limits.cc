#include "bench/machine/limits.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace parvis::bench {

#if defined(__x86_64__)

namespace {

constexpr int kChains = 12;
constexpr int kInt8Chains = 8;

// Keeps the compiler from knowing a register's value, and from dropping what computed it.
template <typename Register>
inline void Hide(Register& value) {
  asm volatile("" : "+x"(value));
}

__attribute__((target("fma"))) void ScalarF32(int64_t rounds) {
  __m128 x = _mm_setzero_ps(), y = x, sum[kChains];
  Hide(x), Hide(y);
  for (__m128& s : sum) s = _mm_setzero_ps();
  while (rounds-- > 0) {
#pragma GCC unroll 12
    for (__m128& s : sum) s = _mm_fmadd_ss(x, y, s);
  }
  for (__m128& s : sum) Hide(s);
}

__attribute__((target("avx2,fma"))) void Avx2F32(int64_t rounds) {
  __m256 x = _mm256_setzero_ps(), y = x, sum[kChains];
  Hide(x), Hide(y);
  for (__m256& s : sum) s = _mm256_setzero_ps();
  while (rounds-- > 0) {
#pragma GCC unroll 12
    for (__m256& s : sum) s = _mm256_fmadd_ps(x, y, s);
  }
  for (__m256& s : sum) Hide(s);
}

// Bytes without VNNI: pairs to 16 bits, pairs of those to 32 bits, then a sum. The sums wait one
// cycle only, and the products need registers, too: eight chains are enough.
__attribute__((target("avx2"))) void Avx2Int8(int64_t rounds) {
  __m256i x = _mm256_setzero_si256(), y = x, ones = _mm256_set1_epi16(1), sum[kInt8Chains];
  Hide(ones);
  for (__m256i& s : sum) s = _mm256_setzero_si256();
  while (rounds-- > 0) {
#pragma GCC unroll 8
    for (__m256i& s : sum) {
      Hide(x), Hide(y);
      s = _mm256_add_epi32(s, _mm256_madd_epi16(_mm256_maddubs_epi16(x, y), ones));
    }
  }
  for (__m256i& s : sum) Hide(s);
}

__attribute__((target("avx512f"))) void Avx512F32(int64_t rounds) {
  __m512 x = _mm512_setzero_ps(), y = x, sum[kChains];
  Hide(x), Hide(y);
  for (__m512& s : sum) s = _mm512_setzero_ps();
  while (rounds-- > 0) {
#pragma GCC unroll 12
    for (__m512& s : sum) s = _mm512_fmadd_ps(x, y, s);
  }
  for (__m512& s : sum) Hide(s);
}

__attribute__((target("avx512f,avx512bf16"))) void Avx512Bf16(int64_t rounds) {
  __m512i x = _mm512_setzero_si512(), y = x;
  __m512 sum[kChains];
  Hide(x), Hide(y);
  for (__m512& s : sum) s = _mm512_setzero_ps();
  while (rounds-- > 0) {
#pragma GCC unroll 12
    for (__m512& s : sum) s = _mm512_dpbf16_ps(s, (__m512bh)x, (__m512bh)y);
  }
  for (__m512& s : sum) Hide(s);
}

__attribute__((target("avx512f,avx512vnni"))) void Avx512Int8(int64_t rounds) {
  __m512i x = _mm512_setzero_si512(), y = x, sum[kChains];
  Hide(x), Hide(y);
  for (__m512i& s : sum) s = _mm512_setzero_si512();
  while (rounds-- > 0) {
#pragma GCC unroll 12
    for (__m512i& s : sum) s = _mm512_dpbusd_epi32(s, x, y);
  }
  for (__m512i& s : sum) Hide(s);
}

// Linux lets a process use tiles that asks for them, where the processor has them.
bool MayUseTiles() {
  constexpr long kRequest = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM
  return syscall(SYS_arch_prctl, kRequest, kTileData) == 0;
}

// Four chains of tiles of 16 rows of 64 bytes, a product a round.
void AmxBf16(int64_t rounds) {
  alignas(64) unsigned char config[64] = {1};  // the palette; from 16 on bytes, from 48 on rows
  for (int tile = 0; tile < 6; ++tile) config[16 + 2 * tile] = 64, config[48 + tile] = 16;
  asm volatile("ldtilecfg %0" : : "m"(config));
  asm volatile(
      "tilezero %tmm0\n tilezero %tmm1\n tilezero %tmm2\n tilezero %tmm3\n"
      "tilezero %tmm4\n tilezero %tmm5");
  for (; rounds > 0; rounds -= 4) {
    asm volatile(
        "tdpbf16ps %tmm5, %tmm4, %tmm0\n tdpbf16ps %tmm5, %tmm4, %tmm1\n"
        "tdpbf16ps %tmm5, %tmm4, %tmm2\n tdpbf16ps %tmm5, %tmm4, %tmm3");
  }
  asm volatile("tilerelease");
}

}  // namespace

std::vector<Arithmetic> ArithmeticOfThisMachine() {
  const bool avx512 = __builtin_cpu_supports("avx512f");
  const bool avx2 = __builtin_cpu_supports("avx2");
  const bool fma = __builtin_cpu_supports("fma");
  return {
      {"f32 scalar", fma, 2.0 * kChains, ScalarF32},
      {"f32 avx2", avx2 && fma, 16.0 * kChains, Avx2F32},
      {"int8 avx2", avx2, 64.0 * kInt8Chains, Avx2Int8},
      {"f32 avx512", avx512, 32.0 * kChains, Avx512F32},
      {"bf16 avx512", avx512 && __builtin_cpu_supports("avx512bf16"), 64.0 * kChains, Avx512Bf16},
      {"int8 avx512", avx512 && __builtin_cpu_supports("avx512vnni"), 128.0 * kChains, Avx512Int8},
      {"bf16 amx", avx512 && MayUseTiles(), 2.0 * 16 * 16 * 32, AmxBf16}};
}

#else

std::vector<Arithmetic> ArithmeticOfThisMachine() { return {}; }

#endif

uint64_t ReadAll(const void* data, size_t size) {
  constexpr size_t kLineWords = 8;
  const auto* first = static_cast<const uint64_t*>(data);
  const size_t half = size / 2 / (kLineWords * sizeof(uint64_t)) * kLineWords;
  const uint64_t* second = first + half;
  uint64_t sum = 0;
  for (size_t i = 0; i < half; i += kLineWords) sum += first[i] + second[i];
  return sum;
}

}  // namespace parvis::bench
