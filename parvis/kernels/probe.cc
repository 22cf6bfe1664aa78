#include "parvis/kernels/probe.h"

#include <cstring>

#include "parvis/kernels/probe_targets.h"

namespace parvis::kernels {
namespace {

// The scalar kernels multiply and add plain floats, whatever the packing.
double ProbeProductsScalar(int64_t rounds) {
  float sums[kLanes] = {};
  for (int64_t round = 0; round < rounds; ++round) {
    float x = 1.0f;
    asm volatile("" : "+m"(x));  // not known at compile time
    for (float& sum : sums) sum += x * 0.5f;
  }
  asm volatile("" : : "m"(sums));  // used
  return static_cast<double>(rounds) * kLanes * 2;
}

}  // namespace

uint64_t ProbeRead(const void* data, size_t size) {
  constexpr size_t kWords = 8;  // a cache line
  uint64_t sums[kWords] = {};
  const auto* bytes = static_cast<const std::byte*>(data);
  for (size_t at = 0; at + sizeof(sums) <= size; at += sizeof(sums)) {
    uint64_t words[kWords];
    std::memcpy(words, bytes + at, sizeof(words));
    for (size_t i = 0; i < kWords; ++i) sums[i] += words[i];
  }
  uint64_t total = 0;
  for (const uint64_t sum : sums) total += sum;
  asm volatile("" : : "r"(total));  // used, even if the caller is not interested
  return total;
}

double ProbeProducts(Target target, Packing packing, int64_t rounds) {
  packing = RowsOf(packing);
  if (packing == Packing::kQ4_0) packing = Packing::kQ8_0;  // bytes too
  switch (target) {
    case Target::kAvx512:
      return ProbeProductsAvx512(packing, rounds);
    case Target::kAvx2:
      return ProbeProductsAvx2(packing, rounds);
    case Target::kScalar:
      break;
  }
  return ProbeProductsScalar(rounds);
}

}  // namespace parvis::kernels
