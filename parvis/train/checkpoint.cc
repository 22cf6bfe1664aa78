#include "parvis/train/checkpoint.h"

#include <algorithm>
#include <charconv>
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

// A line of what the metadata's sha256 is taken of: the state, then of every tensor this.
std::string DigestLine(const std::string& name, const Tensor& tensor) {
  return fmt::format("{} {} {}\n", name, ShapeText(tensor.shape()),
                     Sha256Hex({reinterpret_cast<const char*>(tensor.data()), tensor.bytes()}));
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
  std::string digested = state + "\n";
  for (const auto& [tensor_name, tensor] : opened.tensors) {
    digested += DigestLine(tensor_name, tensor);
  }
  if (metadata("sha256") != Sha256Hex(digested)) {
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

// The digest stands before the tensors, so each is asked for twice.
Status WriteCheckpoint(const std::string& path, StateTensors& tensors, const Json& state) {
  std::vector<formats::TensorPlan> plans;
  const std::string text = state.dump();
  std::string digested = text + "\n";
  for (size_t i = 0; i < tensors.size(); ++i) {
    plans.push_back({tensors.name(i), tensors.shape(i)});
    digested += DigestLine(tensors.name(i), tensors.Get(i));
  }
  const std::map<std::string, std::string> metadata = {
      {"format", std::string(kFormat)}, {"state", text}, {"sha256", Sha256Hex(digested)}};
  return formats::WriteSafetensors(
      path, plans, metadata,
      [&tensors](size_t index) -> Result<Tensor> { return tensors.Get(index); });
}

Status WriteCheckpoint(const std::string& path, nn::Stack& stack, const Optimizer& optimizer,
                       const Json& state) {
  StateTensors tensors(stack, optimizer);
  return WriteCheckpoint(path, tensors, state);
}

Result<Json> ReadCheckpointState(const std::string& path) {
  PARVIS_ASSIGN_OR_RETURN(Opened opened, OpenAdvising(path));
  return std::move(opened.state);
}

Result<Json> ReadCheckpoint(const std::string& path, StateTensors& tensors) {
  PARVIS_ASSIGN_OR_RETURN(Opened opened, OpenAdvising(path));
  bool same = tensors.size() == opened.tensors.size();
  for (size_t i = 0; same && i < tensors.size(); ++i) {
    const Tensor& stored = opened.tensors[i].tensor;
    same = tensors.name(i) == opened.tensors[i].name && stored.dtype() == DType::kF32 &&
           tensors.shape(i) == stored.shape();
  }
  if (!same) return InvalidArgument(path + ": a checkpoint of a model of other sizes");
  for (size_t i = 0; i < tensors.size(); ++i) tensors.Put(i, opened.tensors[i].tensor);
  return std::move(opened.state);
}

Result<Json> ReadCheckpoint(const std::string& path, nn::Stack& stack, Optimizer& optimizer) {
  StateTensors tensors(stack, optimizer);
  return ReadCheckpoint(path, tensors);
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
