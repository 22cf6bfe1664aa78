#include "parvis/models/adapter_head.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "parvis/core/file.h"
#include "parvis/formats/quantize.h"
#include "parvis/models/adapter_map.h"
#include "parvis/models/family.h"

namespace parvis::models {
namespace {

using Kind = nn::Head::Kind;

constexpr size_t kMaxLabelsBytes = size_t{16} << 20;

constexpr std::pair<Kind, const char*> kTasks[] = {{Kind::kSequenceLabels, "SEQ_CLS"},
                                                   {Kind::kTokenLabels, "TOKEN_CLS"},
                                                   {Kind::kSpan, "QUESTION_ANS"}};

// Where PEFT alone wrote the folder, labels have numbers for names, as in transformers.
Result<std::vector<std::string>> NumberedLabels(const formats::TensorSource& tensors) {
  for (const std::string& name : tensors.names()) {
    if (!name.ends_with(".score.weight") && !name.ends_with(".classifier.weight") &&
        !name.ends_with(".out_proj.weight")) {
      continue;
    }
    PARVIS_ASSIGN_OR_RETURN(const Tensor weight, tensors.Get(name));
    std::vector<std::string> labels;
    for (int64_t i = 0; weight.rank() == 2 && i < weight.dim(0); ++i) {
      labels.push_back("LABEL_" + std::to_string(i));
    }
    if (!labels.empty()) return labels;
  }
  return DataLoss("modules_to_save: no tensor of a head with labels");
}

Status ReadLabels(const std::string& path, AdapterHead& head) {
  PARVIS_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMaxLabelsBytes));
  PARVIS_ASSIGN_OR_RETURN(const Json json, ParseJson(text));
  const Json labels = json.is_object() ? json.value("labels", Json()) : Json();
  const Json problem = json.is_object() ? json.value("problem_type", Json("")) : Json();
  const bool texts = labels.is_array() && !labels.empty() &&
                     std::all_of(labels.begin(), labels.end(),
                                 [](const Json& label) { return label.is_string(); });
  if (!texts || !problem.is_string()) return DataLoss("not {\"labels\": [texts], …}");
  head.labels = labels.get<std::vector<std::string>>();
  head.problem_type = problem.get<std::string>();
  return {};
}

}  // namespace

std::string PeftTask(Kind kind) {
  for (const auto& [known, task] : kTasks) {
    if (known == kind) return task;
  }
  return "";
}

std::vector<FileTensor> HeadTensors(const Family& family, const nn::Blueprint& blueprint) {
  std::vector<FileTensor> found;
  if (PeftTask(blueprint.head.kind).empty()) return found;
  const std::string begin = nn::HeadName(blueprint.head.kind) + ".";
  for (FileTensor& tensor : FileTensors(family, blueprint, FileKind::kHuggingFace)) {
    if (tensor.parameters[0].starts_with(begin)) found.push_back(std::move(tensor));
  }
  return found;
}

std::vector<std::string> HeadModules(const Family& family, const nn::Blueprint& blueprint) {
  std::set<std::string> modules;
  for (const FileTensor& tensor : HeadTensors(family, blueprint)) {
    std::string name = tensor.name;
    if (name.starts_with(family.hf_prefix)) name = name.substr(family.hf_prefix.size());
    modules.insert(name.substr(0, name.find('.')));
  }
  return {modules.begin(), modules.end()};
}

Result<std::optional<AdapterHead>> ReadAdapterHead(const std::string& folder, const Json& config,
                                                   const formats::TensorSource& tensors) {
  const Json modules = config.value("modules_to_save", Json());
  if (modules.is_null() || modules == Json::array()) return std::optional<AdapterHead>();
  AdapterHead head;
  for (const auto& [kind, task] : kTasks) {
    if (config.value("task_type", Json()) == task) head.kind = kind;
  }
  if (head.kind == Kind::kNone) {
    return Unimplemented(
        "modules_to_save: only of task_type SEQ_CLS, TOKEN_CLS and QUESTION_ANS is it computed");
  }
  const std::string path = folder + "/labels.json";
  if (head.kind == Kind::kSpan) return std::optional<AdapterHead>(std::move(head));
  if (std::filesystem::exists(path)) {
    PARVIS_RETURN_IF_ERROR(ReadLabels(path, head).In("labels.json"));
  } else {
    PARVIS_ASSIGN_OR_RETURN(head.labels, NumberedLabels(tensors));
  }
  return std::optional<AdapterHead>(std::move(head));
}

Result<std::vector<std::string>> TakeHead(const ops::Exec& exec, const AdapterHead& head,
                                          const formats::TensorSource& tensors,
                                          const std::string& prefix, Model& model) {
  const Family* family = FindFamily(model.stack.blueprint().family);
  std::set<std::string> had;
  for (const ops::Parameter& parameter : model.stack.parameters()) {
    if (!parameter.value.defined()) {
      return InvalidArgument("a head can only be given to a model that holds its values");
    }
    had.insert(parameter.name);
  }
  if (model.stack.blueprint().head.kind != head.kind || model.task.labels != head.labels) {
    PARVIS_ASSIGN_OR_RETURN(model, WithHead(std::move(model), head.kind, head.labels, /*seed=*/1));
  }
  if (!head.problem_type.empty()) model.task.problem_type = head.problem_type;
  const nn::Blueprint& blueprint = model.stack.blueprint();
  std::vector<std::string> names;
  for (const FileTensor& tensor : HeadTensors(*family, blueprint)) {
    const std::string name = prefix + tensor.name;
    if (!tensors.Has(name)) {
      if (had.contains(tensor.parameters[0])) continue;
      return DataLoss("tensor " + name + " is missing: the model itself has none such");
    }
    PARVIS_ASSIGN_OR_RETURN(const Tensor stored, tensors.Get(name));
    const Shape shape = FileShape(tensor, blueprint, FileKind::kHuggingFace);
    if (stored.shape() != shape || !IsReal(stored.dtype())) {
      return DataLoss("tensor " + name + " does not fit: " + ShapeText(stored.shape()) + ", not " +
                      ShapeText(shape));
    }
    PARVIS_ASSIGN_OR_RETURN(const Tensor value,
                            formats::ConvertTensor(stored, DType::kF32, exec.pool()));
    const std::vector<Tensor> parts = Split(tensor, blueprint, FileKind::kHuggingFace, value);
    for (size_t i = 0; i < parts.size(); ++i) {
      model.stack.Find(tensor.parameters[i])->value = parts[i].Clone();
    }
    names.push_back(name);
  }
  return names;
}

}  // namespace parvis::models
