#include "parvis/service/turn_task.h"

#include <fmt/format.h>

#include <chrono>

namespace parvis::service {

std::optional<Refusal> TurnTask::Start(const std::shared_ptr<LoadedModel>& model, Output& output) {
  loaded_ = model.get();
  output_ = &output;
  loaded_->Post([this](models::Model& weights) { TakeTurn(weights); }, priority());
  return std::nullopt;
}

void TurnTask::TakeTurn(models::Model& model) {
  if (cancelled_) {
    output_->Tell({.choice = 0, .text = {}, .finish = Finish::kCancelled});
    return output_->End(std::move(reply_), std::nullopt);
  }
  const auto begun = std::chrono::steady_clock::now();
  const Result<bool> last = Turn(model, loaded_->exec(), reply_);
  reply_.timings.prompt +=
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  if (!last.ok()) return output_->End(std::move(reply_), RefusalOf(last.status()));
  if (*last) return output_->End(std::move(reply_), std::nullopt);
  loaded_->Post([this](models::Model& weights) { TakeTurn(weights); }, priority());
}

std::optional<Refusal> TurnTask::CheckInput(const models::Model& model,
                                            const runtime::EncoderInput& input,
                                            const std::string& param) const {
  const nn::Blueprint& blueprint = model.stack.blueprint();
  const auto size = static_cast<int64_t>(input.tokens.size());
  if (size == 0) return Invalid(param, fmt::format("'{}' is empty.", param));
  if (size > blueprint.context_length) {
    return Invalid(param,
                   fmt::format("'{}' has {} tokens; the model '{}' reads {}.", param, size, model_,
                               blueprint.context_length),
                   "context_length_exceeded");
  }
  for (const int32_t token : input.tokens) {
    if (token < 0 || token >= blueprint.vocab_size) {
      return Invalid(param, fmt::format("'{}': there is no token {}.", param, token));
    }
  }
  return std::nullopt;
}

Refusal TurnTask::WrongModel(const Status& status) const {
  return Invalid("model", fmt::format("{}: {}", model_, status.message()));
}

}  // namespace parvis::service
