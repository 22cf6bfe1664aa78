#ifndef PARVIS_FORMATS_BLOCK_QUANTIZER_H_
#define PARVIS_FORMATS_BLOCK_QUANTIZER_H_

#include <cstddef>

#include "parvis/tensor/dtype.h"

namespace parvis::formats {

// The types that QuantiseBlocks makes: q4_0, q4_1, q5_0, q5_1, q4_K, q5_K, q6_K.
bool HasBlockQuantiser(DType dtype);

// Writes x[0..size) as blocks of `dtype` (the layouts: parvis/kernels/layout.h).
//
// Scales are searched for the least sum of squared differences (block_fit.h); codes are then
// rounded by the scale as it is stored. Errors are therefore below those of ggml's plain quantisers
// of the 32-types, which take the scale from the largest number, and beside those of its K types,
// which search for a weighted sum. A block with a number that is not finite becomes NaN. Scales
// stop at the largest f16.
// Depends on its arguments only. REQUIRES: HasBlockQuantiser(dtype), size a multiple of the
// type's group.
void QuantiseBlocks(DType dtype, const float* x, size_t size, std::byte* out);

}  // namespace parvis::formats

#endif  // PARVIS_FORMATS_BLOCK_QUANTIZER_H_
