#ifndef PARVIS_TRAIN_EVALUATOR_H_
#define PARVIS_TRAIN_EVALUATOR_H_

#include <optional>
#include <string>
#include <vector>

#include "parvis/core/json.h"
#include "parvis/nn/stack.h"
#include "parvis/train/communicator.h"
#include "parvis/train/corpus.h"
#include "parvis/train/objective.h"
#include "parvis/train/plan.h"

namespace parvis::train {

struct Evaluation {
  std::string name;   // of the file
  double loss = 0.0;  // nats a target
  // Bits of all predicted tokens over the bytes of their text; none where not all text is
  // predicted.
  std::optional<double> bits_per_byte;
  std::optional<double> accuracy;       // share of the targets that are met, where it is counted
  std::optional<double> reward_margin;  // mean, where there are rewards
  int64_t tokens = 0, bytes = 0;        // targets; bytes of all the text

  // The smaller the better: what the best checkpoint is chosen by.
  double score() const { return bits_per_byte.value_or(loss); }
};

// Held-out text of one file. Long documents are cut as in training, so the first tokens of a piece
// are predicted from little: what it tells is slightly above what a sliding window would tell. What
// an objective draws (masks) is the same each time and for every model.
class EvalSet {
 public:
  // `max_tokens`: about so many tokens of whole documents, spread evenly; 0: all.
  // `all` and `objective` must outlive the set.
  EvalSet(std::string name, const Corpus& all, const Objective& objective, int64_t row_length,
          int64_t max_tokens);

  // REQUIRES: the stack is packed. `rows`: tokens of one forward pass, about. The ranks of a world
  // share the passes; all get the bits that one alone would get.
  Evaluation Run(const ops::Exec& exec, nn::Stack& stack, int64_t rows,
                 Communicator& world = Alone()) const;

 private:
  std::string name_;
  const Corpus& corpus() const { return part_ ? *part_ : *all_; }

  const Objective* objective_;
  const Corpus* all_;
  std::optional<Corpus> part_;  // a copy of some documents; none: all are meant
  EpochPlan plan_;
};

// Evaluations as the log, the ledger and the command line give them.
Json EvaluationsJson(const std::vector<Evaluation>& evaluations);

}  // namespace parvis::train

#endif  // PARVIS_TRAIN_EVALUATOR_H_
