#include "parvis/service/count_task.h"

namespace parvis::service {

OrRefusal<Plan> CountTask::Prepare(const LoadedModel& model) {
  Plan plan;
  const bool messages = std::holds_alternative<ConversationText>(prompt_);
  const auto tokens = TokensOf(prompt_, name_, model, messages ? "messages" : "prompt", plan.texts);
  if (!tokens.ok()) return tokens.refusal();
  tokens_ = tokens->size();
  return plan;
}

std::optional<Refusal> CountTask::Start(const std::shared_ptr<LoadedModel>&, Output& output) {
  output.End({.result = {{"tokens", tokens_}}}, std::nullopt);
  return std::nullopt;
}

}  // namespace parvis::service
