#ifndef PARVIS_OPS_EMBEDDING_H_
#define PARVIS_OPS_EMBEDDING_H_

#include <cstdint>
#include <span>

#include "parvis/ops/exec.h"
#include "parvis/ops/parameter.h"

namespace parvis::ops {

// Row ids[i] of `table` (vocab_size, size) for each i: (ids.size(), size) in f32. The table keeps
// its value (it is read, not multiplied). REQUIRES: 0 <= ids[i] < vocab_size.
Tensor Embed(const Exec& exec, std::span<const int32_t> ids, Parameter& table);

// Some rows of x, in the given order; one may be taken several times.
Tensor SelectRows(const Exec& exec, const Tensor& x, std::span<const int64_t> rows);

}  // namespace parvis::ops

#endif  // PARVIS_OPS_EMBEDDING_H_
