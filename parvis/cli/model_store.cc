#include "parvis/cli/model_store.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "parvis/cli/model_path.h"
#include "parvis/cli/model_summary.h"
#include "parvis/net/hub.h"

namespace parvis::cli {
namespace {

namespace fs = std::filesystem;

// What could run code when somebody else reads the folder, and what no model needs.
bool IsPickle(const fs::path& path) {
  const std::string extension = path.extension();
  return extension == ".bin" || extension == ".pt" || extension == ".pth" || extension == ".pkl" ||
         extension == ".ckpt" || extension == ".py";
}

Status Failed(const fs::path& path, const std::error_code& error) {
  return error == std::errc::no_space_on_device
             ? ResourceExhausted(path.string() + ": " + error.message())
             : IoError(path.string() + ": " + error.message());
}

// One file to another place of the disk.
Status PlaceFile(const fs::path& from, const fs::path& to) {
  std::error_code error;
  const fs::path real = fs::canonical(from, error);
  if (!error) fs::create_hard_link(real, to, error);
  if (error) fs::copy_file(from, to, error);
  return error ? Failed(to, error) : Status();
}

Status PlaceFolder(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::create_directories(to, error);
  if (error) return Failed(to, error);
  for (fs::directory_iterator it(from, error), end; !error && it != end; it.increment(error)) {
    const fs::path& path = it->path();
    std::error_code ignored;
    if (fs::is_directory(path, ignored)) {
      if (path.filename() == "1_Pooling") {
        PARVIS_RETURN_IF_ERROR(PlaceFolder(path, to / path.filename()));
      }
    } else if (fs::is_regular_file(path, ignored) && !IsPickle(path)) {
      PARVIS_RETURN_IF_ERROR(PlaceFile(path, to / path.filename()));
    }
  }
  return error ? Failed(from, error) : Status();
}

bool IsWithin(const fs::path& path, const fs::path& folder) {
  std::error_code error;
  const fs::path whole = fs::weakly_canonical(path.parent_path(), error) / path.filename();
  const fs::path root = fs::weakly_canonical(folder, error);
  const auto mismatch = std::mismatch(root.begin(), root.end(), whole.begin(), whole.end());
  return mismatch.first == root.end() && mismatch.second != whole.end();
}

}  // namespace

std::string OwnModelFolder() { return HomeFolder() + "/models"; }

bool IsModelName(const std::string& name) {
  return !name.empty() && name.size() <= 128 && name.front() != '.' && name.front() != '-' &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-' || c == ':';
         });
}

Status CopyModel(const std::string& from, const std::string& to) {
  if (!IsModelName(to)) {
    return InvalidArgument("'" + to +
                           "' is no name for a model: letters, digits, . _ - : make one");
  }
  PARVIS_ASSIGN_OR_RETURN(const std::string source, FindModel(from));
  for (const ModelEntry& entry : ListModels()) {
    if (entry.name == to) return InvalidArgument("there is a model '" + to + "' already");
  }
  const fs::path folder = OwnModelFolder();
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return Failed(folder, error);
  const bool is_file = !fs::is_directory(source, error);
  const fs::path target = folder / (is_file ? to + ".gguf" : to);
  // Not a name that a list shows: neither .gguf nor with a config.json at its top.
  const fs::path half = folder / ("." + to + ".new." + std::to_string(getpid()));
  fs::create_directories(half, error);
  if (error) return Failed(half, error);
  const fs::path inside = half / target.filename();
  Status status = is_file ? PlaceFile(source, inside) : PlaceFolder(source, inside);
  if (status.ok()) status = OpenModel(inside).status();  // what cannot be read is no model
  if (status.ok()) {
    fs::rename(inside, target, error);
    if (error) status = Failed(target, error);
  }
  std::error_code ignored;
  fs::remove_all(half, ignored);
  return status;
}

Status RemoveModel(const std::string& name) {
  if (name.find('/') == std::string::npos && !IsModelName(name)) {
    return NotFound("there is no model '" + name + "'");
  }
  PARVIS_ASSIGN_OR_RETURN(const net::HubSettings hub, net::HubFromEnvironment());
  for (const ModelEntry& entry : ListModels()) {
    if (entry.name != name) continue;
    std::error_code error;
    if (IsWithin(entry.path, OwnModelFolder())) {
      fs::remove_all(entry.path, error);
      return error ? Failed(entry.path, error) : Status();
    }
    if (IsWithin(entry.path, hub.cache)) {
      // models--ORG--NAME/snapshots/COMMIT[/FILE]
      fs::path folder = entry.path;
      while (!folder.filename().string().starts_with("models--") && folder.has_relative_path()) {
        folder = folder.parent_path();
      }
      if (IsWithin(folder, hub.cache)) {
        fs::remove_all(folder, error);
        return error ? Failed(folder, error) : Status();
      }
    }
    return Status(StatusCode::kPermissionDenied,
                  entry.path + ": lies outside of " + OwnModelFolder() +
                      ", where Parvis keeps its own; remove it by hand");
  }
  return NotFound("there is no model '" + name + "'");
}

}  // namespace parvis::cli
