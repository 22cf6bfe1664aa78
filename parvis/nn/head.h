#ifndef PARVIS_NN_HEAD_H_
#define PARVIS_NN_HEAD_H_

#include "parvis/nn/block.h"
#include "parvis/nn/blueprint.h"

namespace parvis::nn {

// The parameters of a head. What the blueprint does not ask for has no weight.
struct HeadParameters {
  ops::LinearSpec dense;  // (hidden_size, hidden_size), then an activation
  NormParameters norm;    // after it
  ops::LinearSpec out;    // (outputs, hidden_size)
};

// All of a head but its last matrix: (rows, hidden_size) in and out.
Tensor BeforeOutput(const ops::Exec& exec, const Blueprint& blueprint,
                    const HeadParameters& parameters, const Tensor& hidden);

// The whole head: (rows, NumOutputs).
Tensor ApplyHead(const ops::Exec& exec, const Blueprint& blueprint,
                 const HeadParameters& parameters, const Tensor& hidden);

}  // namespace parvis::nn

#endif  // PARVIS_NN_HEAD_H_
