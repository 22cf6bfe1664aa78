#include "parvis/service/rerank_task.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <span>
#include <utility>

#include "parvis/runtime/probabilities.h"
#include "parvis/runtime/text_tasks.h"

namespace parvis::service {

OrRefusal<Plan> RerankTask::Prepare(const LoadedModel& loaded) {
  const models::Model& model = loaded.model();
  if (const Status status = models::CheckTokenizer(model); !status.ok()) return WrongModel(status);
  together_ = model.stack.blueprint().head.kind == nn::Head::Kind::kSequenceLabels;
  if (together_ && model.task.labels.size() != 1) {
    return Invalid("model", fmt::format("The model '{}' has {} labels; one that ranks has a single "
                                        "one, or is for embeddings.",
                                        spec_.model, model.task.labels.size()));
  }
  Plan plan;
  plan.texts = spec_.documents;
  plan.texts.push_back(spec_.query);
  const std::span<const std::string> query(&spec_.query, 1);
  if (!together_) {
    const auto pooling = runtime::PoolingOf(model);
    if (!pooling.ok()) return WrongModel(pooling.status());
    pooling_ = *pooling;
    auto input = runtime::InputsOf(model, query);
    if (!input.ok()) return WrongModel(input.status());
    query_ = std::move((*input)[0]);
    if (auto refusal = CheckInput(model, query_, "query")) return std::move(*refusal);
    plan.input_tokens += static_cast<int64_t>(query_.tokens.size());
  }
  for (size_t i = 0; i < spec_.documents.size(); ++i) {
    const std::span<const std::string> document(&spec_.documents[i], 1);
    auto input = together_ ? runtime::PairInputsOf(model, query, document)
                           : runtime::InputsOf(model, document);
    if (!input.ok()) return WrongModel(input.status());
    inputs_.push_back(std::move((*input)[0]));
    if (auto refusal = CheckInput(model, inputs_.back(), fmt::format("documents[{}]", i))) {
      return std::move(*refusal);
    }
    plan.input_tokens += static_cast<int64_t>(inputs_.back().tokens.size());
  }
  return plan;
}

Status RerankTask::Read(const runtime::Encoder& encoder, size_t begin, size_t end) {
  const models::Model& model = encoder.model();
  const auto function = runtime::LabelFunctionOf(model.task.problem_type, model.task.labels.size());
  const auto inputs = std::span(inputs_).subspan(begin, end - begin);
  const bool causal = model.stack.blueprint().attention.causal;
  return encoder.Scores(
      inputs,
      [&](size_t i) {
        const auto last = static_cast<int64_t>(inputs[i].tokens.size()) - 1;
        return std::vector<int64_t>{causal ? last : 0};
      },
      [&](size_t, const Tensor& scores) {
        scores_.push_back(runtime::Apply(function, std::span(scores.f32(), 1))[0]);
      });
}

Status RerankTask::Embed(const runtime::Encoder& encoder, size_t begin, size_t end) {
  const auto size = static_cast<size_t>(encoder.model().stack.blueprint().hidden_size);
  if (begin == 0) {
    PARVIS_ASSIGN_OR_RETURN(const Tensor query, encoder.Embed(std::span(&query_, 1), pooling_,
                                                              /*normalize=*/true));
    query_vector_.assign(query.f32(), query.f32() + size);
  }
  PARVIS_ASSIGN_OR_RETURN(
      const Tensor vectors,
      encoder.Embed(std::span(inputs_).subspan(begin, end - begin), pooling_, /*normalize=*/true));
  for (size_t i = 0; i < end - begin; ++i) {
    const float* vector = vectors.f32() + i * size;
    double sum = 0;
    for (size_t d = 0; d < size; ++d) sum += double{query_vector_[d]} * double{vector[d]};
    scores_.push_back(sum);
  }
  return {};
}

Result<bool> RerankTask::Turn(models::Model& model, const ops::Exec& exec, Reply& reply) {
  const size_t begin = scores_.size();
  auto tokens = begin == 0 ? static_cast<int64_t>(query_.tokens.size()) : int64_t{0};
  const auto size_of = [this](size_t i) { return static_cast<int64_t>(inputs_[i].tokens.size()); };
  const size_t end = EndOfTurn(begin, inputs_.size(), size_of, tokens);
  const runtime::Encoder encoder = EncoderOf(model, exec);
  PARVIS_RETURN_IF_ERROR(together_ ? Read(encoder, begin, end) : Embed(encoder, begin, end));
  reply.usage.prompt_tokens += tokens;
  if (end < inputs_.size()) return false;
  reply.result = Ranked();
  return true;
}

OrderedJson RerankTask::Ranked() const {
  std::vector<size_t> order(scores_.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [this](size_t a, size_t b) { return scores_[a] > scores_[b]; });
  if (spec_.count > 0) order.resize(std::min(order.size(), spec_.count));
  OrderedJson results = OrderedJson::array();
  for (const size_t index : order) {
    OrderedJson result = {{"index", index}, {"relevance_score", scores_[index]}};
    if (spec_.return_documents) result["document"] = {{"text", spec_.documents[index]}};
    results.push_back(std::move(result));
  }
  return {{"results", std::move(results)}};
}

}  // namespace parvis::service
