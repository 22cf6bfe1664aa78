#include "parvis/service/describe_task.h"

#include "parvis/runtime/encoder.h"
#include "parvis/text/tokenizer.h"

namespace parvis::service {

std::optional<Refusal> DescribeTask::Start(const std::shared_ptr<LoadedModel>& loaded,
                                           Output& output) {
  const models::Model& model = loaded->model();
  const nn::Blueprint& blueprint = model.stack.blueprint();
  const chat::Prompter* prompter = loaded->prompter();
  const auto license = model.metadata.find("general.license");
  OrderedJson facts = {{"family", blueprint.family},
                       {"format", model.format},
                       {"dtype", DTypeName(model.dtype)},
                       {"parameters", nn::NumParameters(blueprint)},
                       {"context_length", loaded->context_length()},
                       {"hidden_size", blueprint.hidden_size},
                       {"num_layers", blueprint.num_layers},
                       {"vocab_size", blueprint.vocab_size},
                       {"generates", loaded->generates()},
                       {"embeds", runtime::PoolingOf(model).ok()}};
  if (prompter != nullptr) {
    facts["chat_template"] = model.tokenizer->vocabulary().chat_template;
  } else {
    facts["chat_template"] = nullptr;
  }
  const bool licensed = license != model.metadata.end() && license->is_string();
  facts["license"] = licensed ? OrderedJson(license->get<std::string>()) : OrderedJson();
  output.End({.result = std::move(facts)}, std::nullopt);
  return std::nullopt;
}

}  // namespace parvis::service
