#include "parvis/nn/head.h"

#include "parvis/ops/activation.h"

namespace parvis::nn {

Tensor BeforeOutput(const ops::Exec& exec, const Blueprint& blueprint,
                    const HeadParameters& parameters, const Tensor& hidden) {
  if (blueprint.output_scale != 1.0f) return ops::Scale(exec, hidden, blueprint.output_scale);
  if (!blueprint.head.dense) return hidden;
  const Tensor dense = ops::Linear(exec, hidden, parameters.dense);
  Tensor active = ops::Activate(exec, blueprint.head.activation, dense);
  if (parameters.norm.weight == nullptr) return active;
  return Normalise(exec, blueprint.norm, parameters.norm, active);
}

Tensor ApplyHead(const ops::Exec& exec, const Blueprint& blueprint,
                 const HeadParameters& parameters, const Tensor& hidden) {
  const Tensor x = BeforeOutput(exec, blueprint, parameters, hidden);
  return parameters.out.weight == nullptr ? x : ops::Linear(exec, x, parameters.out);
}

}  // namespace parvis::nn
