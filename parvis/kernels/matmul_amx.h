#ifndef PARVIS_KERNELS_MATMUL_AMX_H_
#define PARVIS_KERNELS_MATMUL_AMX_H_

#include <cstdint>

#include "parvis/kernels/kernels.h"

namespace parvis::kernels {

// What ldtilecfg reads: the shapes of the tile registers.
struct alignas(64) TileConfig {
  uint8_t palette = 1, start_row = 0, unused[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};
};

// Table::MatMul of bf16 on AMX tiles, of packings of AVX-512.
// REQUIRES: args.packing is kBf16, and that the system lets this process use tiles (AllowTiles).
void MultiplyBf16Amx(const MatMulArgs& args);

// Whether the processor multiplies bf16 by AMX and Linux lets this process use its registers, for
// which it must be asked once (arch_prctl, Documentation/arch/x86/xstate.rst). It is asked here.
bool AllowTiles();

}  // namespace parvis::kernels

#endif  // PARVIS_KERNELS_MATMUL_AMX_H_
