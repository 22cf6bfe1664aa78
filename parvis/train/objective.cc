#include "parvis/train/objective.h"

#include "parvis/ops/embedding.h"

namespace parvis::train {

Tensor HeadRows(const ops::Exec& exec, nn::Stack& stack, const Batch& batch) {
  nn::Step step = batch.step();
  if (!batch.prompt_segments.empty()) {
    step.memories = batch.prompt_segments;
    step.encoded = stack.Encode(exec, {batch.prompt_tokens, batch.prompt_segments});
  }
  const Tensor hidden = stack.Forward(exec, step);
  return batch.head_rows.empty() ? hidden : ops::SelectRows(exec, hidden, batch.head_rows);
}

Result<std::vector<Objective::Example>> Objective::EncodeAll(const Document& document) const {
  std::vector<Example> examples(1);
  PARVIS_ASSIGN_OR_RETURN(examples[0], Encode(document));
  return examples;
}

ops::Loss Objective::Loss(const ops::Exec& exec, nn::Stack& stack, const Batch& batch,
                          float grad_scale, std::span<float> each) const {
  return stack.Loss(exec, HeadRows(exec, stack, batch), batch.targets, grad_scale, each);
}

void AppendRow(const Corpus& corpus, const Objective& objective, const EpochPlan& plan, int64_t row,
               uint64_t seed, uint64_t epoch, Batch& batch) {
  Random random(seed, ((epoch + 1) << 32) + static_cast<uint64_t>(row));
  for (int64_t i = plan.row_begin[row]; i < plan.row_begin[row + 1]; ++i) {
    objective.Append(corpus, plan.pieces[i], random, batch);
  }
}

}  // namespace parvis::train
