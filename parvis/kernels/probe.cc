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
  constexpr size_t kLine = 64;
  const auto* first = static_cast<const std::byte*>(data);
  const size_t half = size / 2 / kLine * kLine;
  uint64_t total = 0;
  for (size_t at = 0; at < half; at += kLine) {
    uint64_t words[2];
    std::memcpy(&words[0], first + at, sizeof(uint64_t));
    std::memcpy(&words[1], first + half + at, sizeof(uint64_t));
    total += words[0] + words[1];
  }
  asm volatile("" : : "r"(total));  // used, even if the caller is not interested
  return total;
}

double ProbeProducts(Target target, Packing packing, int64_t rounds) {
  packing = RowsOf(packing);
  if (packing == Packing::kQ4_0) packing = Packing::kQ8_0;  // bytes too
  switch (target) {
    case Target::kAmx:
      if (packing == Packing::kBf16) return ProbeBf16ProductsAmx(rounds);
      [[fallthrough]];
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
