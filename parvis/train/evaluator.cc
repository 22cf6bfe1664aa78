#include "parvis/train/evaluator.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace parvis::train {

EvalSet::EvalSet(std::string name, const Corpus& all, const Objective& objective,
                 int64_t row_length, int64_t max_tokens)
    : name_(std::move(name)), objective_(&objective), all_(&all) {
  // Every stride-th document, from the first.
  const double share = max_tokens == 0
                           ? 1.0
                           : static_cast<double>(max_tokens) /
                                 static_cast<double>(std::max<int64_t>(all.num_tokens(), 1));
  if (share < 1.0) part_.emplace();
  double due = 1.0;
  for (int64_t document = 0; part_ && document < all.num_documents(); ++document) {
    if (due >= 1.0) {
      due -= 1.0;
      part_->Add(all.id(document), 0, all.text_bytes(document),
                 all.Read(document, 0, all.size(document)), all.Numbers(document));
    }
    due += share;
  }
  plan_ = PlanInOrder(corpus(), objective.DivisionOf(corpus(), row_length));
}

Evaluation EvalSet::Run(const ops::Exec& exec, nn::Stack& stack, int64_t rows) const {
  Evaluation result{.name = name_, .bytes = corpus().text_bytes()};
  double nats = 0.0;
  std::optional<int64_t> correct;
  for (int64_t row = 0; row < plan_.num_rows();) {
    Batch batch;
    do {
      AppendRow(corpus(), *objective_, plan_, plan_.order[row++], /*seed=*/0, /*epoch=*/0, batch);
    } while (row < plan_.num_rows() && batch.num_tokens() < rows);
    const ops::Loss loss = objective_->Loss(exec, stack, batch, 0.0f);
    if (const auto met = objective_->Correct(exec, stack, batch)) {
      correct = correct.value_or(0) + *met;
    }
    nats += loss.sum;
    result.tokens += loss.count;
  }
  result.loss = nats / static_cast<double>(std::max<int64_t>(result.tokens, 1));
  if (correct && result.tokens > 0) {
    result.accuracy = static_cast<double>(*correct) / static_cast<double>(result.tokens);
  }
  if (objective_->predicts_all_text()) {
    result.bits_per_byte =
        nats / std::numbers::ln2 / static_cast<double>(std::max<int64_t>(result.bytes, 1));
  }
  return result;
}

Json EvaluationsJson(const std::vector<Evaluation>& evaluations) {
  Json list = Json::array();
  for (const Evaluation& evaluation : evaluations) {
    Json& entry = list.emplace_back(Json{{"name", evaluation.name},
                                         {"loss", evaluation.loss},
                                         {"perplexity", std::exp(evaluation.loss)},
                                         {"tokens", evaluation.tokens},
                                         {"bytes", evaluation.bytes}});
    if (evaluation.accuracy) entry["accuracy"] = *evaluation.accuracy;
    if (evaluation.bits_per_byte) entry["bits_per_byte"] = *evaluation.bits_per_byte;
  }
  return list;
}

}  // namespace parvis::train
