#include "parvis/train/trainer.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "fmt/format.h"
#include "parvis/ops/tape.h"
#include "parvis/train/collectives.h"

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

constexpr double kLearned = 6.0;  // forward, and backward to the inputs and to the weights
constexpr double kFrozen = 4.0;   // no gradient of the weights

}  // namespace

Trainer::Cost::Cost(nn::Stack& stack) {
  const nn::Blueprint& blueprint = stack.blueprint();
  const double each = stack.adapter().empty() ? kLearned : kFrozen;
  head_row = each * static_cast<double>(nn::NumMultipliedByHead(blueprint));
  token = each * static_cast<double>(nn::NumMultiplied(blueprint)) - head_row;
  prompt_token = each * static_cast<double>(nn::NumMultipliedByPrompt(blueprint));
  if (stack.adapter().empty()) return;
  for (const ops::Parameter* parameter : stack.Learned()) {
    if (parameter->name.find(".lora_") == std::string::npos) {  // the head's, counted as frozen
      if (parameter->shape.size() == 2) {
        head_row += (kLearned - kFrozen) * static_cast<double>(parameter->grad.size());
      }
      continue;
    }
    (nn::IsMultipliedByPrompt(parameter->name) ? prompt_token : token) +=
        kLearned * static_cast<double>(parameter->grad.size());
  }
}

// The head is multiplied with the rows that it is given only.
double Trainer::Cost::Of(const Batch& batch) const {
  return token * static_cast<double>(batch.tokens.size()) +
         head_row * static_cast<double>(batch.num_head_rows()) +
         prompt_token * static_cast<double>(batch.prompt_tokens.size());
}

Trainer::Trainer(const ops::Exec& eager, nn::Stack& stack, const Objective& objective,
                 const OptimizerSettings& settings, ops::Packing packing, Communicator& world)
    : eager_(eager),
      stack_(stack),
      objective_(objective),
      world_(world),
      sharding_(stack.Learned(), world.rank(), world.size()),
      optimizer_(stack, settings, sharding_.own()),
      packing_(packing) {
  if (world_.size() > 1) {
    gradient_sum_ = std::make_unique<GradientSum>(world_, sharding_, stack_.Learned());
  }
  for (ops::Parameter* parameter : stack_.Learned()) {
    parameter->grad = Tensor::Zeros(parameter->shape);
  }
  cost_ = Cost(stack_);
  stack_.Pack(eager_, /*keep_values=*/true, packing_);
}

// Of a stack with an adapter nothing else changes but a head that is taught with it.
void Trainer::Repack() {
  if (stack_.adapter().empty()) {
    stack_.Pack(eager_, /*keep_values=*/true, packing_);
    return;
  }
  stack_.PackAdapter(eager_);
  for (ops::Parameter* parameter : stack_.Learned()) {
    const bool of_head = parameter->name.find(".lora_") == std::string::npos;
    if (of_head && parameter->shape.size() == 2) ops::Pack(eager_, *parameter, packing_);
  }
}

void Trainer::GatherAndRepack() {
  GatherValues(world_, sharding_, stack_.Learned());
  Repack();
}

// Of all ranks' batches.
Trainer::StepResult Trainer::Count(std::span<const Batch> micro_batches) const {
  double num_targets = 0.0, num_tokens = 0.0, flop = 0.0;
  for (const Batch& batch : micro_batches) {
    num_targets += static_cast<double>(objective_.CountOf(batch));
    num_tokens += static_cast<double>(batch.num_tokens());
    flop += cost_.Of(batch);
  }
  const std::vector<double> sums = SumNumbers(world_, {num_targets, num_tokens, flop});
  return {.num_targets = static_cast<int64_t>(sums[0]),
          .num_tokens = static_cast<int64_t>(sums[1]),
          .flop = sums[2]};
}

Result<Trainer::StepResult> Trainer::Accumulate(std::span<const Batch> micro_batches,
                                                const Corpus& corpus) {
  StepResult result = Count(micro_batches);
  const int64_t count = std::max<int64_t>(result.num_targets, 1);
  const float grad_scale = 1.0f / static_cast<float>(count);
  for (ops::Parameter* parameter : stack_.Learned()) {
    std::memset(parameter->grad.data(), 0, parameter->grad.bytes());
  }
  Status status;
  std::vector<float> losses;
  for (const Batch& batch : micro_batches) {
    ops::Tape tape;
    // Before the last micro-batch no gradient is complete.
    if (gradient_sum_ != nullptr && &batch == &micro_batches.back()) {
      gradient_sum_->Begin();
      tape.set_reached([this](const std::string& mark) { gradient_sum_->Reached(mark); });
    }
    if (!status.ok()) continue;
    ops::Exec recording(eager_.pool(), eager_.kernels(), &tape);
    recording.set_recomputing(recomputing_);
    losses.resize(batch.targets.size());
    const ops::Loss loss = objective_.Loss(recording, stack_, batch, grad_scale, losses);
    if (std::isfinite(loss.sum)) {
      result.loss += loss.sum;
      tape.RunBackward();
    } else {
      // The other ranks wait for our gradients: we go on to where all stop together.
      status = Explain(batch, losses, corpus);
    }
  }
  if (gradient_sum_ != nullptr) gradient_sum_->Finish();
  PARVIS_RETURN_IF_ERROR(Agree(world_, status));
  result.loss = SumNumbers(world_, {result.loss})[0] / static_cast<double>(count);
  return result;
}

Result<Trainer::StepResult> Trainer::Step(std::span<const Batch> micro_batches,
                                          double learning_rate, const Corpus& corpus) {
  PARVIS_ASSIGN_OR_RETURN(StepResult result, Accumulate(micro_batches, corpus));
  const double squares = optimizer_.Squares(eager_, stack_);
  result.grad_norm = std::sqrt(SumNumbers(world_, {squares})[0]);
  if (!std::isfinite(result.grad_norm)) return ExplainGradients(micro_batches.front(), corpus);
  optimizer_.Update(eager_, stack_, learning_rate, result.grad_norm);
  GatherAndRepack();
  return result;
}

// Finds the rank whose numbers were bad. What it owns has been summed already, the rest is its own:
// it has a bad number there, or nobody has one there and its bad ones are in what it owns.
Status Trainer::ExplainGradients(const Batch& batch, const Corpus& corpus) {
  const std::vector<ops::Parameter*> learned = stack_.Learned();
  const auto count_bad = [](const float* begin, const float* end) {
    return std::count_if(begin, end, [](float value) { return !std::isfinite(value); });
  };
  int64_t owned = 0, others = 0;
  for (const ops::Parameter* parameter : learned) {
    others += count_bad(parameter->grad.f32(), parameter->grad.f32() + parameter->grad.size());
  }
  for (const Slice& slice : sharding_.own()) {
    const float* grad = learned[slice.parameter]->grad.f32();
    owned += count_bad(grad + slice.begin, grad + slice.end);
  }
  others -= owned;
  const bool known = SumNumbers(world_, {static_cast<double>(others)})[0] > 0.0;
  const bool mine = world_.size() == 1 || (known ? others > 0 : owned > 0);
  const Status status = Agree(world_, mine ? Explain(batch, {}, corpus) : Status());
  // All numbers are finite, the sum of their squares is not.
  return status.ok() ? Explain(batch, {}, corpus) : status;
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
