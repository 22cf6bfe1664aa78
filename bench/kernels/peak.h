#ifndef PARVIS_BENCH_KERNELS_PEAK_H_
#define PARVIS_BENCH_KERNELS_PEAK_H_

#include <cstddef>

#include "parvis/kernels/kernels.h"

// What one core can do at most, measured now: the denominators of every share that is reported.
// By the processor time of the thread, best of several runs, so that neighbours count little.
namespace parvis::bench {

double ThreadSeconds();  // processor time of this thread so far

// f32 multiply-adds with everything in registers, in GFLOP/s.
double PeakGflops(kernels::Target target);

// Sequential reads of 512 MiB, far more than any cache, in GB/s.
double ReadGigabytes();

// `count` rounds of fused multiply-adds on 12 (AVX2) or 24 (AVX-512) independent vectors; returns
// the operations done. `sink` keeps the result alive.
double RunFmaAvx2(size_t count, float* sink);
double RunFmaAvx512(size_t count, float* sink);
double RunFmaScalar(size_t count, float* sink);

// Sum of `size` floats as fast as they can be read.
float SumAvx2(const float* x, size_t size);

}  // namespace parvis::bench

#endif  // PARVIS_BENCH_KERNELS_PEAK_H_
