#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>
#include <utility>

#include "parvis/core/file.h"
#include "parvis/formats/gguf.h"
#include "parvis/formats/safetensors.h"
#include "parvis/models/adapter.h"
#include "parvis/models/adapter_head.h"
#include "parvis/models/adapter_map.h"
#include "parvis/models/family.h"

namespace parvis::models {
namespace {

const ops::Parameter& Find(const Model& model, const std::string& name) {
  // Finding changes nothing; the stack's Find is for those who will.
  return *const_cast<nn::Stack&>(model.stack).Find(name);
}

// A and B of all layers, in a file's names and rows.
struct Written {
  std::vector<formats::TensorPlan> plans;
  std::vector<Tensor> tensors;
  std::vector<std::string> modules;  // that are adapted
  bool transposed = false;           // whether the model's file transposes any of the matrices

  Status Write(const std::string& path, const formats::GgufMetadata& metadata) const {
    return formats::WriteGguf(path, metadata, plans,
                              [this](size_t i) -> Result<Tensor> { return tensors[i]; });
  }
};

Written TensorsOf(const Model& model, const Family& family, FileKind kind) {
  const nn::Blueprint& blueprint = model.stack.blueprint();
  Written written;
  const auto add = [&written](const std::string& name, const Tensor& tensor) {
    written.plans.push_back({name, tensor.shape(), DType::kF32});
    written.tensors.push_back(tensor);
  };
  for (const FileTensor& tensor : AdaptableTensors(family, blueprint, kind)) {
    const auto& layers = model.stack.adapter();
    const bool adapted = std::any_of(layers.begin(), layers.end(), [&tensor](const auto& layer) {
      return layer.name == LayerName(tensor);
    });
    if (!adapted) continue;
    std::vector<Tensor> parts;
    for (const std::string& weight : tensor.parameters) {
      parts.push_back(
          Find(model, weight.substr(0, weight.size() - std::string(".weight").size()) + ".lora_b")
              .value);
    }
    const std::string module = ModuleName(tensor);
    const Tensor& a = Find(model, LayerName(tensor) + ".lora_a").value;
    const Tensor b = Join(tensor, blueprint, kind, parts);
    if (kind == FileKind::kGguf) {
      add(module + ".weight.lora_a", a);
      add(module + ".weight.lora_b", b);
    } else {
      add("base_model.model." + module + ".lora_A.weight", a);
      add("base_model.model." + module + ".lora_B.weight", b);
    }
    written.modules.push_back(module);
  }
  if (kind == FileKind::kGguf) return written;
  for (const FileTensor& tensor : HeadTensors(family, blueprint)) {
    std::vector<Tensor> parts;
    for (const std::string& name : tensor.parameters) parts.push_back(Find(model, name).value);
    add("base_model.model." + tensor.name, Join(tensor, blueprint, kind, parts));
  }
  return written;
}

// The last words of the modules if they name these and no other tensors of the model; else the
// whole names.
std::vector<std::string> TargetModules(const Family& family, const nn::Blueprint& blueprint,
                                       const std::vector<std::string>& modules) {
  const std::set<std::string> adapted(modules.begin(), modules.end());
  std::set<std::string> words;
  for (const std::string& module : modules) words.insert(module.substr(module.rfind('.') + 1));
  for (const FileTensor& tensor : FileTensors(family, blueprint, FileKind::kHuggingFace)) {
    if (!tensor.name.ends_with(".weight")) continue;
    const std::string module = ModuleName(tensor);
    if (words.contains(module.substr(module.rfind('.') + 1)) && !adapted.contains(module)) {
      return modules;
    }
  }
  return {words.begin(), words.end()};
}

Json PeftConfig(const Model& model, const Family& family, const Written& written,
                const std::string& base) {
  const nn::Blueprint& blueprint = model.stack.blueprint();
  const nn::AdapterLayer& layer = model.stack.adapter()[0];
  Json task;
  if (blueprint.head.kind == nn::Head::Kind::kLanguage) {
    if (blueprint.encoder_layers > 0) {
      task = "SEQ_2_SEQ_LM";
    } else if (blueprint.attention.causal) {
      task = "CAUSAL_LM";
    }
  }
  const std::vector<std::string> of_head = HeadModules(family, blueprint);
  if (!of_head.empty()) task = PeftTask(blueprint.head.kind);
  const double alpha = double{layer.scale} * static_cast<double>(layer.rank);
  const bool whole = std::abs(alpha - std::round(alpha)) < 1e-6;
  return {{"peft_type", "LORA"},
          {"task_type", task},
          {"base_model_name_or_path", base},
          {"r", layer.rank},
          {"lora_alpha", whole ? Json(std::llround(alpha)) : Json(alpha)},
          {"lora_dropout", 0.0},
          {"target_modules", TargetModules(family, blueprint, written.modules)},
          {"bias", "none"},
          {"fan_in_fan_out", written.transposed},
          {"init_lora_weights", true},
          {"inference_mode", true},
          {"use_rslora", false},
          {"use_dora", false},
          {"modules_to_save", of_head.empty() ? Json() : Json(of_head)}};
}

bool KeepsTransposed(const Family& family) {
  return std::any_of(family.tensors.begin(), family.tensors.end(), [](const TensorName& row) {
    return row.layout == Layout::kTransposedInHf || row.layout == Layout::kQkvTransposedInHf;
  });
}

}  // namespace

Status SaveAdapter(const Model& model, const std::string& path, const std::string& base) {
  const Family* family = FindFamily(model.stack.blueprint().family);
  PARVIS_CHECK(family != nullptr && !model.stack.adapter().empty());
  for (const nn::AdapterLayer& layer : model.stack.adapter()) {
    const nn::AdapterLayer& first = model.stack.adapter()[0];
    PARVIS_CHECK(layer.rank == first.rank && layer.scale == first.scale);
  }
  if (path.ends_with(".gguf")) {
    if (!HeadTensors(*family, model.stack.blueprint()).empty()) {
      return Unimplemented(path + ": a GGUF adapter has no place for a head; write a folder");
    }
    const nn::AdapterLayer& layer = model.stack.adapter()[0];
    return TensorsOf(model, *family, FileKind::kGguf)
        .Write(path, {{"general.architecture", std::string(family->gguf)},
                      {"general.type", std::string("adapter")},
                      {"general.name", model.name},
                      {"adapter.type", std::string("lora")},
                      {"adapter.lora.alpha", layer.scale * static_cast<float>(layer.rank)}});
  }
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return IoError(path + ": " + error.message());
  Written written = TensorsOf(model, *family, FileKind::kHuggingFace);
  written.transposed = KeepsTransposed(*family);
  PARVIS_RETURN_IF_ERROR(formats::WriteSafetensors(
      path + "/adapter_model.safetensors", written.plans, {{"format", "pt"}},
      [&written](size_t i) -> Result<Tensor> { return written.tensors[i]; }));
  if (!model.task.labels.empty()) {
    const Json labels = {{"labels", model.task.labels}, {"problem_type", model.task.problem_type}};
    PARVIS_RETURN_IF_ERROR(WriteFileAtomically(
        path + "/labels.json", labels.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"));
  }
  // Last: a folder without it is no adapter.
  return WriteFileAtomically(path + "/adapter_config.json",
                             PeftConfig(model, *family, written, base)
                                     .dump(2, ' ', false, Json::error_handler_t::replace) +
                                 "\n");
}

}  // namespace parvis::models
