#ifndef PARVIS_SERVICE_SUMMARIZE_TASK_H_
#define PARVIS_SERVICE_SUMMARIZE_TASK_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "parvis/service/task.h"

namespace parvis::service {

struct SummarizeSpec {
  std::string model, text;
  // Of a model that writes (TextToTextSpec); 0: not told.
  int64_t num_beams = 0, max_tokens = 0;
  // Of one that chooses (ChoiceSpec); 0: not told.
  int64_t sentences = 0;
};

// A text in fewer words: a TextToTextTask, or a ChoiceTask if the model writes nothing. Refuses
// what was told of the other kind.
class SummarizeTask : public Task {
 public:
  explicit SummarizeTask(SummarizeSpec spec) : spec_(std::move(spec)) {}

  const std::string& model() const override { return spec_.model; }
  OrRefusal<Plan> Prepare(const LoadedModel& model) override;
  std::optional<Refusal> Start(const std::shared_ptr<LoadedModel>& model, Output& output) override;
  void Cancel() override { task_->Cancel(); }

 private:
  const SummarizeSpec spec_;
  std::unique_ptr<Task> task_;
};

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_SUMMARIZE_TASK_H_
