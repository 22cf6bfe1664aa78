#ifndef PARVIS_TRAIN_TRAINER_H_
#define PARVIS_TRAIN_TRAINER_H_

#include <memory>
#include <span>

#include "parvis/core/result.h"
#include "parvis/nn/stack.h"
#include "parvis/train/batch.h"
#include "parvis/train/communicator.h"
#include "parvis/train/corpus.h"
#include "parvis/train/gradient_sum.h"
#include "parvis/train/objective.h"
#include "parvis/train/optimizer.h"
#include "parvis/train/sharding.h"

namespace parvis::train {

// The arithmetic of training: forward, backward, update. Knows no files and no clock.
//
// `stack` must hold f32 values; it and `objective` outlive the trainer, which gives its parameters
// gradients and packs it. The bits of a step depend on weights and micro-batches only, not on the
// threads.
//
// In a world of several ranks each has a trainer of its own, all make the same calls, each with
// micro-batches of its own, and what comes back is the same for all: of all micro-batches together.
// Weights are the same everywhere, the optimiser's state lies in parts (sharding.h).
class Trainer {
 public:
  Trainer(const ops::Exec& eager, nn::Stack& stack, const Objective& objective,
          const OptimizerSettings& settings, ops::Packing packing, Communicator& world = Alone());

  struct StepResult {
    double loss = 0.0;  // mean over the targets, in nats, before the update
    int64_t num_targets = 0;
    int64_t num_tokens = 0;  // that went through the model
    double flop = 0.0;       // estimated: 6 for each parameter and token that are multiplied, 4 for
                             // a parameter that is not learned
    double grad_norm = 0.0;  // before clipping
  };
  // One update from the gradients of all micro-batches together, each target weighing the same.
  // When a loss or a gradient is not finite nothing is updated and the status names the documents
  // and the first tensor that went wrong; `corpus` gives the documents their names.
  Result<StepResult> Step(std::span<const Batch> micro_batches, double learning_rate,
                          const Corpus& corpus);

  // Forward and backward of the micro-batches without an update: gradients stay in the parameters
  // (of several ranks': in the slices that each owns).
  Result<StepResult> Accumulate(std::span<const Batch> micro_batches, const Corpus& corpus);

  // Whether activations are computed again instead of kept (ops::Exec::set_recomputing).
  void set_recomputing(bool recomputing) { recomputing_ = recomputing; }

  // Packs the values as they are now; call it after changing them from outside.
  void Repack();
  // The same after each rank has changed the slices that it owns: sends them to the others first.
  void GatherAndRepack();

  nn::Stack& stack() { return stack_; }
  Optimizer& optimizer() { return optimizer_; }
  const Sharding& sharding() const { return sharding_; }
  const ops::Exec& exec() const { return eager_; }

 private:
  // Operations, see StepResult::flop, of a token, a row that the head is given, a token of a
  // prompt.
  struct Cost {
    Cost() = default;
    explicit Cost(nn::Stack& stack);
    double Of(const Batch& batch) const;
    double token = 0.0, head_row = 0.0, prompt_token = 0.0;
  };

  StepResult Count(std::span<const Batch> micro_batches) const;
  Status Explain(const Batch& batch, std::span<const float> losses, const Corpus& corpus);
  Status ExplainGradients(const Batch& batch, const Corpus& corpus);

  const ops::Exec& eager_;
  nn::Stack& stack_;
  const Objective& objective_;
  Communicator& world_;
  Sharding sharding_;
  Optimizer optimizer_;
  std::unique_ptr<GradientSum> gradient_sum_;  // of several ranks
  ops::Packing packing_;
  Cost cost_;
  bool recomputing_ = false;
};

}  // namespace parvis::train

#endif  // PARVIS_TRAIN_TRAINER_H_
