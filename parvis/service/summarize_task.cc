#include "parvis/service/summarize_task.h"

#include <fmt/format.h>

#include "parvis/service/choice_task.h"
#include "parvis/service/text_to_text_task.h"

namespace parvis::service {

OrRefusal<Plan> SummarizeTask::Prepare(const LoadedModel& loaded) {
  if (loaded.generates()) {
    if (spec_.sentences > 0) {
      return Invalid("sentences",
                     fmt::format("The model '{}' writes its summaries; 'sentences' is for one that "
                                 "chooses sentences of the text.",
                                 spec_.model));
    }
    task_ = std::make_unique<TextToTextTask>(TextToTextSpec{.model = spec_.model,
                                                            .text = spec_.text,
                                                            .summary = true,
                                                            .num_beams = spec_.num_beams,
                                                            .max_tokens = spec_.max_tokens});
  } else {
    if (spec_.num_beams > 0 || spec_.max_tokens > 0) {
      return Invalid(spec_.num_beams > 0 ? "num_beams" : "max_tokens",
                     fmt::format("The model '{}' writes nothing, it chooses sentences of the text; "
                                 "'sentences' says how many.",
                                 spec_.model));
    }
    task_ =
        std::make_unique<ChoiceTask>(ChoiceSpec{.model = spec_.model,
                                                .text = spec_.text,
                                                .sentences = static_cast<size_t>(spec_.sentences)});
  }
  task_->set_cache_salt(cache_salt());
  task_->set_room(room());
  return task_->Prepare(loaded);
}

std::optional<Refusal> SummarizeTask::Start(const std::shared_ptr<LoadedModel>& model,
                                            Output& output) {
  task_->set_priority(priority());
  return task_->Start(model, output);
}

}  // namespace parvis::service
