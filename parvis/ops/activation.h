#ifndef PARVIS_OPS_ACTIVATION_H_
#define PARVIS_OPS_ACTIVATION_H_

#include "parvis/ops/exec.h"

namespace parvis::ops {

using kernels::Activation;

// y = a + b, elementwise: the residual connection.
Tensor Add(const Exec& exec, const Tensor& a, const Tensor& b);

// y = factor * x.
Tensor Scale(const Exec& exec, const Tensor& x, float factor);

// y = activation(x).
Tensor Activate(const Exec& exec, Activation activation, const Tensor& x);

// y = activation(gate) * up. Shazeer, "GLU Variants Improve Transformer", 2020.
Tensor Gated(const Exec& exec, Activation activation, const Tensor& gate, const Tensor& up);

}  // namespace parvis::ops

#endif  // PARVIS_OPS_ACTIVATION_H_
