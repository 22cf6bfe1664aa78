#include "parvis/models/task.h"

#include <charconv>

namespace parvis::models {
namespace {

std::string TextIn(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// id2label: {"0": "negative", "1": "positive"}, every number once.
Result<std::vector<std::string>> LabelsFromConfig(const Json& names, size_t count) {
  std::vector<std::string> labels(count);
  std::vector<bool> given(count);
  for (const auto& [key, name] : names.items()) {
    size_t number = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), number);
    if (error != std::errc() || end != key.data() + key.size() || number >= count) {
      return DataLoss("id2label: \"" + key + "\" is not a label's number");
    }
    if (!name.is_string()) return DataLoss("id2label: the name of " + key + " is not text");
    labels[number] = name.get<std::string>();
    given[number] = true;
  }
  for (size_t i = 0; i < count; ++i) {
    if (!given[i]) return DataLoss("id2label: label " + std::to_string(i) + " has no name");
  }
  return labels;
}

Result<std::vector<std::string>> LabelsFromGguf(const Json& names, size_t count) {
  if (!names.is_array() || names.size() != count) {
    return DataLoss("classifier.output_labels: not a list of " + std::to_string(count));
  }
  std::vector<std::string> labels;
  for (const Json& name : names) {
    if (!name.is_string()) return DataLoss("classifier.output_labels: not all are texts");
    labels.push_back(name.get<std::string>());
  }
  return labels;
}

std::string PoolingOfGguf(const Json& config) {
  const auto found = config.find("pooling_type");
  if (found == config.end() || !found->is_number_integer()) return "";
  switch (found->get<int64_t>()) {  // llama.cpp's numbers
    case 1:
      return "mean";
    case 2:
      return "cls";
    case 3:
      return "last";
    default:
      return "";
  }
}

}  // namespace

Result<Task> TaskOf(const formats::ModelFile& file, const nn::Blueprint& blueprint) {
  Task task;
  if (blueprint.head.num_labels > 0) {
    const auto count = static_cast<size_t>(blueprint.head.num_labels);
    const Json& config = file.config;
    if (const auto names = config.find("id2label"); names != config.end() && names->is_object()) {
      PARVIS_ASSIGN_OR_RETURN(task.labels, LabelsFromConfig(*names, count));
    } else if (config.contains("classifier.output_labels")) {
      PARVIS_ASSIGN_OR_RETURN(task.labels,
                              LabelsFromGguf(config["classifier.output_labels"], count));
    } else {
      for (size_t i = 0; i < count; ++i) task.labels.push_back("LABEL_" + std::to_string(i));
    }
    task.problem_type = TextIn(config, "problem_type");
    if (task.problem_type.empty()) {
      task.problem_type = TextIn(file.metadata, "parvis.problem_type");
    }
  }
  task.pooling = file.pooling.pooling;
  task.normalize = file.pooling.normalize;
  if (!task.pooling.empty() || file.format != "gguf") return task;
  task.pooling = TextIn(file.metadata, "parvis.pooling");
  if (task.pooling.empty()) task.pooling = PoolingOfGguf(file.config);
  const auto normalize = file.metadata.find("parvis.normalize");
  task.normalize =
      normalize != file.metadata.end() && normalize->is_boolean() && normalize->get<bool>();
  return task;
}

void AddTaskToConfig(const Task& task, Json& config) {
  for (size_t i = 0; i < task.labels.size(); ++i) {
    config["id2label"][std::to_string(i)] = task.labels[i];
    config["label2id"][task.labels[i]] = i;
  }
  if (!task.problem_type.empty()) config["problem_type"] = task.problem_type;
}

void AddTaskToGguf(const Task& task, Json& architecture_keys, Json& own_keys) {
  if (!task.labels.empty()) architecture_keys["classifier.output_labels"] = task.labels;
  if (!task.problem_type.empty()) own_keys["parvis.problem_type"] = task.problem_type;
  if (task.pooling.empty()) return;
  own_keys["parvis.pooling"] = task.pooling;
  own_keys["parvis.normalize"] = task.normalize;
  if (task.pooling == "mean") architecture_keys["pooling_type"] = 1;
  if (task.pooling == "cls") architecture_keys["pooling_type"] = 2;
  if (task.pooling == "last") architecture_keys["pooling_type"] = 3;
}

std::string CommandOf(const nn::Blueprint& blueprint) {
  switch (blueprint.head.kind) {
    case nn::Head::Kind::kNone:
    case nn::Head::Kind::kPooler:
      return "parvis embed";
    case nn::Head::Kind::kLanguage:
      return blueprint.attention.causal ? "parvis run" : "parvis fill";
    case nn::Head::Kind::kSequenceLabels:
      return "parvis classify";
    case nn::Head::Kind::kTokenLabels:
      return "parvis classify --tokens";
    case nn::Head::Kind::kSpan:
      return "parvis answer";
  }
  return "";
}

Status CheckGenerates(const nn::Blueprint& blueprint) {
  if (blueprint.attention.causal && blueprint.head.kind == nn::Head::Kind::kLanguage) return {};
  return InvalidArgument("this model (" + blueprint.family +
                         ") is an encoder and generates no text; '" + CommandOf(blueprint) +
                         "' is what it is for");
}

}  // namespace parvis::models
