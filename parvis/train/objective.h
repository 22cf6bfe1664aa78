#ifndef PARVIS_TRAIN_OBJECTIVE_H_
#define PARVIS_TRAIN_OBJECTIVE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "parvis/core/random.h"
#include "parvis/core/result.h"
#include "parvis/nn/blueprint.h"
#include "parvis/nn/stack.h"
#include "parvis/text/tokenizer.h"
#include "parvis/train/batch.h"
#include "parvis/train/corpus.h"
#include "parvis/train/documents.h"
#include "parvis/train/plan.h"

namespace parvis::train {

// What a model is taught: how documents become rows of a batch with targets, and what the loss is.
// Everything else of a run (order of rows, steps, checkpoints) is the same for all objectives.
//
// Immutable; used from several threads. Whatever is drawn comes from the Random that is handed in,
// whose seed is the row's own, so that the batches of a run depend on seed, epoch and row only.
class Objective {
 public:
  virtual ~Objective() = default;

  // What a document is in the corpus. Refuses, without the document's name, one that does not have
  // what the objective needs.
  struct Example {
    std::vector<int32_t> tokens;
    std::vector<int32_t> numbers;  // see Corpus::Numbers
  };
  virtual Result<Example> Encode(const Document& document) const = 0;
  // The same where a document may be several examples (the answers of a conversation).
  virtual Result<std::vector<Example>> EncodeAll(const Document& document) const;

  // What stands around the plain tokens of a text (Tokenizer::Encode without special ones) to make
  // what Encode gives, so that those can be read from a file of tokens; none: Encode keeps more.
  struct Around {
    std::vector<int32_t> before, after;
  };
  virtual std::optional<Around> AroundPlainTokens() const { return std::nullopt; }

  // How the corpus becomes pieces and rows of at most `row_length` tokens. Both must outlive it.
  virtual Division DivisionOf(const Corpus& corpus, int64_t row_length) const = 0;

  // Appends one piece: its tokens as a segment of their own, its targets.
  virtual void Append(const Corpus& corpus, const Piece& piece, Random& random,
                      Batch& batch) const = 0;

  // Sum of the loss over the targets that count. When recording, gradients of  grad_scale * sum
  // are added to the parameters' (partly by the tape). `each`: one for each target, or empty.
  virtual ops::Loss Loss(const ops::Exec& exec, nn::Stack& stack, const Batch& batch,
                         float grad_scale, std::span<float> each = {}) const;

  // How many targets the model's likeliest choice meets; none: the objective does not count them.
  virtual std::optional<int64_t> Correct(const ops::Exec&, nn::Stack&, const Batch&) const {
    return std::nullopt;
  }

  // What an evaluation knows of a batch: the loss; how many targets are met, if they are counted;
  // the sum of the rewards' margins, if there are rewards.
  struct Judged {
    ops::Loss loss;
    std::optional<int64_t> correct;
    std::optional<double> margin;
  };
  virtual Judged Judge(const ops::Exec& exec, nn::Stack& stack, const Batch& batch) const {
    return {Loss(exec, stack, batch, 0.0f), Correct(exec, stack, batch), std::nullopt};
  }

  // What the loss of a step is the mean over.
  virtual int64_t CountOf(const Batch& batch) const { return batch.num_targets(); }

  // Called once for each corpus, with the model as it is before the first step of a run: what an
  // objective has to know of that goes into the documents' numbers. `rows`: tokens of one forward
  // pass, about. REQUIRES: the stack is packed.
  virtual void Begin(const ops::Exec&, nn::Stack&, int64_t /*row_length*/, int64_t /*rows*/,
                     Corpus&) const {}

  // What is evaluated instead, if the rows that teach are not what is asked for in the end. It
  // lives as long as this.
  virtual const Objective& ForEvaluation() const { return *this; }

  // Whether the targets are all of the text, so that bits per byte mean something.
  virtual bool predicts_all_text() const { return false; }

  // Refuses a model that cannot be taught so.
  virtual Status Check(const nn::Blueprint& blueprint) const = 0;
};

// Hidden states of the rows that the head is given: the forward pass of a batch, through both
// stacks if the model has two.
Tensor HeadRows(const ops::Exec& exec, nn::Stack& stack, const Batch& batch);

// A row of a plan. Its random numbers follow from seed, epoch and row.
void AppendRow(const Corpus& corpus, const Objective& objective, const EpochPlan& plan, int64_t row,
               uint64_t seed, uint64_t epoch, Batch& batch);

// Each token of a text is predicted from those before it. `tokenizer` (null: Encode is not used)
// must have an end token; a document ends with it, and begins with it if add_bos() is set.
std::unique_ptr<const Objective> NewCausalObjective(
    std::shared_ptr<const text::Tokenizer> tokenizer);

}  // namespace parvis::train

#endif  // PARVIS_TRAIN_OBJECTIVE_H_
