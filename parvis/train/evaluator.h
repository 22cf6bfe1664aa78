#ifndef PARVIS_TRAIN_EVALUATOR_H_
#define PARVIS_TRAIN_EVALUATOR_H_

#include <string>
#include <vector>

#include "parvis/nn/stack.h"
#include "parvis/train/corpus.h"
#include "parvis/train/data_loader.h"

namespace parvis::train {

struct Evaluation {
  std::string name;            // of the file
  double loss = 0.0;           // nats a token
  double bits_per_byte = 0.0;  // bits of all predicted tokens over the bytes of their text
  int64_t tokens = 0, bytes = 0;
};

// Held-out text of one file. Long documents are cut as in training, so the first tokens of a piece
// are predicted from little: what it tells is slightly above what a sliding window would tell.
class EvalSet {
 public:
  // `max_tokens`: about so many tokens of whole documents, spread evenly; 0: all.
  EvalSet(std::string name, const Corpus& all, int64_t context_length, int64_t max_tokens);

  // REQUIRES: the stack is packed. `rows`: tokens of one forward pass, about.
  Evaluation Run(const ops::Exec& exec, nn::Stack& stack, int64_t rows) const;

 private:
  std::string name_;
  Corpus corpus_;
  EpochPlan plan_;
};

}  // namespace parvis::train

#endif  // PARVIS_TRAIN_EVALUATOR_H_
