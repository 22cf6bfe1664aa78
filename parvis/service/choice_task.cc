#include "parvis/service/choice_task.h"

#include <span>

#include "parvis/runtime/sentence_choice.h"
#include "parvis/runtime/text_tasks.h"

namespace parvis::service {

OrRefusal<Plan> ChoiceTask::Prepare(const LoadedModel& loaded) {
  const models::Model& model = loaded.model();
  if (const Status status = models::CheckTokenizer(model); !status.ok()) return WrongModel(status);
  const auto pooling = runtime::PoolingOf(model);
  if (!pooling.ok()) return WrongModel(pooling.status());
  pooling_ = *pooling;
  sentences_ = runtime::SentencesOf(model, spec_.text);
  auto inputs = runtime::InputsOf(model, sentences_);
  if (!inputs.ok()) return WrongModel(inputs.status());
  inputs_ = std::move(*inputs);
  if (inputs_.empty()) return Invalid("text", "There is no text in 'text'.");
  Plan plan{.texts = {spec_.text}};
  for (const runtime::EncoderInput& input : inputs_) {
    if (auto refusal = CheckInput(model, input, "text")) return std::move(*refusal);
    plan.input_tokens += static_cast<int64_t>(input.tokens.size());
  }
  return plan;
}

Result<bool> ChoiceTask::Turn(models::Model& model, const ops::Exec& exec, Reply& reply) {
  int64_t tokens = 0;
  const auto size_of = [this](size_t i) { return static_cast<int64_t>(inputs_[i].tokens.size()); };
  const size_t end = EndOfTurn(done_, inputs_.size(), size_of, tokens);
  PARVIS_ASSIGN_OR_RETURN(
      const Tensor part,
      EncoderOf(model, exec)
          .Embed(std::span(inputs_).subspan(done_, end - done_), pooling_, /*normalize=*/true));
  vectors_.insert(vectors_.end(), part.f32(), part.f32() + part.size());
  reply.usage.prompt_tokens += tokens;
  done_ = end;
  if (done_ < inputs_.size()) return false;
  const runtime::SentenceChoice choice =
      runtime::ChooseSentences(sentences_, vectors_, spec_.sentences);
  OrderedJson chosen = OrderedJson::array();
  for (const size_t i : choice.chosen) {
    chosen.push_back({{"index", i}, {"score", choice.scores[i]}});
  }
  reply.result = {{"sentences", std::move(chosen)}, {"of", sentences_.size()}};
  Tell(choice.text);
  return true;
}

}  // namespace parvis::service
