#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>
#include <utility>

#include "parvis/core/file.h"
#include "parvis/formats/gguf.h"
#include "parvis/formats/quantize.h"
#include "parvis/formats/safetensors.h"
#include "parvis/models/adapter.h"
#include "parvis/models/adapter_head.h"
#include "parvis/models/adapter_map.h"
#include "parvis/models/family.h"

namespace parvis::models {
namespace {

constexpr size_t kMaxConfigBytes = size_t{16} << 20;
constexpr std::string_view kPeftPrefix = "base_model.model.";

// What a file says of all layers: how scale follows from the rank.
struct Scaling {
  double alpha = 0.0;
  bool by_root = false;  // rsLoRA: Kalajdzievski, "A Rank Stabilization Scaling Factor for
                         // Fine-Tuning with LoRA", 2023
  double Of(int64_t rank) const {
    const auto r = static_cast<double>(rank);
    return alpha / (by_root ? std::sqrt(r) : r);
  }
};

struct Opened {
  std::shared_ptr<formats::TensorSource> tensors;
  Scaling scaling;
  FileKind kind = FileKind::kHuggingFace;
  std::string_view prefix, a, b;  // around a matrix's name
  std::optional<AdapterHead> head = std::nullopt;
};

// Keys of adapter_config.json with which A and B do not say all.
Status CheckPeft(const Json& config) {
  const auto has = [&config](const char* key, const Json& harmless) {
    const auto found = config.find(key);
    return found != config.end() && !found->is_null() && *found != harmless;
  };
  if (config.value("peft_type", Json()) != "LORA") {
    return Unimplemented("peft_type: not \"LORA\", the only kind that Parvis computes");
  }
  for (const char* key :
       {"use_dora", "lora_bias", "use_qalora", "use_bdlora", "arrow_config", "kasa_config",
        "velora_config", "monteclora_config", "layer_replication", "alora_invocation_tokens"}) {
    if (has(key, false)) return Unimplemented(std::string(key) + ": is not computed");
  }
  for (const char* key : {"trainable_token_indices", "target_parameters"}) {
    if (has(key, Json::array())) return Unimplemented(std::string(key) + ": is not computed");
  }
  if (has("alpha_pattern", Json::object())) {
    return Unimplemented("alpha_pattern: one alpha for all layers is computed only");
  }
  if (has("bias", "none")) return Unimplemented("bias: only \"none\" is computed");
  return {};
}

Result<Opened> OpenPeft(const std::string& folder) {
  const std::string path = folder + "/adapter_config.json";
  PARVIS_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMaxConfigBytes));
  Result<Json> config = ParseJson(text);
  if (!config.ok()) return config.status().In(path);
  if (!config->is_object()) return DataLoss(path + ": not a JSON object");
  PARVIS_RETURN_IF_ERROR(CheckPeft(*config).In(path));
  const Json alpha = config->value("lora_alpha", Json());
  if (!alpha.is_number()) return DataLoss(path + ": lora_alpha: not a number");
  const Json by_root = config->value("use_rslora", Json(false));
  if (!by_root.is_boolean()) return DataLoss(path + ": use_rslora: not true or false");
  PARVIS_ASSIGN_OR_RETURN(const formats::SafetensorsModel file,
                          formats::OpenSafetensors(folder + "/adapter_model.safetensors"));
  auto head = ReadAdapterHead(folder, *config, *file.tensors);
  if (!head.ok()) return head.status().In(path);
  return Opened{.tensors = file.tensors,
                .scaling = {alpha.get<double>(), by_root.get<bool>()},
                .kind = FileKind::kHuggingFace,
                .prefix = kPeftPrefix,
                .a = ".lora_A.weight",
                .b = ".lora_B.weight",
                .head = *std::move(head)};
}

Result<Opened> OpenGgufAdapter(const std::string& path, const Family& family) {
  PARVIS_ASSIGN_OR_RETURN(const formats::ModelFile file, formats::OpenGguf(path));
  const auto text = [&file](const char* key) {
    const auto found = file.metadata.find(key);
    return found != file.metadata.end() && found->is_string() ? found->get<std::string>() : "";
  };
  if (text("general.type") != "adapter" || text("adapter.type") != "lora") {
    return InvalidArgument(path + ": general.type and adapter.type do not say that this is a LoRA");
  }
  if (file.architecture != family.gguf) {
    return InvalidArgument(path + ": general.architecture: an adapter of " + file.architecture +
                           " models; this one is " + std::string(family.gguf));
  }
  const Json alpha = file.metadata.value("adapter.lora.alpha", Json());
  if (!alpha.is_number()) return DataLoss(path + ": adapter.lora.alpha: not a number");
  return Opened{.tensors = file.tensors,
                .scaling = {alpha.get<double>()},
                .kind = FileKind::kGguf,
                .prefix = "",
                .a = ".weight.lora_a",
                .b = ".weight.lora_b"};
}

// The matrix that a tensor of the adapter belongs to, and whether it is its A.
Result<std::pair<const FileTensor*, bool>> Place(const Opened& opened,
                                                 const std::map<std::string, FileTensor>& modules,
                                                 const std::string& name) {
  const bool is_a = name.ends_with(opened.a);
  if (!name.starts_with(opened.prefix) || (!is_a && !name.ends_with(opened.b))) {
    return DataLoss("tensor " + name + " is neither an A nor a B of a LoRA");
  }
  const std::string_view ending = is_a ? opened.a : opened.b;
  const auto found = modules.find(
      name.substr(opened.prefix.size(), name.size() - opened.prefix.size() - ending.size()));
  if (found == modules.end()) {
    return InvalidArgument("tensor " + name + " changes what no block of this model has");
  }
  return std::pair(&found->second, is_a);
}

struct Pair {
  const FileTensor* matrix = nullptr;
  Tensor a, b;
};

// All pairs, by the layers' names, checked.
Result<std::map<std::string, Pair>> ReadPairs(const ops::Exec& exec, const Opened& opened,
                                              const std::map<std::string, FileTensor>& modules,
                                              const std::vector<std::string>& of_head,
                                              const nn::Blueprint& blueprint) {
  std::map<std::string, Pair> pairs;
  for (const std::string& name : opened.tensors->names()) {
    if (std::find(of_head.begin(), of_head.end(), name) != of_head.end()) continue;
    PARVIS_ASSIGN_OR_RETURN(const auto place, Place(opened, modules, name));
    PARVIS_ASSIGN_OR_RETURN(const Tensor stored, opened.tensors->Get(name));
    if (stored.rank() != 2 || stored.size() == 0 || !IsReal(stored.dtype())) {
      return DataLoss("tensor " + name + " is no matrix of numbers");
    }
    Pair& pair = pairs[LayerName(*place.first)];
    Tensor& value = place.second ? pair.a : pair.b;
    if (value.defined()) return DataLoss("tensor " + name + " is there twice");
    pair.matrix = place.first;
    PARVIS_ASSIGN_OR_RETURN(value, formats::ConvertTensor(stored, DType::kF32, exec.pool()));
  }
  for (const auto& [name, pair] : pairs) {
    const std::string module = ModuleName(*pair.matrix);
    if (!pair.a.defined() || !pair.b.defined()) return DataLoss(module + ": A or B is missing");
    // A GGUF's matrices are never transposed; that of a layout of rows is not either.
    const Shape shape = FileShape(*pair.matrix, blueprint, opened.kind);
    if (pair.a.dim(1) != shape[1] || pair.b.dim(0) != shape[0] || pair.a.dim(0) != pair.b.dim(1)) {
      return DataLoss(module + ": A " + ShapeText(pair.a.shape()) + " and B " +
                      ShapeText(pair.b.shape()) + " do not fit a matrix " + ShapeText(shape));
    }
  }
  if (pairs.empty()) return DataLoss("there is no tensor in it");
  return pairs;
}

Result<Opened> Open(const std::string& path, const Model& model) {
  if (!std::filesystem::exists(path)) return NotFound(path + ": there is no such adapter");
  const Family* family = FindFamily(model.stack.blueprint().family);
  PARVIS_CHECK(family != nullptr);
  return std::filesystem::is_directory(path) ? OpenPeft(path) : OpenGgufAdapter(path, *family);
}

// All of it but a head, whose tensors are `of_head`. Not packed.
Result<nn::Adapter> Read(const ops::Exec& exec, const Opened& opened,
                         const std::vector<std::string>& of_head, const nn::Stack& stack) {
  const nn::Blueprint& blueprint = stack.blueprint();
  const auto modules = ByModule(*FindFamily(blueprint.family), blueprint, opened.kind);
  PARVIS_ASSIGN_OR_RETURN(const auto pairs, ReadPairs(exec, opened, modules, of_head, blueprint));
  std::vector<nn::AdapterLayer> layers;
  for (const auto& [name, pair] : pairs) {
    const int64_t rank = pair.a.dim(0);
    // llama.cpp takes an alpha of 0 for a scale of 1.
    const bool none = opened.kind == FileKind::kGguf && opened.scaling.alpha == 0.0;
    layers.push_back({name, pair.matrix->parameters, rank,
                      none ? 1.0f : static_cast<float>(opened.scaling.Of(rank))});
  }
  nn::Adapter adapter = stack.NewAdapter(std::move(layers));
  for (const auto& [name, pair] : pairs) {
    adapter.Find(name + ".lora_a")->value = pair.a.Clone();
    const std::vector<Tensor> parts = Split(*pair.matrix, blueprint, opened.kind, pair.b);
    for (size_t i = 0; i < parts.size(); ++i) {
      const std::string& weight = pair.matrix->parameters[i];
      const std::string matrix = weight.substr(0, weight.size() - std::string(".weight").size());
      adapter.Find(matrix + ".lora_b")->value = parts[i].Clone();
    }
  }
  return adapter;
}

}  // namespace

bool BringsHead(const std::string& path) {
  const Result<std::string> text = ReadFile(path + "/adapter_config.json", kMaxConfigBytes);
  if (!text.ok()) return false;
  const Result<Json> config = ParseJson(*text);
  if (!config.ok() || !config->is_object()) return false;
  const Json modules = config->value("modules_to_save", Json());
  return modules.is_array() && !modules.empty();
}

Status LoadAdapter(const ops::Exec& exec, const std::string& path, Model& model) {
  PARVIS_ASSIGN_OR_RETURN(const Opened opened, Open(path, model));
  std::vector<std::string> of_head;
  if (opened.head) {
    auto taken = TakeHead(exec, *opened.head, *opened.tensors, std::string(opened.prefix), model);
    if (!taken.ok()) return taken.status().In(path);
    of_head = *std::move(taken);
  }
  auto adapter = Read(exec, opened, of_head, model.stack);
  if (!adapter.ok()) return adapter.status().In(path);
  model.stack.Adapt(*std::move(adapter));
  model.stack.PackAdapter(exec);
  return {};
}

Result<nn::Adapter> ReadAdapter(const ops::Exec& exec, const std::string& path,
                                const Model& model) {
  PARVIS_ASSIGN_OR_RETURN(const Opened opened, Open(path, model));
  if (opened.head) {
    return Unimplemented(path +
                         ": modules_to_save: brings a head, which all requests of a model share; "
                         "'parvis convert --adapter' makes a model of both");
  }
  auto adapter = Read(exec, opened, {}, model.stack);
  if (!adapter.ok()) return adapter.status().In(path);
  adapter->Pack(exec, /*keep_values=*/false);
  return adapter;
}

}  // namespace parvis::models
