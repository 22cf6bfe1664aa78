// GGUF files as models: mapping, split files, keys as JSON.

#include <cstdio>
#include <filesystem>
#include <utility>

#include "parvis/core/byte_reader.h"
#include "parvis/formats/gguf.h"

namespace parvis::formats {
namespace {

// Long arrays (other than the tokeniser's) are nothing that a configuration needs.
constexpr uint64_t kMaxArray = 4096;
constexpr uint64_t kMaxArrayTotal = 100'000;
constexpr int64_t kMaxParts = 1000;

Result<std::string> Architecture(const GgufFile& gguf) {
  const GgufField* field = gguf.Find("general.architecture");
  if (field == nullptr) {
    return ByteReader::Refuse("general.architecture", "the key is missing", 0);
  }
  return std::string(*field->Text());
}

// Ids that are no part of how a text becomes tokens: marks of its beginning, end and middle.
bool IsInfillKey(std::string_view key) {
  constexpr std::string_view kBegin = "tokenizer.ggml.", kEnd = "_token_id";
  if (!key.starts_with(kBegin) || !key.ends_with(kEnd)) return false;
  key = key.substr(kBegin.size());
  return key.starts_with("fim_") || key.starts_with("prefix_") || key.starts_with("suffix_") ||
         key.starts_with("middle_");
}

void TakeFields(const GgufFile& gguf, ModelFile& file) {
  const std::string prefix = file.architecture + ".";
  uint64_t total = 0;
  for (const GgufField& field : gguf.fields) {
    const bool of_tokenizer = field.key.starts_with("tokenizer.") && !IsInfillKey(field.key);
    if (of_tokenizer || field.key.starts_with("parvis.tokenizer.")) continue;
    if (field.is_array) {
      if (field.count > kMaxArray || total + field.count > kMaxArrayTotal) continue;
      total += field.count;
    }
    if (field.key.starts_with(prefix)) {
      file.config[std::string(field.key.substr(prefix.size()))] = field.ToJson();
    } else {
      file.metadata[std::string(field.key)] = field.ToJson();
    }
  }
}

// "name-00001-of-00003.gguf" to the same with another number.
Result<std::string> PartPath(const std::string& first, int64_t number, int64_t count) {
  char ending[40];
  std::snprintf(ending, sizeof(ending), "-%05d-of-%05d.gguf", 1, static_cast<int>(count));
  if (!first.ends_with(ending)) {
    return InvalidArgument(first + " is the first of " + std::to_string(count) +
                           " parts; its name must end in " + ending);
  }
  const std::string stem = first.substr(0, first.size() - std::char_traits<char>::length(ending));
  std::snprintf(ending, sizeof(ending), "-%05d-of-%05d.gguf", static_cast<int>(number + 1),
                static_cast<int>(count));
  return stem + ending;
}

int64_t IntOr(const GgufFile& gguf, std::string_view key, int64_t otherwise) {
  const GgufField* field = gguf.Find(key);
  return field == nullptr ? otherwise : *field->Int();
}

// Adds the tensors of parts 2 … count.
Status AddParts(const std::string& first, const GgufFile& gguf, int64_t count, ModelFile& file) {
  if (IntOr(gguf, "split.no", 0) != 0) {
    return InvalidArgument("this is part " + std::to_string(IntOr(gguf, "split.no", 0) + 1) +
                           " of " + std::to_string(count) + "; give the first part");
  }
  for (int64_t number = 1; number < count; ++number) {
    PARVIS_ASSIGN_OR_RETURN(const std::string path, PartPath(first, number, count));
    PARVIS_ASSIGN_OR_RETURN(const auto mapped, MappedFile::Open(path));
    Result<GgufFile> part = ParseGguf(mapped->bytes());
    if (!part.ok()) return part.status().In(path);
    if (IntOr(*part, "split.no", -1) != number || IntOr(*part, "split.count", -1) != count) {
      return DataLoss(path + ": split.no and split.count are not those of part " +
                      std::to_string(number + 1) + " of " + std::to_string(count));
    }
    PARVIS_RETURN_IF_ERROR(file.tensors->Add(mapped, std::move(part->tensors)).In(path));
  }
  const auto expected = IntOr(gguf, "split.tensors.count", -1);
  const auto found = static_cast<int64_t>(file.tensors->names().size());
  if (expected >= 0 && expected != found) {
    return DataLoss("split.tensors.count is " + std::to_string(expected) + ", the parts hold " +
                    std::to_string(found));
  }
  return {};
}

Status Open(const std::shared_ptr<const MappedFile>& mapped, ModelFile& file) {
  PARVIS_ASSIGN_OR_RETURN(GgufFile gguf, ParseGguf(mapped->bytes()));
  PARVIS_ASSIGN_OR_RETURN(file.architecture, Architecture(gguf));
  TakeFields(gguf, file);
  Result<std::shared_ptr<const text::Tokenizer>> tokenizer = TokenizerFromGguf(gguf);
  if (tokenizer.ok()) {
    file.tokenizer = std::move(tokenizer).value();
  } else if (tokenizer.status().code() == StatusCode::kUnimplemented) {
    file.tokenizer_status = tokenizer.status();
  } else {
    return tokenizer.status();
  }
  PARVIS_RETURN_IF_ERROR(file.tensors->Add(mapped, std::move(gguf.tensors)));
  const int64_t parts = IntOr(gguf, "split.count", 1);
  if (parts < 0 || parts > kMaxParts) {
    return ByteReader::Refuse("split.count", std::to_string(parts) + " is impossible",
                              gguf.Find("split.count")->offset);
  }
  if (parts > 1) PARVIS_RETURN_IF_ERROR(AddParts(file.path, gguf, parts, file));
  return {};
}

}  // namespace

Result<ModelFile> OpenGguf(const std::string& path) {
  PARVIS_ASSIGN_OR_RETURN(const auto mapped, MappedFile::Open(path));
  ModelFile file;
  file.path = path;
  file.format = "gguf";
  file.tensors = std::make_shared<TensorSource>();
  PARVIS_RETURN_IF_ERROR(Open(mapped, file).In(path));
  return file;
}

}  // namespace parvis::formats
