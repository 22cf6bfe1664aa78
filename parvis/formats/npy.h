#ifndef PARVIS_FORMATS_NPY_H_
#define PARVIS_FORMATS_NPY_H_

#include <string>

#include "parvis/core/result.h"
#include "parvis/tensor/tensor.h"

namespace parvis::formats {

// Writes a NumPy array file (format 1.0: numpy.org/doc/stable/reference/generated/
// numpy.lib.format.html), all or nothing. Types: f32, f16, i32, i64, u8.
Status WriteNpy(const std::string& path, const Tensor& tensor);

}  // namespace parvis::formats

#endif  // PARVIS_FORMATS_NPY_H_
