#include "parvis/train/trainer.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "fmt/format.h"
#include "parvis/ops/tape.h"

namespace parvis::train {
namespace {

bool AllFinite(const Tensor& tensor) {
  return std::all_of(tensor.f32(), tensor.f32() + tensor.size(),
                     [](float value) { return std::isfinite(value); });
}

}  // namespace

Trainer::Trainer(const ops::Exec& eager, nn::Stack& stack, const OptimizerSettings& settings,
                 ops::Packing packing)
    : eager_(eager), stack_(stack), optimizer_(stack, settings), packing_(packing) {
  for (ops::Parameter& parameter : stack_.parameters()) {
    parameter.grad = Tensor::Zeros(parameter.shape);
  }
  Repack();
}

void Trainer::Repack() { stack_.Pack(eager_, /*keep_values=*/true, packing_); }

Result<Trainer::StepResult> Trainer::Accumulate(std::span<const Batch> micro_batches,
                                                const Corpus& corpus) {
  StepResult result;
  for (const Batch& batch : micro_batches) result.num_targets += batch.num_targets();
  const float grad_scale = 1.0f / static_cast<float>(result.num_targets);
  for (ops::Parameter& parameter : stack_.parameters()) {
    std::memset(parameter.grad.data(), 0, parameter.grad.bytes());
  }
  std::vector<float> losses;
  for (const Batch& batch : micro_batches) {
    ops::Tape tape;
    const ops::Exec recording(eager_.pool(), eager_.kernels(), &tape);
    losses.resize(batch.targets.size());
    const Tensor hidden = stack_.Forward(recording, batch.step());
    const ops::Loss loss = stack_.Loss(recording, hidden, batch.targets, grad_scale, losses);
    if (!std::isfinite(loss.sum)) return Explain(batch, losses, corpus);
    result.loss += loss.sum;
    tape.RunBackward();
  }
  result.loss /= static_cast<double>(result.num_targets);
  return result;
}

Result<Trainer::StepResult> Trainer::Step(std::span<const Batch> micro_batches,
                                          double learning_rate, const Corpus& corpus) {
  PARVIS_ASSIGN_OR_RETURN(StepResult result, Accumulate(micro_batches, corpus));
  result.grad_norm = optimizer_.Step(eager_, stack_, learning_rate);
  if (!std::isfinite(result.grad_norm)) return Explain(micro_batches.front(), {}, corpus);
  Repack();
  return result;
}

// Says where numbers went wrong: in a weight, in a hidden state of the forward pass, or in a
// gradient, whichever comes first. `losses` is empty when all losses were finite.
Status Trainer::Explain(const Batch& batch, std::span<const float> losses, const Corpus& corpus) {
  std::string where;
  for (const ops::Parameter& parameter : stack_.parameters()) {
    if (where.empty() && !AllFinite(parameter.value)) where = "weight " + parameter.name;
  }
  if (where.empty() && !losses.empty()) {
    ops::Exec observing(eager_.pool(), eager_.kernels());
    observing.set_observer([&where](const std::string& name, const Tensor& value) {
      if (where.empty() && value.dtype() == DType::kF32 && !AllFinite(value)) where = name;
    });
    stack_.Forward(observing, batch.step());
    if (where.empty()) where = "the logits";
  }
  for (const ops::Parameter& parameter : stack_.parameters()) {
    if (where.empty() && !AllFinite(parameter.grad)) where = "the gradient of " + parameter.name;
  }
  if (where.empty()) where = "the sum of the gradients' squares";

  std::string documents;
  int named = 0;
  for (size_t i = 0; i < batch.segments.size() && named < 3; ++i) {
    const nn::Segment& segment = batch.segments[i];
    const auto begin = losses.empty() ? losses.begin() : losses.begin() + segment.begin;
    const auto end = losses.empty() ? losses.end() : begin + segment.count;
    if (!losses.empty() && std::all_of(begin, end, [](float x) { return std::isfinite(x); })) {
      continue;
    }
    documents += (named++ == 0 ? "" : ", ") + corpus.id(batch.documents[i]);
  }
  return DataLoss(
      fmt::format("numbers that are not finite at step {}: first in {}; documents: {}. "
                  "A lower learning_rate or a smaller clip usually helps",
                  optimizer_.steps + 1, where, documents));
}

}  // namespace parvis::train
