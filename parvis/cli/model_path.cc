#include "parvis/cli/model_path.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <sstream>

#include "parvis/cli/suggest.h"
#include "parvis/net/hub.h"

namespace parvis::cli {
namespace fs = std::filesystem;
namespace {

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// The folder of the running program, or empty.
fs::path ProgramFolder() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  return error ? fs::path() : program.parent_path();
}

// "hf:org/name[@revision]".
Result<std::string> FindPulled(const std::string& name) {
  PARVIS_ASSIGN_OR_RETURN(const net::HubSettings hub, net::HubFromEnvironment());
  PARVIS_ASSIGN_OR_RETURN(const net::HubName parsed, net::ParseHubName(name));
  const auto path = net::FindInCache(hub.cache, parsed);
  if (path) return *path;
  return NotFound(name + ": is not here yet; 'parvis pull " + name + "' fetches it");
}

}  // namespace

std::string HomeFolder() {
  if (std::string home = Environment("PARVIS_HOME"); !home.empty()) return home;
  if (const std::string data = Environment("XDG_DATA_HOME"); !data.empty()) return data + "/parvis";
  return Environment("HOME") + "/.local/share/parvis";
}

std::vector<std::string> ModelFolders() {
  std::vector<std::string> folders;
  std::istringstream named(Environment("PARVIS_MODELS"));
  for (std::string folder; std::getline(named, folder, ':');) {
    if (!folder.empty()) folders.push_back(folder);
  }
  if (const fs::path program = ProgramFolder(); !program.empty()) {
    // build/<preset>/bin/parvis belongs to the source tree three folders up.
    const fs::path source = program.parent_path().parent_path().parent_path();
    std::error_code error;
    if (fs::exists(source / "parvis/FLOORS", error)) folders.push_back(source / "models");
    folders.push_back(program.parent_path() / "share/parvis/models");
  }
  folders.push_back(HomeFolder() + "/models");
  return folders;
}

std::vector<ModelEntry> ListModels() {
  std::map<std::string, std::string> found;
  for (const std::string& folder : ModelFolders()) {
    std::error_code error;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
      const fs::path& path = it->path();
      std::error_code ignored;
      if (path.filename().string().starts_with('.')) continue;  // on its way here
      if (path.extension() == ".gguf" && fs::is_regular_file(path, ignored)) {
        found.emplace(path.stem(), path);
      } else if (fs::exists(path / "config.json", ignored)) {
        found.emplace(path.filename(), path);
      }
    }
  }
  // What was pulled from a hub, or fetched by Hugging Face's own programs.
  if (const auto hub = net::HubFromEnvironment(); hub.ok()) {
    for (const net::CachedModel& model : net::ListCache(hub->cache)) {
      found.emplace(model.repository, model.path);
    }
  }
  std::vector<ModelEntry> entries;
  entries.reserve(found.size());
  for (const auto& [name, path] : found) entries.push_back({name, path});
  return entries;
}

Result<std::string> FindModel(const std::string& name) {
  std::error_code error;
  if (fs::exists(name, error)) return name;
  if (name.starts_with("hf:")) return FindPulled(name);
  const std::vector<ModelEntry> models = ListModels();
  std::vector<std::string> names;
  for (const ModelEntry& model : models) {
    if (model.name == name) return model.path;
    names.push_back(model.name);
  }
  // "name" of "org/name", if there is one such only.
  std::vector<std::string> paths;
  for (const ModelEntry& model : models) {
    if (model.name.ends_with("/" + name)) paths.push_back(model.path);
  }
  if (paths.size() == 1) return paths[0];
  const std::string nearest = Nearest(name, names);
  return NotFound(name + ": no such file or folder, and no model of this name" +
                  (nearest.empty() ? "; 'parvis list' shows those that there are"
                                   : "; did you mean '" + nearest + "'?"));
}

}  // namespace parvis::cli
