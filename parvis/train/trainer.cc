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

// Whether all losses of a segment are.
bool IsFinite(const Batch& batch, size_t segment, std::span<const float> losses) {
  const int64_t begin = batch.segments[segment].begin;
  const int64_t end = begin + batch.segments[segment].count;
  for (size_t i = 0; i < losses.size(); ++i) {
    const int64_t row = batch.RowOf(i);
    if (row >= begin && row < end && !std::isfinite(losses[i])) return false;
  }
  return true;
}

// The head is multiplied with the rows that it is given only.
double FlopOf(const nn::Blueprint& blueprint, const Batch& batch) {
  const auto head = static_cast<double>(nn::NumMultipliedByHead(blueprint));
  const auto all = static_cast<double>(nn::NumMultiplied(blueprint));
  return 6.0 * ((all - head) * static_cast<double>(batch.tokens.size()) +
                head * static_cast<double>(batch.num_head_rows()) +
                static_cast<double>(nn::NumMultipliedByPrompt(blueprint)) *
                    static_cast<double>(batch.prompt_tokens.size()));
}

}  // namespace

Trainer::Trainer(const ops::Exec& eager, nn::Stack& stack, const Objective& objective,
                 const OptimizerSettings& settings, ops::Packing packing)
    : eager_(eager),
      stack_(stack),
      objective_(objective),
      optimizer_(stack, settings),
      packing_(packing) {
  for (ops::Parameter* parameter : stack_.Learned()) {
    parameter->grad = Tensor::Zeros(parameter->shape);
  }
  stack_.Pack(eager_, /*keep_values=*/true, packing_);
}

// Of a stack with an adapter nothing else changes.
void Trainer::Repack() {
  if (stack_.adapter().empty()) {
    stack_.Pack(eager_, /*keep_values=*/true, packing_);
  } else {
    stack_.PackAdapter(eager_);
  }
}

Result<Trainer::StepResult> Trainer::Accumulate(std::span<const Batch> micro_batches,
                                                const Corpus& corpus) {
  StepResult result;
  for (const Batch& batch : micro_batches) {
    result.num_targets += batch.num_targets();
    result.num_tokens += batch.num_tokens();
    result.flop += FlopOf(stack_.blueprint(), batch);
  }
  const int64_t count = std::max<int64_t>(result.num_targets, 1);
  const float grad_scale = 1.0f / static_cast<float>(count);
  for (ops::Parameter* parameter : stack_.Learned()) {
    std::memset(parameter->grad.data(), 0, parameter->grad.bytes());
  }
  std::vector<float> losses;
  for (const Batch& batch : micro_batches) {
    ops::Tape tape;
    ops::Exec recording(eager_.pool(), eager_.kernels(), &tape);
    recording.set_recomputing(recomputing_);
    losses.resize(batch.targets.size());
    const ops::Loss loss = objective_.Loss(recording, stack_, batch, grad_scale, losses);
    if (!std::isfinite(loss.sum)) return Explain(batch, losses, corpus);
    result.loss += loss.sum;
    tape.RunBackward();
  }
  result.loss /= static_cast<double>(count);
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
  for (const ops::Parameter* parameter : stack_.Learned()) {
    if (where.empty() && !AllFinite(parameter->value)) where = "weight " + parameter->name;
  }
  if (where.empty() && !losses.empty()) {
    ops::Exec observing(eager_.pool(), eager_.kernels());
    observing.set_observer([&where](const std::string& name, const Tensor& value) {
      if (where.empty() && value.dtype() == DType::kF32 && !AllFinite(value)) where = name;
    });
    HeadRows(observing, stack_, batch);
    if (where.empty()) where = "the logits";
  }
  for (const ops::Parameter* parameter : stack_.Learned()) {
    if (where.empty() && !AllFinite(parameter->grad)) where = "the gradient of " + parameter->name;
  }
  if (where.empty()) where = "the sum of the gradients' squares";

  std::string documents;
  int named = 0;
  for (size_t i = 0; i < batch.segments.size() && named < 3; ++i) {
    if (!losses.empty() && IsFinite(batch, i, losses)) continue;
    documents += (named++ == 0 ? "" : ", ") + corpus.id(batch.documents[i]);
  }
  return DataLoss(
      fmt::format("numbers that are not finite at step {}: first in {}; documents: {}. "
                  "A lower learning_rate or a smaller clip usually helps",
                  optimizer_.steps + 1, where, documents));
}

}  // namespace parvis::train
