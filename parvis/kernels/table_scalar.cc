#define PARVIS_SCALAR_KERNELS  // see inlining.h

#include "parvis/kernels/block_dot_scalar.h"
#include "parvis/kernels/simd_scalar.h"
#include "parvis/kernels/table-inl.h"
#include "parvis/kernels/tables.h"

namespace parvis::kernels {

constinit const Table kScalarTable = MakeTable<ScalarVec>(Target::kScalar);

}  // namespace parvis::kernels
