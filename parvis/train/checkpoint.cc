#include "parvis/train/checkpoint.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <map>
#include <span>

#include "fmt/format.h"
#include "parvis/core/sha256.h"
#include "parvis/formats/safetensors.h"

namespace parvis::train {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFormat = "parvis.checkpoint/1";
constexpr std::string_view kPrefix = "step-", kSuffix = ".safetensors";
constexpr const char* kAdvice =
    "; the file is damaged: remove it to go on from the checkpoint before it";

struct NamedTensor {
  std::string name;
  Tensor tensor;
};

// Tensors share their bytes, so writing into one of these fills the stack or the optimizer.
std::vector<NamedTensor> TensorsOf(nn::Stack& stack, const Optimizer& optimizer) {
  std::vector<NamedTensor> tensors;
  const std::vector<ops::Parameter*> learned = stack.Learned();
  for (size_t i = 0; i < learned.size(); ++i) {
    const ops::Parameter& parameter = *learned[i];
    tensors.push_back({"value/" + parameter.name, parameter.value});
    tensors.push_back({"m/" + parameter.name, optimizer.m[i]});
    tensors.push_back({"v/" + parameter.name, optimizer.v[i]});
    if (!optimizer.average.empty()) {
      tensors.push_back({"average/" + parameter.name, optimizer.average[i]});
    }
  }
  return tensors;
}

std::string HashOf(const Tensor& tensor) {
  return Sha256Hex({reinterpret_cast<const char*>(tensor.data()), tensor.bytes()});
}

// What the metadata's sha256 is taken of: the state, then every tensor's name, shape and hash.
std::string Digest(const std::string& state, std::span<const NamedTensor> tensors) {
  std::string text = state + "\n";
  for (const NamedTensor& named : tensors) {
    text += fmt::format("{} {} {}\n", named.name, ShapeText(named.tensor.shape()),
                        HashOf(named.tensor));
  }
  return Sha256Hex(text);
}

struct Opened {
  std::vector<NamedTensor> tensors;  // views of the mapped file, in its order
  Json state;
};

// Reads the header and compares every byte with the digest.
Result<Opened> Open(const std::string& path) {
  PARVIS_ASSIGN_OR_RETURN(const formats::SafetensorsModel file, formats::OpenSafetensors(path));
  const auto metadata = [&file](const char* key) {
    const auto it = file.metadata.find(key);
    return it == file.metadata.end() ? std::string() : it->second;
  };
  if (metadata("format") != kFormat) return DataLoss(path + ": not a checkpoint of Parvis");
  Opened opened;
  for (const std::string& name : file.tensors->names()) {
    Result<Tensor> tensor = file.tensors->Get(name);
    if (!tensor.ok()) return tensor.status().In(path);
    opened.tensors.push_back({name, *std::move(tensor)});
  }
  const std::string state = metadata("state");
  if (metadata("sha256") != Digest(state, opened.tensors)) {
    return DataLoss(path + ": the bytes are not those that were written (sha256 differs)");
  }
  PARVIS_ASSIGN_OR_RETURN(opened.state, ParseJson(state));
  if (!opened.state.is_object()) return DataLoss(path + ": state: not an object");
  return opened;
}

Result<Opened> OpenAdvising(const std::string& path) {
  Result<Opened> opened = Open(path);
  if (opened.ok() || opened.status().code() == StatusCode::kNotFound) return opened;
  return Status(opened.status().code(), opened.status().message() + kAdvice);
}

}  // namespace

Status WriteCheckpoint(const std::string& path, nn::Stack& stack, const Optimizer& optimizer,
                       const Json& state) {
  const std::vector<NamedTensor> tensors = TensorsOf(stack, optimizer);
  std::vector<formats::TensorPlan> plans;
  for (const NamedTensor& named : tensors) plans.push_back({named.name, named.tensor.shape()});
  const std::string text = state.dump();
  const std::map<std::string, std::string> metadata = {
      {"format", std::string(kFormat)}, {"state", text}, {"sha256", Digest(text, tensors)}};
  return formats::WriteSafetensors(
      path, plans, metadata,
      [&tensors](size_t index) -> Result<Tensor> { return tensors[index].tensor; });
}

Result<Json> ReadCheckpointState(const std::string& path) {
  PARVIS_ASSIGN_OR_RETURN(Opened opened, OpenAdvising(path));
  return std::move(opened.state);
}

Result<Json> ReadCheckpoint(const std::string& path, nn::Stack& stack, Optimizer& optimizer) {
  PARVIS_ASSIGN_OR_RETURN(Opened opened, OpenAdvising(path));
  const std::vector<NamedTensor> tensors = TensorsOf(stack, optimizer);
  bool same = tensors.size() == opened.tensors.size();
  for (size_t i = 0; same && i < tensors.size(); ++i) {
    const Tensor& stored = opened.tensors[i].tensor;
    same = tensors[i].name == opened.tensors[i].name && stored.dtype() == DType::kF32 &&
           tensors[i].tensor.shape() == stored.shape();
  }
  if (!same) return InvalidArgument(path + ": a checkpoint of a model of other sizes");
  for (size_t i = 0; i < tensors.size(); ++i) {
    std::memcpy(tensors[i].tensor.data(), opened.tensors[i].tensor.data(),
                tensors[i].tensor.bytes());
  }
  return std::move(opened.state);
}

std::string CheckpointPath(const std::string& folder, int64_t step) {
  return fmt::format("{}/{}{:08}{}", folder, kPrefix, step, kSuffix);
}

std::vector<std::pair<int64_t, std::string>> ListCheckpoints(const std::string& folder) {
  std::vector<std::pair<int64_t, std::string>> found;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    int64_t step = 0;
    if (name.size() <= kPrefix.size() + kSuffix.size() || name.rfind(kPrefix, 0) != 0) continue;
    const char* last = name.data() + name.size() - kSuffix.size();
    const auto parsed = std::from_chars(name.data() + kPrefix.size(), last, step);
    if (parsed.ec != std::errc() || parsed.ptr != last || kSuffix != last) continue;
    found.emplace_back(step, it->path().string());
  }
  std::sort(found.begin(), found.end());
  return found;
}

void PruneCheckpoints(const std::string& folder, int64_t keep) {
  std::error_code error;
  const auto found = ListCheckpoints(folder);
  for (size_t i = 0; i + keep < found.size(); ++i) fs::remove(found[i].second, error);
  std::vector<fs::path> half_written;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (it->path().string().find(".tmp.") != std::string::npos) half_written.push_back(it->path());
  }
  for (const fs::path& path : half_written) fs::remove(path, error);
}

}  // namespace parvis::train
