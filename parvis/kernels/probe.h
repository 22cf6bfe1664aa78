#ifndef PARVIS_KERNELS_PROBE_H_
#define PARVIS_KERNELS_PROBE_H_

#include <cstddef>
#include <cstdint>

#include "parvis/kernels/kernels.h"

// Loops that do nothing but keep one resource of the processor busy, so that a benchmark can say
// what share of it a kernel reaches. They may be called from several threads at once.
namespace parvis::kernels {

// Brings `size` bytes (in pairs of 64) through the caches, as two streams of which a word of each
// line is looked at: what a Zen 5 core does fastest, 8 % faster than one stream. The sum of the
// words.
uint64_t ProbeRead(const void* data, size_t size);

// Multiplies and adds in registers, as products of `packing` do at best on `target`:
//   kF32, kF16   fused multiply-adds of f32
//   kBf16        dot products of bf16 pairs where the processor has them, else as kF32
//   all others   dot products of int8
// Returns the number of multiplications plus additions done in `rounds` rounds.
double ProbeProducts(Target target, Packing packing, int64_t rounds);

}  // namespace parvis::kernels

#endif  // PARVIS_KERNELS_PROBE_H_
