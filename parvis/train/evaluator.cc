#include "parvis/train/evaluator.h"

#include <algorithm>
#include <numbers>

namespace parvis::train {

EvalSet::EvalSet(std::string name, const Corpus& all, int64_t context_length, int64_t max_tokens)
    : name_(std::move(name)) {
  // Every stride-th document, from the first.
  const double share = max_tokens == 0
                           ? 1.0
                           : static_cast<double>(max_tokens) /
                                 static_cast<double>(std::max<int64_t>(all.num_tokens(), 1));
  double due = 1.0;
  for (int64_t document = 0; document < all.num_documents(); ++document) {
    if (due >= 1.0) {
      due -= 1.0;
      corpus_.Add(all.id(document), 0, all.text_bytes(document), all.Tokens(document));
    }
    due += std::min(share, 1.0);
  }
  plan_ = PlanInOrder(corpus_, context_length);
}

Evaluation EvalSet::Run(const ops::Exec& exec, nn::Stack& stack, int64_t rows) const {
  Evaluation result{name_, 0.0, 0.0, 0, corpus_.text_bytes()};
  double nats = 0.0;
  for (int64_t row = 0; row < plan_.num_rows();) {
    Batch batch;
    do {
      plan_.AppendRow(corpus_, plan_.order[row++], batch);
    } while (row < plan_.num_rows() && static_cast<int64_t>(batch.tokens.size()) < rows);
    const ops::Loss loss = stack.Loss(exec, stack.Forward(exec, batch.step()), batch.targets, 0.0f);
    nats += loss.sum;
    result.tokens += loss.count;
  }
  result.loss = nats / static_cast<double>(std::max<int64_t>(result.tokens, 1));
  result.bits_per_byte =
      nats / std::numbers::ln2 / static_cast<double>(std::max<int64_t>(result.bytes, 1));
  return result;
}

}  // namespace parvis::train
