#include "parvis/kernels/matmul_amx.h"
#include "parvis/kernels/probe_targets.h"

namespace parvis::kernels {

double ProbeBf16ProductsAmx(int64_t rounds) {
  constexpr int kSums = 4;  // independent, so that none waits for the one before
  const TileConfig config = {.row_bytes = {64, 64, 64, 64, 64, 64},
                             .rows = {16, 16, 16, 16, 16, 16}};
  asm volatile("ldtilecfg %0" : : "m"(config));
  asm volatile(
      "tilezero %tmm0\n tilezero %tmm1\n tilezero %tmm2\n tilezero %tmm3\n"
      "tilezero %tmm4\n tilezero %tmm5");
  for (int64_t round = 0; round < rounds; ++round) {
    asm volatile(
        "tdpbf16ps %tmm5, %tmm4, %tmm0\n tdpbf16ps %tmm5, %tmm4, %tmm1\n"
        "tdpbf16ps %tmm5, %tmm4, %tmm2\n tdpbf16ps %tmm5, %tmm4, %tmm3");
  }
  asm volatile("tilerelease");
  return static_cast<double>(rounds) * kSums * 16 * 16 * 32 * 2;
}

}  // namespace parvis::kernels
