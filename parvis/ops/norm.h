#ifndef PARVIS_OPS_NORM_H_
#define PARVIS_OPS_NORM_H_

#include "parvis/ops/exec.h"
#include "parvis/ops/parameter.h"

namespace parvis::ops {

// y = x * weight / sqrt(mean(x²) + epsilon), row by row. x, y: (rows, size), weight: (size).
// Zhang and Sennrich, "Root Mean Square Layer Normalization", 2019.
Tensor RmsNorm(const Exec& exec, const Tensor& x, Parameter& weight, float epsilon);

// y = (x - mean) / sqrt(variance + epsilon) * weight + bias, row by row; bias may be null.
// Ba, Kiros and Hinton, "Layer Normalization", 2016.
Tensor LayerNorm(const Exec& exec, const Tensor& x, Parameter& weight, Parameter* bias,
                 float epsilon);

}  // namespace parvis::ops

#endif  // PARVIS_OPS_NORM_H_
