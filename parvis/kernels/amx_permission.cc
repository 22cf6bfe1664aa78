#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "parvis/kernels/matmul_amx.h"

namespace parvis::kernels {
namespace {

bool ProcessorHasTiles() {
  constexpr unsigned kBf16 = 1u << 22, kTile = 1u << 24;  // of leaf 7's edx
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (d & kBf16) != 0 && (d & kTile) != 0;
}

}  // namespace

bool AllowTiles() {
  constexpr long kRequest = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, its bit of XCR0
  static const bool allowed =
      ProcessorHasTiles() && syscall(SYS_arch_prctl, kRequest, kTileData) == 0;
  return allowed;
}

}  // namespace parvis::kernels
