#include "parvis/cli/serve_models.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <utility>
#include <vector>

#include "parvis/cli/model_path.h"
#include "parvis/cli/model_store.h"

namespace parvis::cli {
namespace {

namespace fs = std::filesystem;

// What 'parvis list' shows now, and before it what was named.
std::function<std::vector<service::ModelPlace>()> PlacesOf(const ServeOptions& options) {
  std::vector<service::ModelPlace> named;
  for (const std::string& model : options.models) {
    std::error_code error;
    if (fs::exists(model, error)) named.push_back(NamedPlace(model));
  }
  for (const ServedAdapter& adapter : options.adapters) {
    const fs::path path = fs::absolute(adapter.path).lexically_normal();
    named.push_back(
        {adapter.name, path.has_filename() ? path : path.parent_path(), ServedName(adapter.model)});
  }
  return [named] {
    std::vector<service::ModelPlace> places = named;
    for (ModelEntry& entry : ListModels()) {
      const auto same = [&entry](const auto& place) { return place.name == entry.name; };
      if (std::none_of(places.begin(), places.end(), same)) {
        places.push_back({std::move(entry.name), std::move(entry.path)});
      }
    }
    return places;
  };
}

}  // namespace

service::ModelPlace NamedPlace(const std::string& path) {
  const fs::path whole = fs::absolute(path).lexically_normal();
  const fs::path file = whole.has_filename() ? whole : whole.parent_path();
  const bool by_folder = file.stem() == "model" && file.extension() == ".gguf";
  const fs::path named = by_folder ? file.parent_path().filename()
                                   : (file.extension() == ".gguf" ? file.stem() : file.filename());
  return {named, whole};
}

std::string ServedName(const std::string& model) {
  std::error_code error;
  return fs::exists(model, error) ? NamedPlace(model).name : model;
}

Result<service::CatalogueSettings> CatalogueSettingsOf(const ServeOptions& options,
                                                       const ops::Exec& exec) {
  service::CatalogueSettings settings{.list = PlacesOf(options)};
  settings.memory_bytes = static_cast<size_t>(options.memory_mib) << 20;
  settings.keep_alive = std::chrono::seconds(options.keep_alive_seconds);
  settings.aliases = options.aliases;
  for (const UpstreamOptions& upstream : options.upstreams) {
    PARVIS_ASSIGN_OR_RETURN(auto made, MakeUpstream(upstream, options.master_key));
    settings.elsewhere.push_back(service::LoadedModel::Elsewhere(std::move(made), exec));
  }
  settings.load.engine.kv_budget_bytes = static_cast<size_t>(options.kv_mib) << 20;
  settings.load.engine.max_sequences = options.parallel;
  settings.load.engine.context_length = options.context_length;
  return settings;
}

}  // namespace parvis::cli
