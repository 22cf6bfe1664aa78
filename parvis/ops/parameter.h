#ifndef PARVIS_OPS_PARAMETER_H_
#define PARVIS_OPS_PARAMETER_H_

#include <string>

#include "parvis/kernels/kernels.h"
#include "parvis/tensor/tensor.h"

namespace parvis::ops {

using kernels::Packing;

// One learned tensor: what a file holds and what an optimiser changes.
//
// A matrix is (outputs, inputs). Products read `panels`, a copy of `value` in the layout that the
// kernels want; whoever changes `value` calls Pack (parvis/ops/matmul.h) again. When a model only
// runs, `value` may be dropped after packing (see `Pack`'s `keep_value`).
struct Parameter {
  std::string name;  // "3.attention.q.weight"
  Shape shape;
  Tensor value;   // f32 while training; else as the file has it; undefined if only packed
  Tensor grad;    // f32, summed into by backward; defined only while training
  Tensor panels;  // u8
  Packing packing = Packing::kF32;
};

}  // namespace parvis::ops

#endif  // PARVIS_OPS_PARAMETER_H_
