#ifndef PARVIS_FORMATS_QUANTIZE_H_
#define PARVIS_FORMATS_QUANTIZE_H_

#include "parvis/core/result.h"
#include "parvis/core/thread_pool.h"
#include "parvis/tensor/tensor.h"

namespace parvis::formats {

// The same numbers stored as `dtype`; the tensor itself if it is stored so already. Both sides are
// f32, f16, bf16 or quantised (dtype.h). f32, f16, bf16 round to nearest even. q8_0 is what the
// kernels make: for each 32 along the last dimension a scale of amax / 127 rounded to f16, by which
// the numbers are divided. (ggml's reference divides by the scale before it is rounded; the files
// are read the same.) The other quantised types: block_quantizer.h. Refuses rows that do not fill
// the groups of `dtype`. The result does not depend on the number of threads.
Result<Tensor> ConvertTensor(const Tensor& tensor, DType dtype, ThreadPool& pool);

}  // namespace parvis::formats

#endif  // PARVIS_FORMATS_QUANTIZE_H_
