#include "parvis/train/evaluator.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "parvis/train/collectives.h"

namespace parvis::train {

EvalSet::EvalSet(std::string name, const Corpus& all, const Objective& objective,
                 int64_t row_length, int64_t max_tokens)
    : name_(std::move(name)), objective_(&objective.ForEvaluation()), all_(&all) {
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
  plan_ = PlanInOrder(corpus(), objective_->DivisionOf(corpus(), row_length));
}

Evaluation EvalSet::Run(const ops::Exec& exec, nn::Stack& stack, int64_t rows,
                        Communicator& world) const {
  Evaluation result{.name = name_, .bytes = corpus().text_bytes()};
  // Of each pass: loss, targets, how many are met, whether that is counted, the margin of rewards,
  // whether there are rewards; 0 where another rank makes the pass.
  constexpr size_t kFigures = 6;
  std::vector<double> figures;
  for (int64_t row = 0; row < plan_.num_rows();) {
    const size_t pass = figures.size() / kFigures;
    figures.resize(figures.size() + kFigures);
    Batch batch;
    do {
      AppendRow(corpus(), *objective_, plan_, plan_.order[row++], /*seed=*/0, /*epoch=*/0, batch);
    } while (row < plan_.num_rows() && batch.num_tokens() < rows);
    if (static_cast<int>(pass % static_cast<size_t>(world.size())) != world.rank()) continue;
    double* figure = figures.data() + pass * kFigures;
    const Objective::Judged judged = objective_->Judge(exec, stack, batch);
    figure[0] = judged.loss.sum;
    figure[1] = static_cast<double>(judged.loss.count);
    figure[2] = static_cast<double>(judged.correct.value_or(0));
    figure[3] = judged.correct ? 1.0 : 0.0;
    figure[4] = judged.margin.value_or(0.0);
    figure[5] = judged.margin ? 1.0 : 0.0;
  }
  double nats = 0.0;
  std::optional<int64_t> correct;
  std::optional<double> margin;
  const std::vector<double> all = SumNumbers(world, figures);
  for (size_t i = 0; i < all.size(); i += kFigures) {
    nats += all[i];
    result.tokens += static_cast<int64_t>(all[i + 1]);
    if (all[i + 3] > 0.0) correct = correct.value_or(0) + static_cast<int64_t>(all[i + 2]);
    if (all[i + 5] > 0.0) margin = margin.value_or(0.0) + all[i + 4];
  }
  result.loss = nats / static_cast<double>(std::max<int64_t>(result.tokens, 1));
  if (correct && result.tokens > 0) {
    result.accuracy = static_cast<double>(*correct) / static_cast<double>(result.tokens);
  }
  if (margin && result.tokens > 0) {
    result.reward_margin = *margin / static_cast<double>(result.tokens);
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
                                         {"tokens", evaluation.tokens},
                                         {"bytes", evaluation.bytes}});
    if (evaluation.reward_margin) {
      entry["reward_margin"] = *evaluation.reward_margin;
    } else {
      entry["perplexity"] = std::exp(evaluation.loss);
    }
    if (evaluation.accuracy) entry["accuracy"] = *evaluation.accuracy;
    if (evaluation.bits_per_byte) entry["bits_per_byte"] = *evaluation.bits_per_byte;
  }
  return list;
}

}  // namespace parvis::train
