#ifndef PARVIS_KERNELS_PROBE_TARGETS_H_
#define PARVIS_KERNELS_PROBE_TARGETS_H_

#include "parvis/kernels/kernels.h"

// ProbeProducts (probe.h) of the instruction sets, each in its own file.
namespace parvis::kernels {

double ProbeProductsAvx2(Packing packing, int64_t rounds);
double ProbeProductsAvx512(Packing packing, int64_t rounds);
double ProbeBf16ProductsAmx(int64_t rounds);

}  // namespace parvis::kernels

#endif  // PARVIS_KERNELS_PROBE_TARGETS_H_
