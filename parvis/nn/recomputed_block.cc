#include "parvis/nn/block.h"
#include "parvis/ops/tape.h"

namespace parvis::nn {
namespace {

// Moves what `inner` has collected for x, which no op of its own made, to `tape`.
void PassOn(ops::Tape& inner, ops::Tape& tape, const Tensor& x) {
  if (!x.defined()) return;
  const Tensor grad = inner.TakeGrad(x);
  if (grad.defined()) tape.AddGrad(x, grad);
}

}  // namespace

Tensor RecomputedBlock(const ops::Exec& exec, const Blueprint& blueprint,
                       const BlockParameters& parameters, const BlockInput& input, int64_t layer,
                       const Tensor& x) {
  const ops::Exec eager(exec.pool(), exec.kernels());
  Tensor y = Block(eager, blueprint, parameters, input, layer, x);
  exec.tape().Record([&exec, &blueprint, &parameters, input, layer, x, y] {
    const Tensor grad = exec.tape().TakeGrad(y);
    if (!grad.defined()) return;
    ops::Tape inner;
    const ops::Exec recording(exec.pool(), exec.kernels(), &inner);
    const Tensor again = Block(recording, blueprint, parameters, input, layer, x);
    inner.AddGrad(again, grad);
    inner.RunBackward();
    for (const Tensor& source : {x, input.bias, input.encoded}) PassOn(inner, exec.tape(), source);
  });
  return y;
}

}  // namespace parvis::nn
