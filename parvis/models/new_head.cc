// Another head on a model, to be taught something else.

#include <utility>

#include "parvis/models/model.h"

namespace parvis::models {

Result<Model> WithHead(Model model, nn::Head::Kind kind, std::vector<std::string> labels,
                       uint64_t seed) {
  const nn::Blueprint& old = model.stack.blueprint();
  Json config = ConfigFromBlueprint(old);
  config["head"] = nn::HeadName(kind);
  config["num_labels"] = labels.size();
  config.erase("architectures");
  PARVIS_ASSIGN_OR_RETURN(nn::Blueprint blueprint, BlueprintFromConfig(config));
  if (blueprint.head.kind != kind) {
    return InvalidArgument("a model of the family " + old.family + " has no such head (" +
                           nn::HeadName(kind) + ")");
  }
  blueprint.positions = old.positions;  // with what a configuration does not say
  Model made = NewModel(std::move(blueprint), model.tokenizer, seed);
  for (ops::Parameter& parameter : made.stack.parameters()) {
    const ops::Parameter* kept = model.stack.Find(parameter.name);
    // Labels of another number or order are others, whatever the shapes.
    const bool of_labels = parameter.name.starts_with(nn::HeadName(kind) + ".out.");
    if (kept == nullptr || kept->shape != parameter.shape) continue;
    if (of_labels && labels != model.task.labels) continue;
    parameter.value = kept->value;
  }
  made.name = model.name;
  made.metadata = std::move(model.metadata);
  made.task = std::move(model.task);
  made.task.labels = std::move(labels);
  return made;
}

}  // namespace parvis::models
