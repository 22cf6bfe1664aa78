#ifndef PARVIS_SERVICE_GENERATE_TASK_H_
#define PARVIS_SERVICE_GENERATE_TASK_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "parvis/service/generate_spec.h"
#include "parvis/service/task.h"
#include "parvis/service/upstream_run.h"

namespace parvis::service {

// Continues prompts: choice p * choices_per_prompt + i is the i-th of prompt p. The model may be
// another service's.
class GenerateTask : public Task {
 public:
  explicit GenerateTask(GenerateSpec spec) : spec_(std::move(spec)) {}

  const std::string& model() const override { return spec_.model; }
  OrRefusal<Plan> Prepare(const LoadedModel& model) override;
  bool divisible() const override { return true; }
  void LimitOutput(int64_t tokens_of_each_choice) override { limit_ = tokens_of_each_choice; }
  std::optional<Refusal> Start(const std::shared_ptr<LoadedModel>& model, Output& output) override;
  void Cancel() override;
  bool TakesUpstream() const override { return true; }
  bool Uses(governance::Feature feature) const override;

 private:
  std::optional<Refusal> DropWhatMayGo(const LoadedModel& model, const std::string& param,
                                       PromptSource& prompt, Plan& plan) const;
  std::optional<Refusal> MakeConstraint(const LoadedModel& model);
  runtime::GenerateRequest RequestOf(size_t choice) const;
  TokenInfo InfoOf(const runtime::Sample& sample) const;
  std::vector<TokenInfo> PromptInfo(int64_t choice,
                                    const std::vector<runtime::Sample>& scores) const;
  void Take(int64_t choice, const runtime::TokenEvent& event);
  void End();

  GenerateSpec spec_;
  std::vector<std::vector<int32_t>> prompts_;
  std::vector<std::string> taken_back_;  // of each prompt's end; told again, but not to the caller
  std::vector<int64_t> rooms_;           // for each prompt's answers
  std::optional<int64_t> limit_;         // of each choice's tokens, by others than the caller
  std::vector<int32_t> ends_;            // of the middle of a text
  std::shared_ptr<const runtime::Constraint> constraint_;
  std::shared_ptr<LoadedModel> model_;
  std::optional<UpstreamRun> upstream_;  // instead of what follows
  Output* output_ = nullptr;

  std::mutex mutex_;  // guards the two below
  std::vector<runtime::RequestId> requests_;
  bool cancelled_ = false;

  // Of the model's thread:
  std::vector<bool> told_;  // of each choice, whether its prompt was
  Reply reply_;
  Status failed_;
  std::atomic<int64_t> unfinished_{0};
};

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_GENERATE_TASK_H_
