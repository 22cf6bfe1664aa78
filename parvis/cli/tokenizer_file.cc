#include "parvis/cli/tokenizer_file.h"

#include <filesystem>

#include "parvis/cli/model_path.h"
#include "parvis/core/file.h"
#include "parvis/formats/model_file.h"

namespace parvis::cli {
namespace fs = std::filesystem;
namespace {

using Pointer = std::shared_ptr<const text::Tokenizer>;

Result<Pointer> Shared(Result<std::unique_ptr<text::Tokenizer>> made, const fs::path& path) {
  if (!made.ok()) return made.status().In(path);
  return Pointer(std::move(made).value());
}

Result<Pointer> ReadJson(const fs::path& path) {
  PARVIS_ASSIGN_OR_RETURN(const std::string json, ReadFile(path));
  std::string config;
  const fs::path beside = path.parent_path() / "tokenizer_config.json";
  std::error_code error;
  if (fs::exists(beside, error)) {
    PARVIS_ASSIGN_OR_RETURN(config, ReadFile(beside));
  }
  return Shared(text::ReadTokenizerJson(json, config), path);
}

Result<Pointer> ReadPair(const fs::path& folder) {
  PARVIS_ASSIGN_OR_RETURN(const std::string vocabulary, ReadFile(folder / "vocab.json"));
  PARVIS_ASSIGN_OR_RETURN(const std::string merges, ReadFile(folder / "merges.txt"));
  return Shared(text::ReadVocabAndMerges(vocabulary, merges), folder);
}

}  // namespace

Result<Pointer> OpenTokenizer(const std::string& name) {
  PARVIS_ASSIGN_OR_RETURN(const std::string found, FindModel(name));
  const fs::path path = found;
  std::error_code error;
  if (fs::is_directory(path, error)) {
    if (fs::exists(path / "tokenizer.json", error)) return ReadJson(path / "tokenizer.json");
    if (fs::exists(path / "merges.txt", error)) return ReadPair(path);
  }
  if (path.extension() == ".json") return ReadJson(path);
  PARVIS_ASSIGN_OR_RETURN(const formats::ModelFile file, formats::OpenModel(path));
  if (file.tokenizer != nullptr) return file.tokenizer;
  PARVIS_RETURN_IF_ERROR(file.tokenizer_status.In(found));
  return InvalidArgument(found + ": has no tokeniser");
}

}  // namespace parvis::cli
