#ifndef PARVIS_SERVICE_COUNT_TASK_H_
#define PARVIS_SERVICE_COUNT_TASK_H_

#include <optional>
#include <string>
#include <utility>

#include "parvis/service/prompt_tokens.h"
#include "parvis/service/task.h"

namespace parvis::service {

// Says how many tokens a prompt is: {"tokens": n} is its result. It takes the same path as what is
// computed, so it tells nobody about a model that they may not use, and it counts as a request, of
// no tokens. A prompt that the model has no room for has a number, too.
class CountTask : public Task {
 public:
  CountTask(std::string model, PromptSource prompt)
      : name_(std::move(model)), prompt_(std::move(prompt)) {}

  const std::string& model() const override { return name_; }
  OrRefusal<Plan> Prepare(const LoadedModel& model) override;
  std::optional<Refusal> Start(const std::shared_ptr<LoadedModel>& model, Output& output) override;
  void Cancel() override {}  // over as soon as it has begun

 private:
  const std::string name_;
  const PromptSource prompt_;
  size_t tokens_ = 0;
};

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_COUNT_TASK_H_
