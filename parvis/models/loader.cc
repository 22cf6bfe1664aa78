// From a file to a model: find the family, make the blueprint, take each tensor by its name in the
// file, check its shape, bring it to our rows and pack it.

#include <algorithm>
#include <filesystem>
#include <utility>

#include "parvis/formats/model_file.h"
#include "parvis/formats/quantize.h"
#include "parvis/models/bert.h"
#include "parvis/models/family.h"
#include "parvis/models/infill.h"
#include "parvis/models/load_progress.h"
#include "parvis/models/model.h"
#include "parvis/models/tensor_map.h"

namespace parvis::models {
namespace {

// More layers than any model has; a bound before anything is allocated for them.
constexpr int64_t kMaxLayers = 1024;

// What the class of a model with labels for sequences ends with.
constexpr std::string_view kLabelsClass = "ForSequenceClassification";

// The head of an encoder's file: by our key, or by the tensors of llama.cpp's classifiers.
void AddHead(const formats::ModelFile& file, Json& config) {
  const formats::TensorSource& tensors = *file.tensors;
  if (file.metadata.contains("parvis.head")) {
    config["head"] = file.metadata["parvis.head"];
  } else {
    config["head"] = tensors.Has("cls.output.weight") ? "sequence_labels" : "";
  }
  config["has_dense"] = tensors.Has("cls.weight");
  for (const char* name : {"cls.output.weight", "parvis.token_labels.weight"}) {
    const auto shape = tensors.ShapeOf(name);
    if (shape && !shape->empty()) config["num_labels"] = (*shape)[0];
  }
}

// GGUF says with tensors and flat keys what config.json says with fields.
Json GgufConfig(const formats::ModelFile& file) {
  Json config = file.config;
  const formats::TensorSource& tensors = *file.tensors;
  config["model_type"] = file.architecture;
  if (!config.contains("vocab_size")) {
    if (const auto shape = tensors.ShapeOf("token_embd.weight"); shape && !shape->empty()) {
      config["vocab_size"] = (*shape)[0];
    }
  }
  const bool tied = file.metadata.value("parvis.tied_embedding", false);
  // Without an output matrix the embedding is it; a head for labels has none and says what it had.
  const auto head = file.metadata.find("parvis.head");
  const bool labels =
      head != file.metadata.end() && *head == nn::HeadName(nn::Head::Kind::kSequenceLabels);
  config["tie_word_embeddings"] = tied || !(tensors.Has("output.weight") || labels);
  config["feed_forward_gated"] = tensors.Has("enc.blk.0.ffn_gate.weight");
  config["attention_bias"] = tensors.Has("blk.0.attn_q.bias") || tensors.Has("blk.0.attn_qkv.bias");
  config["attention_out_bias"] = tensors.Has("blk.0.attn_output.bias");
  config["mlp_bias"] = tensors.Has("blk.0.ffn_up.bias");
  const auto types = tensors.ShapeOf("token_types.weight");
  config["type_vocab_size"] = types && !types->empty() ? (*types)[0] : 0;
  AddHead(file, config);
  if (tensors.Has("rope_factors_long.weight")) {
    config["rope_scaling"] = {{"rope_type", "longrope"}};
  } else if (file.metadata.contains("parvis.rope_scaling")) {
    const auto parsed = ParseJson(file.metadata["parvis.rope_scaling"].get<std::string>());
    if (parsed.ok()) config["rope_scaling"] = *parsed;
  } else if (const std::string kind = config.value("rope.scaling.type", "none"); kind != "none") {
    Json scaling = {{"rope_type", kind}};
    const auto copy = [&](const char* from, const char* to) {
      if (config.contains(from)) scaling[to] = config[from];
    };
    copy("rope.scaling.factor", "factor");
    copy("rope.scaling.original_context_length", "original_max_position_embeddings");
    copy("rope.scaling.yarn_beta_fast", "beta_fast");
    copy("rope.scaling.yarn_beta_slow", "beta_slow");
    config["rope_scaling"] = scaling;
  }
  return config;
}

// transformers 5 writes that T5's output matrix is the embedding even where the file holds another
// one. The file is right; what the configuration says still decides whether outputs are scaled.
void TieAsTheFileDoes(const formats::TensorSource& tensors, Json& config) {
  const std::string type = config["model_type"];
  if (type != "t5" && type != "mt5") return;
  if (type == "mt5") {
    config["scale_decoder_outputs"] = false;
  } else if (!config.contains("scale_decoder_outputs") && config.contains("tie_word_embeddings")) {
    config["scale_decoder_outputs"] = config["tie_word_embeddings"];
  }
  if (tensors.Has("classification_head.out_proj.weight")) return;  // neither
  config["tie_word_embeddings"] = !tensors.Has("lm_head.weight");
}

// The tensor of this name, or of one that other checkpoints have for it: without the family's
// prefix (a bare model's), or spelt otherwise.
Result<Tensor> TakeTensor(const formats::TensorSource& tensors, const Family& family,
                          const std::string& name, FileKind kind) {
  std::vector<std::string> names = {name};
  if (kind == FileKind::kHuggingFace) {
    for (const NameAlias& alias : family.hf_aliases) {
      const size_t at = name.find(alias.part);
      if (at == std::string::npos) continue;
      names.push_back(std::string(name).replace(at, alias.part.size(), alias.other));
    }
    for (size_t i = 0, count = names.size(); i < count; ++i) {
      if (!names[i].starts_with(family.hf_prefix)) continue;
      names.push_back(names[i].substr(family.hf_prefix.size()));
    }
  }
  for (const std::string& candidate : names) {
    if (tensors.Has(candidate)) return tensors.Get(candidate);
  }
  return DataLoss("tensor " + name + " is missing");
}

// A decoder's head for labels of a sequence, read off its last token: without a bias, but for T5's,
// which has a dense part and biases as RoBERTa's.
void TakeLabelsHead(Config& config, nn::Blueprint& b) {
  const std::string name = config.FirstTextOr("architectures", "");
  const std::string wanted = config.TextOr({"head"}, "");
  using Kind = nn::Head::Kind;
  if (wanted == nn::HeadName(Kind::kTokenLabels) || wanted == nn::HeadName(Kind::kSpan)) {
    config.Refuse("head: \"" + wanted + "\" is not one that Parvis computes for decoders");
  }
  if (wanted != nn::HeadName(Kind::kSequenceLabels) && !name.ends_with(kLabelsClass)) return;
  const bool two_stacks = b.encoder_layers > 0;
  b.head = {.kind = Kind::kSequenceLabels,
            .dense = two_stacks,
            .num_labels = NumLabelsOf(config),
            .out_bias = two_stacks};
  b.output_bias = false;
  b.output_scale = 1.0f;
}

// Tensor by tensor, so that no more than one is in memory twice: as the file has it, and packed.
Status FillStack(const ops::Exec& exec, const formats::ModelFile& file, const Family& family,
                 FileKind kind, const LoadOptions& options, const LoadProgress& progress,
                 Model& model) {
  nn::Stack& stack = model.stack;
  const nn::Blueprint& blueprint = stack.blueprint();
  const std::vector<FileTensor> entries = FileTensors(family, blueprint, kind);
  int64_t all = 0, read = 0;
  for (const FileTensor& entry : entries) all += NumElements(FileShape(entry, blueprint, kind));
  for (const FileTensor& entry : entries) {
    PARVIS_ASSIGN_OR_RETURN(Tensor tensor, TakeTensor(*file.tensors, family, entry.name, kind));
    const Shape expected = FileShape(entry, blueprint, kind);
    if (tensor.shape() != expected) {
      return DataLoss("tensor " + entry.name + " has shape " + ShapeText(tensor.shape()) +
                      ", the configuration asks for " + ShapeText(expected));
    }
    if (!IsReal(tensor.dtype())) {
      return DataLoss("tensor " + entry.name + " holds " + std::string(DTypeName(tensor.dtype())) +
                      ", which are not weights");
    }
    if (tensor.rank() == 1) {
      PARVIS_ASSIGN_OR_RETURN(tensor, formats::ConvertTensor(tensor, DType::kF32, exec.pool()));
    }
    const std::vector<Tensor> values = Split(entry, blueprint, kind, tensor);
    for (size_t i = 0; i < values.size(); ++i) {
      ops::Parameter* parameter = stack.Find(entry.parameters[i]);
      parameter->value = values[i];
      if (parameter->name == "0.attention.q.weight") model.dtype = values[i].dtype();
      if (values[i].rank() > 1 && options.pack) {
        stack.Pack(exec, *parameter, options.keep_values, options.packing);
      }
    }
    read += NumElements(expected);
    if (progress) progress(static_cast<double>(read) / static_cast<double>(all));
  }
  for (const ops::Parameter& parameter : stack.parameters()) {
    if (!parameter.value.defined() && !parameter.panels.defined()) {
      return DataLoss("no tensor gives " + parameter.name);
    }
  }
  file.tensors->Forget();  // what was packed from a value that is kept, an embedding's
  return {};
}

// Whether the rows of all matrices can be divided as `options` asks.
Status CheckPacking(const nn::Stack& stack, const LoadOptions& options) {
  if (!options.pack || options.packing != ops::Packing::kQ8_0) return {};
  for (const ops::Parameter& parameter : stack.parameters()) {
    if (parameter.shape.size() == 2 && parameter.shape[1] % 32 != 0) {
      return InvalidArgument("q8_0 needs rows of a multiple of 32 numbers; " + parameter.name +
                             " has " + std::to_string(parameter.shape[1]));
    }
  }
  return {};
}

// Llama 3's GGUF files keep the scaling as a tensor of divisors.
Status TakeRopeDivisors(const ops::Exec& exec, const formats::ModelFile& file,
                        nn::Blueprint& blueprint) {
  auto* rotary = std::get_if<nn::RotaryPositions>(&blueprint.positions);
  if (rotary == nullptr || rotary->scaling.kind != nn::RopeScaling::Kind::kNone ||
      !file.tensors->Has("rope_freqs.weight")) {
    return {};
  }
  PARVIS_ASSIGN_OR_RETURN(const Tensor tensor, file.tensors->Get("rope_freqs.weight"));
  if (tensor.shape() != Shape{rotary->rotary_dim / 2} || !IsReal(tensor.dtype())) {
    return DataLoss("tensor rope_freqs.weight has shape " + ShapeText(tensor.shape()) +
                    ", expected " + ShapeText({rotary->rotary_dim / 2}));
  }
  PARVIS_ASSIGN_OR_RETURN(const Tensor divisors,
                          formats::ConvertTensor(tensor, DType::kF32, exec.pool()));
  rotary->scaling.kind = nn::RopeScaling::Kind::kDivisors;
  rotary->scaling.divisors.assign(divisors.f32(), divisors.f32() + divisors.size());
  for (const float divisor : rotary->scaling.divisors) {
    if (!(divisor > 0.0f)) return DataLoss("tensor rope_freqs.weight holds a number ≤ 0");
  }
  return {};
}

// By the file's architecture; of those that share GGUF's, by the key that we write.
const Family* FamilyOf(const formats::ModelFile& file) {
  const auto key = file.metadata.find("parvis.family");
  if (file.format == "gguf" && key != file.metadata.end()) {
    const Family* family = FindFamily(key->get<std::string>());
    if (family != nullptr && family->gguf == file.architecture) return family;
  }
  return FindFamily(file.architecture);
}

Result<Model> Load(const ops::Exec& exec, const formats::ModelFile& file,
                   const LoadOptions& options, const LoadProgress& progress) {
  const Family* family = FamilyOf(file);
  if (family == nullptr) {
    return Unimplemented("architecture \"" + file.architecture + "\" is not one that Parvis runs");
  }
  const FileKind kind = file.format == "gguf" ? FileKind::kGguf : FileKind::kHuggingFace;
  Json config = kind == FileKind::kGguf ? GgufConfig(file) : file.config;
  config["model_type"] = std::string(family->name);
  if (kind == FileKind::kHuggingFace) {
    TieAsTheFileDoes(*file.tensors, config);
    const std::string pooler = "pooler.dense.weight";
    config["has_pooler"] =
        file.tensors->Has(pooler) || file.tensors->Has(std::string(family->hf_prefix) + pooler);
  }
  PARVIS_ASSIGN_OR_RETURN(nn::Blueprint blueprint, BlueprintFromConfig(config));
  PARVIS_RETURN_IF_ERROR(TakeRopeDivisors(exec, file, blueprint));
  if (file.tokenizer != nullptr && file.tokenizer->vocab_size() > blueprint.vocab_size) {
    return DataLoss("the tokeniser has " + std::to_string(file.tokenizer->vocab_size()) +
                    " tokens, the embedding " + std::to_string(blueprint.vocab_size) + " rows");
  }

  PARVIS_ASSIGN_OR_RETURN(Task task, TaskOf(file, blueprint));
  Model model{.name = file.metadata.value("general.name", ""),
              .path = file.path,
              .format = file.format,
              .dtype = DType::kF32,
              .stack = nn::Stack(std::move(blueprint)),
              .tokenizer = file.tokenizer,
              .tokenizer_status = file.tokenizer_status,
              .metadata = file.metadata,
              .task = std::move(task)};
  if (kind == FileKind::kHuggingFace && file.config.contains("task_specific_params")) {
    model.metadata["parvis.task_specific_params"] =
        file.config["task_specific_params"].dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  if (kind == FileKind::kHuggingFace && file.config.value("fim_suffix_first", Json()) == true) {
    model.metadata[kSuffixFirstKey] = true;
  }
  if (model.name.empty()) model.name = std::filesystem::path(file.path).stem();
  PARVIS_RETURN_IF_ERROR(CheckPacking(model.stack, options));
  PARVIS_RETURN_IF_ERROR(FillStack(exec, file, *family, kind, options, progress, model));
  return model;
}

}  // namespace

Result<nn::Blueprint> BlueprintFromConfig(const Json& json) {
  Config config(json);
  const std::string type = config.TextOr({"model_type"}, "");
  const Family* family = FindFamily(type);
  if (family == nullptr) {
    std::string known;
    for (const Family* f : AllFamilies())
      known += (known.empty() ? "" : ", ") + std::string(f->name);
    return InvalidArgument("model_type: \"" + type + "\" is not one of " + known);
  }
  nn::Blueprint blueprint = family->describe(config);
  if (blueprint.attention.causal) TakeLabelsHead(config, blueprint);
  if (std::max(blueprint.num_layers, blueprint.encoder_layers) > kMaxLayers)
    config.Refuse("more than 1024 layers");
  PARVIS_RETURN_IF_ERROR(config.status());
  for (const int64_t size :
       {blueprint.vocab_size, blueprint.context_length, blueprint.feed_forward.size,
        blueprint.attention.num_heads * blueprint.attention.head_dim}) {
    int64_t product = 0;
    if (__builtin_mul_overflow(size, blueprint.hidden_size, &product) ||
        product > (int64_t{1} << 40)) {
      return DataLoss("a matrix of " + std::to_string(size) + " × " +
                      std::to_string(blueprint.hidden_size) + " is not possible");
    }
  }
  return blueprint;
}

Status CheckTokenizer(const Model& model) {
  if (model.tokenizer != nullptr) return {};
  if (!model.tokenizer_status.ok()) return model.tokenizer_status;
  return InvalidArgument(model.path + ": has no tokeniser, so it cannot read text");
}

Json ConfigFromBlueprint(const nn::Blueprint& blueprint) {
  const Family* family = FindFamily(blueprint.family);
  PARVIS_CHECK(family != nullptr);
  Json config = family->config(blueprint);
  if (!blueprint.attention.causal || blueprint.head.kind == nn::Head::Kind::kLanguage) {
    return config;
  }
  std::string name = config["architectures"][0];
  for (const std::string_view end : {"ForCausalLM", "LMHeadModel", "ForConditionalGeneration"}) {
    if (name.ends_with(end)) name.resize(name.size() - end.size());
  }
  config["architectures"] = {name + std::string(kLabelsClass)};
  return config;
}

Result<Model> LoadModel(const ops::Exec& exec, const std::string& path, const LoadOptions& options,
                        const LoadProgress& progress) {
  PARVIS_ASSIGN_OR_RETURN(const formats::ModelFile file, formats::OpenModel(path));
  Result<Model> model = Load(exec, file, options, progress);
  if (!model.ok()) return model.status().In(file.path);
  return model;
}

Result<Model> LoadModel(const ops::Exec& exec, const std::string& path,
                        const LoadOptions& options) {
  return LoadModel(exec, path, options, {});
}

Result<Model> LoadModel(const ops::Exec& exec, const formats::ModelFile& file,
                        const LoadOptions& options) {
  Result<Model> model = Load(exec, file, options, {});
  if (!model.ok()) return model.status().In(file.path);
  return model;
}

}  // namespace parvis::models
