#include "parvis/kernels/block_dot_avx2.h"
#include "parvis/kernels/simd_avx2.h"
#include "parvis/kernels/table-inl.h"
#include "parvis/kernels/tables.h"

namespace parvis::kernels {

constinit const Table kAvx2Table = MakeTable<Avx2Vec>(Target::kAvx2);

}  // namespace parvis::kernels
