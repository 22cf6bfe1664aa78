// From a model to a file: the way back of loader.cc.

#include <algorithm>
#include <cstdlib>
#include <map>
#include <thread>
#include <utility>
#include <vector>

#include "parvis/formats/gguf.h"
#include "parvis/formats/hf_config.h"
#include "parvis/formats/quantize.h"
#include "parvis/models/family.h"
#include "parvis/models/infill.h"
#include "parvis/models/model.h"
#include "parvis/models/tensor_map.h"
#include "parvis/nn/positions.h"

namespace parvis::models {
namespace {

constexpr std::string_view kEncoder = "encoder.";

// The number in "12.attention.v.weight" and "encoder.12.…"; 0 where there is none.
int64_t LayerOf(const std::string& parameter) {
  return std::atoll(parameter.c_str() + (parameter.starts_with(kEncoder) ? kEncoder.size() : 0));
}

// Everything that will be written, in order.
class Plan {
 public:
  Plan(const Model& model, const Family& family, FileKind kind, std::optional<WeightTypes> types)
      : model_(model), kind_(kind) {
    const nn::Blueprint& blueprint = model.stack.blueprint();
    for (FileTensor& tensor : FileTensors(family, blueprint, kind)) {
      const ops::Parameter& first = Find(tensor.parameters[0]);
      Shape shape = FileShape(tensor, blueprint, kind);
      DType type = first.value.dtype();
      if (shape.size() == 1) {
        type = DType::kF32;
      } else if (types) {
        type = Choose(*types, tensor, shape, type);
      }
      plans_.push_back({tensor.name, std::move(shape), type});
      tensors_.push_back(std::move(tensor));
    }
    AddRopeDivisors(blueprint);
  }

  const std::vector<formats::TensorPlan>& plans() const { return plans_; }

  bool quantised() const {
    return std::any_of(plans_.begin(), plans_.end(),
                       [](const formats::TensorPlan& plan) { return IsQuantised(plan.dtype); });
  }

  // Which types stand in for others, one line for each kind.
  std::vector<std::string> Notes() const {
    std::vector<std::string> notes;
    for (const auto& [what, count] : stand_ins_) {
      notes.push_back(std::to_string(count) + (count == 1 ? " matrix has " : " matrices have ") +
                      what);
    }
    return notes;
  }

  Result<Tensor> Produce(size_t index, ThreadPool& pool) const {
    if (index == tensors_.size()) return divisors_;
    const FileTensor& tensor = tensors_[index];
    const DType dtype = plans_[index].dtype;
    // Transposing works on whole numbers, so a quantised type is made at the end, of parts that
    // have one type.
    DType part = dtype;
    if (kind_ == FileKind::kGguf && IsQuantised(dtype)) {
      part = Find(tensor.parameters[0]).value.dtype();
      for (const std::string& name : tensor.parameters) {
        if (Find(name).value.dtype() != part) part = DType::kF32;
      }
    }
    std::vector<Tensor> values;
    for (const std::string& name : tensor.parameters) {
      PARVIS_ASSIGN_OR_RETURN(Tensor value, formats::ConvertTensor(Find(name).value, part, pool));
      values.push_back(std::move(value));
    }
    const Tensor joined = Join(tensor, model_.stack.blueprint(), kind_, values);
    return formats::ConvertTensor(joined, dtype, pool);
  }

 private:
  // What a matrix is stored as. Remembers where rows do not fill the groups of the type asked for.
  DType Choose(const WeightTypes& types, const FileTensor& tensor, const Shape& shape, DType now) {
    const nn::Blueprint& blueprint = model_.stack.blueprint();
    const std::string& name = tensor.parameters[0];
    const bool is_output =
        name == (blueprint.tied_embedding ? "embedding.weight" : "lm_head.weight");
    const MatrixType chosen = TypeOf(
        types,
        {.parameters = tensor.parameters,
         .row = shape.back(),
         .layer = LayerOf(name),
         .num_layers = name.starts_with(kEncoder) ? blueprint.encoder_layers : blueprint.num_layers,
         .is_output = is_output,
         .stored = now});
    if (chosen.wanted) {
      ++stand_ins_["rows of " + std::to_string(shape.back()) + " numbers, not a multiple of " +
                   std::to_string(GroupOf(*chosen.wanted).elements) + ": " +
                   std::string(DTypeName(chosen.dtype)) + " instead of " +
                   std::string(DTypeName(*chosen.wanted))];
    }
    return chosen.dtype;
  }

  const ops::Parameter& Find(const std::string& name) const {
    for (const ops::Parameter& parameter : model_.stack.parameters()) {
      if (parameter.name == name) return parameter;
    }
    PARVIS_CHECK(false);
    return model_.stack.parameters()[0];
  }

  // Llama 3's scaling, as llama.cpp reads it: a tensor of divisors.
  void AddRopeDivisors(const nn::Blueprint& blueprint) {
    const auto* rotary = std::get_if<nn::RotaryPositions>(&blueprint.positions);
    if (kind_ != FileKind::kGguf || rotary == nullptr) return;
    using Kind = nn::RopeScaling::Kind;
    std::vector<float> divisors = rotary->scaling.divisors;
    if (rotary->scaling.kind == Kind::kLlama3) {
      nn::RotaryPositions plain = *rotary;
      plain.scaling = {};
      const auto scaled = nn::FrequenciesOf(*rotary, blueprint.context_length).radians;
      const auto unscaled = nn::FrequenciesOf(plain, blueprint.context_length).radians;
      for (size_t i = 0; i < scaled.size(); ++i) divisors.push_back(unscaled[i] / scaled[i]);
    }
    if (divisors.empty()) return;
    divisors_ = Tensor::Of({static_cast<int64_t>(divisors.size())}, divisors);
    plans_.push_back({"rope_freqs.weight", divisors_.shape(), DType::kF32});
  }

  const Model& model_;
  FileKind kind_;
  std::vector<formats::TensorPlan> plans_;
  std::vector<FileTensor> tensors_;
  Tensor divisors_;
  std::map<std::string, int> stand_ins_;
};

formats::GgufMetadata GgufMetadataOf(const Model& model, const Family& family,
                                     const WeightTypes& types, bool quantised, const Json& extra) {
  const nn::Blueprint& blueprint = model.stack.blueprint();
  formats::GgufMetadata metadata;
  metadata.emplace_back("general.architecture", std::string(family.gguf));
  metadata.emplace_back("general.type", std::string("model"));
  Json all = model.metadata;
  for (const auto& [key, value] : extra.items()) all[key] = value;
  all["general.name"] = all.value("general.name", model.name);
  for (const char* key :
       {"general.architecture", "general.type", "general.file_type", "general.alignment",
        "general.quantization_version", "parvis.tied_embedding", "parvis.rope_scaling",
        "parvis.family", "parvis.head", "parvis.problem_type", "parvis.pooling", "parvis.normalize",
        "split.no", "split.count", "split.tensors.count"}) {
    all.erase(key);  // written anew here
  }
  for (auto it = all.begin(); it != all.end();) {
    const bool ours = it.key().starts_with("general.") || it.key().starts_with("parvis.");
    it = ours ? std::next(it) : all.erase(it);
  }
  formats::AppendJson("", all, metadata);
  metadata.emplace_back("general.file_type", GgufFileType(types));
  if (quantised) metadata.emplace_back("general.quantization_version", uint32_t{2});
  metadata.emplace_back("parvis.tied_embedding", blueprint.tied_embedding);
  if (const Json config = family.config(blueprint); config.contains("rope_scaling")) {
    metadata.emplace_back("parvis.rope_scaling", config["rope_scaling"].dump());
  }
  Json keys = family.gguf_metadata(blueprint), own = Json::object();
  AddTaskToGguf(model.task, keys, own);
  if (blueprint.encoder_layers > 0) own["parvis.family"] = blueprint.family;
  if (!blueprint.attention.causal) own["parvis.family"] = blueprint.family;
  if (!blueprint.attention.causal || blueprint.head.kind != nn::Head::Kind::kLanguage) {
    own["parvis.head"] = nn::HeadName(blueprint.head.kind);
  }
  formats::AppendJson("", own, metadata);
  formats::AppendJson(std::string(family.gguf) + ".", keys, metadata);
  if (!blueprint.attention.causal) {
    metadata.emplace_back("tokenizer.ggml.token_type_count",
                          static_cast<uint32_t>(std::max<int64_t>(1, blueprint.num_token_types)));
  }
  if (model.tokenizer != nullptr) {
    formats::AppendTokenizer(*model.tokenizer, metadata, static_cast<size_t>(blueprint.vocab_size));
    const Json infill = InfillKeys(model);
    for (const auto& [key, id] : infill.items()) {
      metadata.emplace_back(key, id.get<uint32_t>());
    }
  }
  return metadata;
}

bool HasQuantised(const Model& model) {
  const auto& parameters = model.stack.parameters();
  return std::any_of(parameters.begin(), parameters.end(), [](const ops::Parameter& parameter) {
    return IsQuantised(parameter.value.dtype());
  });
}

}  // namespace

Status SaveModel(const Model& model, const std::string& path, std::optional<WeightTypes> types,
                 const Json& metadata, std::vector<std::string>* notes) {
  const Family* family = FindFamily(model.stack.blueprint().family);
  PARVIS_CHECK(family != nullptr);
  for (const ops::Parameter& parameter : model.stack.parameters()) {
    PARVIS_CHECK(parameter.value.defined());
  }
  const bool gguf = path.ends_with(".gguf");
  const FileKind kind = gguf ? FileKind::kGguf : FileKind::kHuggingFace;
  if (!gguf && !types && HasQuantised(model)) types = DType::kF32;
  const Plan plan(model, *family, kind, types);
  if (notes != nullptr) *notes = plan.Notes();
  ThreadPool pool(static_cast<int>(std::max(1u, std::thread::hardware_concurrency())));
  const auto produce = [&](size_t index) { return plan.Produce(index, pool); };
  if (gguf) {
    return formats::WriteGguf(
        path,
        GgufMetadataOf(model, *family, types.value_or(model.dtype), plan.quantised(), metadata),
        plan.plans(), produce);
  }
  Json config = ConfigFromBlueprint(model.stack.blueprint());
  AddTaskToConfig(model.task, config);
  if (const auto task = model.metadata.find("parvis.task_specific_params");
      task != model.metadata.end() && task->is_string()) {
    const auto parsed = ParseJson(task->get<std::string>());
    if (parsed.ok()) config["task_specific_params"] = *parsed;
  }
  if (WantsSuffixFirst(model)) config["fim_suffix_first"] = true;
  const DType stored = types ? types->dtype : model.dtype;
  config["torch_dtype"] = stored == DType::kBf16  ? "bfloat16"
                          : stored == DType::kF16 ? "float16"
                                                  : "float32";
  if (model.tokenizer != nullptr) {
    if (model.tokenizer->bos()) config["bos_token_id"] = *model.tokenizer->bos();
    if (model.tokenizer->eos()) config["eos_token_id"] = *model.tokenizer->eos();
  }
  PARVIS_RETURN_IF_ERROR(formats::WriteHuggingFaceFolder(
      path, config, model.tokenizer.get(), plan.plans(), {{"format", "pt"}}, produce));
  if (model.task.pooling.empty()) return {};
  return formats::WriteSentencePooling(path, {model.task.pooling, model.task.normalize},
                                       model.stack.blueprint().hidden_size);
}

}  // namespace parvis::models
