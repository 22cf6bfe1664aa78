#include "parvis/formats/hf_config.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <utility>

#include "parvis/core/file.h"
#include "parvis/formats/safetensors.h"
#include "parvis/formats/sentence_transformers.h"

namespace parvis::formats {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxConfigBytes = size_t{1} << 20;
constexpr size_t kMaxTokenizerConfigBytes = size_t{16} << 20;
constexpr size_t kMaxTokenizerBytes = size_t{64} << 20;
constexpr size_t kMaxTemplateBytes = size_t{1} << 20;

std::string InFolder(const std::string& folder, const char* name) {
  return (fs::path(folder) / name).string();
}

bool Exists(const std::string& path) {
  std::error_code error;
  return fs::exists(path, error);
}

// The text of a file that may be missing: empty then.
Result<std::string> ReadIfThere(const std::string& path, size_t max_bytes) {
  if (!Exists(path)) return std::string();
  return ReadFile(path, max_bytes);
}

// tokenizer_config.json, with the template of chat_template.jinja put in where newer folders keep
// it apart.
Result<std::string> TokenizerConfig(const std::string& folder) {
  const std::string path = InFolder(folder, "tokenizer_config.json");
  PARVIS_ASSIGN_OR_RETURN(std::string config, ReadIfThere(path, kMaxTokenizerConfigBytes));
  PARVIS_ASSIGN_OR_RETURN(const std::string chat_template,
                          ReadIfThere(InFolder(folder, "chat_template.jinja"), kMaxTemplateBytes));
  if (chat_template.empty()) return config;
  Result<Json> json = config.empty() ? Json::object() : ParseJson(config);
  if (!json.ok()) return json.status().In(path);
  if (!json->is_object()) return DataLoss(path + ": not a JSON object");
  (*json)["chat_template"] = chat_template;
  return json->dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<std::shared_ptr<const text::Tokenizer>> ReadTokenizer(const std::string& folder) {
  const std::string tokenizer = InFolder(folder, "tokenizer.json");
  const std::string vocab = InFolder(folder, "vocab.json");
  const std::string merges = InFolder(folder, "merges.txt");
  Result<std::unique_ptr<text::Tokenizer>> made = std::unique_ptr<text::Tokenizer>();
  if (Exists(tokenizer)) {
    PARVIS_ASSIGN_OR_RETURN(const std::string json, ReadFile(tokenizer, kMaxTokenizerBytes));
    PARVIS_ASSIGN_OR_RETURN(const std::string config, TokenizerConfig(folder));
    made = text::ReadTokenizerJson(json, config);
  } else if (Exists(vocab) && Exists(merges)) {
    PARVIS_ASSIGN_OR_RETURN(const std::string json, ReadFile(vocab, kMaxTokenizerBytes));
    PARVIS_ASSIGN_OR_RETURN(const std::string lines, ReadFile(merges, kMaxTokenizerBytes));
    made = text::ReadVocabAndMerges(json, lines);
  }
  if (!made.ok()) return made.status().In(folder);
  return std::shared_ptr<const text::Tokenizer>(std::move(made).value());
}

Status WriteTokenizerFiles(const std::string& folder, const text::Tokenizer& tokenizer) {
  const text::Vocabulary& v = tokenizer.vocabulary();
  PARVIS_RETURN_IF_ERROR(
      WriteFileAtomically(InFolder(folder, "tokenizer.json"), WriteTokenizerJson(tokenizer)));
  OrderedJson config = {{"tokenizer_class", "PreTrainedTokenizerFast"},
                        {"clean_up_tokenization_spaces", false}};
  OrderedJson generation = OrderedJson::object();
  const auto add = [&](const std::string& key, const std::optional<text::TokenId>& id) {
    if (!id.has_value()) return;
    config[key] = v.tokens[*id];
    if (key != "unk_token") generation[key + "_id"] = *id;
  };
  add("bos_token", v.bos);
  add("eos_token", v.eos);
  add("pad_token", v.padding);
  add("unk_token", v.unknown);
  if (!v.chat_template.empty()) config["chat_template"] = v.chat_template;
  const auto dump = [](const OrderedJson& json) {
    return json.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
  };
  PARVIS_RETURN_IF_ERROR(
      WriteFileAtomically(InFolder(folder, "tokenizer_config.json"), dump(config)));
  return WriteFileAtomically(InFolder(folder, "generation_config.json"), dump(generation));
}

Status WriteFiles(const std::string& folder, const Json& config, const text::Tokenizer* tokenizer,
                  std::span<const TensorPlan> plans,
                  const std::map<std::string, std::string>& metadata,
                  const TensorProducer& produce) {
  const std::string text = config.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  PARVIS_RETURN_IF_ERROR(WriteFileAtomically(InFolder(folder, "config.json"), text));
  if (tokenizer != nullptr) PARVIS_RETURN_IF_ERROR(WriteTokenizerFiles(folder, *tokenizer));
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
  Result<std::shared_ptr<const text::Tokenizer>> tokenizer = ReadTokenizer(folder);
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
  if (tokenizer != nullptr && tokenizer->kind() != "byte_bpe") {
    return Unimplemented("a " + std::string(tokenizer->kind()) +
                         " tokeniser is not written as tokenizer.json yet; write a .gguf file");
  }
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
