#ifndef PARVIS_SERVICE_CHOICE_TASK_H_
#define PARVIS_SERVICE_CHOICE_TASK_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "parvis/service/turn_task.h"

namespace parvis::service {

struct ChoiceSpec {
  std::string model, text;
  size_t sentences = 0;  // 0: as many as usual
};

// Sentences of the text that say most of it (runtime/sentence_choice.h), by a model without a
// decoder. They are told as text, so that what comes out is checked; the answer has also
// {"sentences": [{"index", "score"}], "of": how many there were}.
class ChoiceTask : public TurnTask {
 public:
  explicit ChoiceTask(ChoiceSpec spec) : TurnTask(spec.model), spec_(std::move(spec)) {}
  OrRefusal<Plan> Prepare(const LoadedModel& model) override;

 private:
  Result<bool> Turn(models::Model& model, const ops::Exec& exec, Reply& reply) override;

  const ChoiceSpec spec_;
  std::vector<std::string> sentences_;
  std::vector<runtime::EncoderInput> inputs_;  // of each
  runtime::Pooling pooling_ = runtime::Pooling::kMean;
  size_t done_ = 0;
  std::vector<float> vectors_;  // of the first `done_`
};

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_CHOICE_TASK_H_
