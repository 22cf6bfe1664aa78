#ifndef PARVIS_SERVICE_DESCRIBE_TASK_H_
#define PARVIS_SERVICE_DESCRIBE_TASK_H_

#include <optional>
#include <string>
#include <utility>

#include "parvis/service/task.h"

namespace parvis::service {

// Loads a model if it is not loaded, and says what it is: family, format, dtype, parameters,
// context_length, hidden_size, num_layers, vocab_size, generates, embeds, chat_template (text or
// null), license (text or null). Counts as a request, of no tokens.
class DescribeTask : public Task {
 public:
  explicit DescribeTask(std::string model) : name_(std::move(model)) {}

  const std::string& model() const override { return name_; }
  OrRefusal<Plan> Prepare(const LoadedModel&) override { return Plan{}; }
  std::optional<Refusal> Start(const std::shared_ptr<LoadedModel>& model, Output& output) override;
  void Cancel() override {}  // over as soon as it has begun

 private:
  const std::string name_;
};

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_DESCRIBE_TASK_H_
