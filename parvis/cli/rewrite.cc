#include "parvis/cli/rewrite.h"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "parvis/cli/flags.h"
#include "parvis/cli/model_path.h"
#include "parvis/cli/model_summary.h"
#include "parvis/cli/progress.h"
#include "parvis/cli/tokenizer_file.h"
#include "parvis/formats/llama2c.h"
#include "parvis/formats/quantize.h"
#include "parvis/models/adapter.h"

namespace parvis::cli {
namespace {

Result<models::Model> Open(const RewriteRequest& request, const std::string& path,
                           const Compute& compute) {
  constexpr models::LoadOptions kValues{.packing = {}, .keep_values = true, .pack = false};
  if (std::filesystem::path(path).extension() == ".bin") {  // llama2.c has two kinds of .bin
    PARVIS_ASSIGN_OR_RETURN(const formats::ModelFile file,
                            formats::OpenLlama2c(path, request.tokenizer));
    return models::LoadModel(compute.exec(), file, kValues);
  }
  PARVIS_ASSIGN_OR_RETURN(models::Model model, models::LoadModel(compute.exec(), path, kValues));
  if (!request.tokenizer.empty()) {
    PARVIS_ASSIGN_OR_RETURN(model.tokenizer, OpenTokenizer(request.tokenizer));
  } else if (!model.tokenizer_status.ok()) {  // a file without it would be of little use
    return model.tokenizer_status.In("the tokeniser cannot be carried over");
  }
  return model;
}

// `keep_types`: what was changed is stored as it was before.
Status Merge(const std::string& adapter, bool keep_types, const Compute& compute,
             models::Model& model) {
  std::map<std::string, DType> before;
  for (const ops::Parameter& parameter : model.stack.parameters()) {
    before[parameter.name] = parameter.value.dtype();
  }
  PARVIS_RETURN_IF_ERROR(models::LoadAdapter(compute.exec(), adapter, model));
  PARVIS_RETURN_IF_ERROR(models::MergeAdapter(compute.exec(), model));
  if (!keep_types) return {};
  for (ops::Parameter& parameter : model.stack.parameters()) {
    const auto type = before.find(parameter.name);
    if (type == before.end()) continue;  // of a head that the adapter brought
    PARVIS_ASSIGN_OR_RETURN(parameter.value,
                            formats::ConvertTensor(parameter.value, type->second, compute.pool()));
  }
  return {};
}

}  // namespace

Status Rewrite(const RewriteRequest& request, Console& console) {
  std::optional<models::WeightTypes> types;
  if (!request.dtype.empty()) {
    types = models::WeightTypesFromName(request.dtype);
    if (!types) {
      return InvalidArgument("'" + request.dtype + "' is none of " + models::WeightTypesNames());
    }
  }
  const bool gguf = std::filesystem::path(request.out).extension() == ".gguf";
  if (types && IsQuantised(types->dtype) && !gguf) {
    return InvalidArgument(request.dtype + " can be written as .gguf only; " + request.out +
                           " is no such name");
  }
  PARVIS_ASSIGN_OR_RETURN(const std::string path, FindModel(request.in));
  std::error_code error;
  if (std::filesystem::equivalent(path, request.out, error)) {
    return InvalidArgument(request.out + ": is what is read; give another name");
  }
  PARVIS_ASSIGN_OR_RETURN(const Compute compute, Compute::Make({}));
  PARVIS_ASSIGN_OR_RETURN(models::Model model, Open(request, path, compute));
  if (!request.adapter.empty()) {
    PARVIS_RETURN_IF_ERROR(Merge(request.adapter, !types.has_value(), compute, model));
  }
  if (types && IsQuantised(types->dtype) && IsQuantised(model.dtype)) {
    console.Note(path + " is quantised already (" + std::string(DTypeName(model.dtype)) +
                 "): what was lost then stays lost");
  }
  std::vector<std::string> notes;
  PARVIS_RETURN_IF_ERROR(models::SaveModel(model, request.out, types, Json::object(), &notes));
  for (const std::string& note : notes) console.Note(note);

  const int64_t before = SizeOnDisk(path), after = SizeOnDisk(request.out);
  console.Note(path + " " + BytesText(static_cast<double>(before)) + " -> " + request.out + " " +
               BytesText(static_cast<double>(after)));
  if (console.json) {
    OrderedJson document = Console::Document(request.command);
    document["in"] = path;
    document["out"] = request.out;
    document["in_bytes"] = before;
    document["out_bytes"] = after;
    document["kernels"] = compute.kernels_name();
    document["stand_ins"] = notes;
    document["tokenizer"] = model.tokenizer != nullptr;
    console.PrintJson(document);
  }
  return {};
}

}  // namespace parvis::cli
