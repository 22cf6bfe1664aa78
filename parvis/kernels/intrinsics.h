#ifndef PARVIS_KERNELS_INTRINSICS_H_
#define PARVIS_KERNELS_INTRINSICS_H_

// The processor's vector instructions; in one test, functions that do the same.
#ifdef PARVIS_EMULATE_AVX512
#include "parvis/kernels/avx512_emulation.h"
#else
#include <immintrin.h>
#endif

#endif  // PARVIS_KERNELS_INTRINSICS_H_
