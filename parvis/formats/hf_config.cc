#include "parvis/formats/hf_config.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <utility>

#include "parvis/core/file.h"
#include "parvis/formats/hf_tokenizer.h"
#include "parvis/formats/safetensors.h"
#include "parvis/formats/sentence_transformers.h"

namespace parvis::formats {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxConfigBytes = size_t{1} << 20;

std::string InFolder(const std::string& folder, const char* name) {
  return (fs::path(folder) / name).string();
}

Status WriteFiles(const std::string& folder, const Json& config, const text::Tokenizer* tokenizer,
                  std::span<const TensorPlan> plans,
                  const std::map<std::string, std::string>& metadata,
                  const TensorProducer& produce) {
  const std::string text = config.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  PARVIS_RETURN_IF_ERROR(WriteFileAtomically(InFolder(folder, "config.json"), text));
  if (tokenizer != nullptr) PARVIS_RETURN_IF_ERROR(WriteHfTokenizer(folder, *tokenizer));
  return WriteSafetensors(InFolder(folder, "model.safetensors"), plans, metadata, produce);
}

}  // namespace

Result<Json> ParseHfConfig(std::string_view text) {
  const JsonLimits limits{.max_bytes = kMaxConfigBytes, .max_depth = 32, .max_values = 100'000};
  PARVIS_ASSIGN_OR_RETURN(Json json, ParseJson(text, limits));
  if (!json.is_object()) return DataLoss("byte 0: not a JSON object");
  const auto type = json.find("model_type");
  if (type == json.end() || !type->is_string()) {
    return DataLoss("model_type: missing, or not a string");
  }
  return json;
}

Result<ModelFile> OpenHuggingFaceFolder(const std::string& folder) {
  const std::string config_path = InFolder(folder, "config.json");
  PARVIS_ASSIGN_OR_RETURN(const std::string text, ReadFile(config_path, kMaxConfigBytes));
  Result<Json> config = ParseHfConfig(text);
  if (!config.ok()) return config.status().In(config_path);
  PARVIS_ASSIGN_OR_RETURN(SafetensorsModel weights, OpenSafetensorsFolder(folder));

  ModelFile file;
  file.path = folder;
  file.format = "safetensors";
  file.architecture = (*config)["model_type"].get<std::string>();
  file.config = std::move(config).value();
  file.tensors = std::move(weights.tensors);
  for (const auto& [key, value] : weights.metadata) file.metadata[key] = value;
  PARVIS_ASSIGN_OR_RETURN(file.pooling, ReadSentencePooling(folder));
  Result<std::shared_ptr<const text::Tokenizer>> tokenizer = ReadHfTokenizer(folder);
  if (tokenizer.ok()) {
    file.tokenizer = std::move(tokenizer).value();
  } else if (tokenizer.status().code() == StatusCode::kUnimplemented) {
    file.tokenizer_status = tokenizer.status();
  } else {
    return tokenizer.status();
  }
  return file;
}

Status WriteHuggingFaceFolder(const std::string& folder, const Json& config,
                              const text::Tokenizer* tokenizer, std::span<const TensorPlan> plans,
                              const std::map<std::string, std::string>& metadata,
                              const TensorProducer& produce) {
  std::error_code error;
  if (fs::exists(folder, error) &&
      !(fs::is_directory(folder, error) && fs::is_empty(folder, error))) {
    return InvalidArgument(folder + " is there already");
  }
  std::string target = folder;
  while (target.size() > 1 && target.back() == '/') target.pop_back();
  const std::string temporary = target + ".tmp." + std::to_string(::getpid());
  fs::remove_all(temporary, error);
  if (!fs::create_directories(temporary, error)) {
    return IoError("cannot create " + temporary + ": " + error.message());
  }
  Status status = WriteFiles(temporary, config, tokenizer, plans, metadata, produce);
  if (status.ok() && std::rename(temporary.c_str(), target.c_str()) != 0) {
    status = IoError("cannot rename " + temporary + " to " + target + ": " + std::strerror(errno));
  }
  if (!status.ok()) fs::remove_all(temporary, error);
  return status;
}

}  // namespace parvis::formats
