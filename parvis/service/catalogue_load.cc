// How models of the catalogue come into memory, and who makes room for them.

#include <fmt/format.h>

#include <utility>

#include "parvis/service/catalogue.h"

namespace parvis::service {
namespace {

using SteadyClock = std::chrono::steady_clock;

ModelFacts FactsOf(const LoadedModel& loaded) {
  const models::Model& model = loaded.model();
  const nn::Blueprint& blueprint = model.stack.blueprint();
  const bool adapter = loaded.adapter() != nullptr;
  return {adapter ? loaded.adapter_digest() : loaded.digest(), blueprint.family, model.format,
          std::string(DTypeName(model.dtype)), nn::NumParameters(blueprint)};
}

}  // namespace

// Drops models that nobody uses until `bytes` more fit. False: those in use leave too little.
bool Catalogue::MakeRoom(size_t bytes) {
  std::vector<Held> dropped;
  const std::lock_guard lock(mutex_);
  while (rules_.memory_bytes > 0) {
    size_t used = bytes;
    auto oldest = held_.end();
    for (auto it = held_.begin(); it != held_.end(); ++it) {
      used += it->second.bytes;
      if (it->second.model.use_count() > 1) continue;
      if (oldest == held_.end() || it->second.used_at < oldest->second.used_at) oldest = it;
    }
    if (used <= rules_.memory_bytes) return true;
    if (oldest == held_.end()) return false;
    dropped.push_back(std::move(oldest->second));
    held_.erase(oldest);
  }
  return true;
}

std::optional<Refusal> Catalogue::RefuseRoom(const std::string& name, size_t bytes) {
  const size_t most = [this] {
    const std::lock_guard lock(mutex_);
    return rules_.memory_bytes;
  }();
  if (most > 0 && bytes > most) {
    return Refusal{RefusalKind::kUnavailable,
                   fmt::format("The model '{}' needs {} MiB; models may use {} MiB here.", name,
                               bytes >> 20, most >> 20),
                   "model"};
  }
  if (MakeRoom(bytes)) return std::nullopt;
  return Refusal{
      RefusalKind::kOverloaded,
      fmt::format("There is no memory for the model '{}' while others are in use.", name),
      "model",
      {},
      5000};
}

void Catalogue::Hold(const ModelPlace& place, int64_t modified_ms,
                     std::shared_ptr<LoadedModel> model, size_t bytes) {
  const std::lock_guard lock(mutex_);
  std::optional<std::chrono::seconds> keep_alive;
  if (rules_.keep_alive.count() > 0) keep_alive = rules_.keep_alive;
  known_[place.name] = {place, modified_ms, FactsOf(*model)};
  held_[place.name] = {std::move(model), bytes, SteadyClock::now(), keep_alive};
}

OrRefusal<std::shared_ptr<LoadedModel>> Catalogue::Load(const std::string& name) {
  const std::optional<ModelPlace> place = PlaceOf(name);
  if (!place) return NoSuchModel(name);
  if (!place->base.empty()) return LoadAdapter(*place);
  const size_t bytes = BytesOf(place->path) + load_.engine.kv_budget_bytes;
  if (auto refusal = RefuseRoom(name, bytes)) return std::move(*refusal);
  const int64_t modified_ms = LastModifiedMs(place->path);
  LoadSettings settings = load_;
  settings.progress = [this](std::string_view stage, double part) { GetOn(stage, part); };
  auto model = LoadedModel::Load(name, place->path, exec_, settings);
  if (!model.ok()) {
    return Refusal{
        RefusalKind::kUnavailable,
        fmt::format("The model '{}' cannot be loaded: {}", name, model.status().message()),
        "model"};
  }
  Hold(*place, modified_ms, *model, bytes);
  return std::move(model).value();
}

// An adapter is counted as twice its file until its size in memory, as f32, is known.
OrRefusal<std::shared_ptr<LoadedModel>> Catalogue::LoadAdapter(const ModelPlace& place) {
  const std::string base_name = OwnName(place.base);
  std::shared_ptr<LoadedModel> base;
  {
    const std::lock_guard lock(mutex_);
    if (const auto held = held_.find(base_name); held != held_.end()) base = held->second.model;
  }
  if (base == nullptr) {
    const std::optional<ModelPlace> of_base = PlaceOf(base_name);
    if (!of_base || !of_base->base.empty()) {
      return Refusal{RefusalKind::kUnavailable,
                     fmt::format("'{}' is an adapter of '{}', and there is no such model.",
                                 place.name, place.base),
                     "model"};
    }
    auto loaded = Load(base_name);
    if (!loaded.ok()) return loaded;
    base = *std::move(loaded);
  }
  GetOn("adapter", 0);
  if (auto refusal = RefuseRoom(place.name, 2 * BytesOf(place.path))) return std::move(*refusal);
  const int64_t modified_ms = LastModifiedMs(place.path);
  auto model = LoadedModel::Adapt(place.name, place.path, std::move(base));
  if (!model.ok()) {
    return Refusal{RefusalKind::kUnavailable,
                   fmt::format("The adapter '{}' cannot be used with '{}': {}", place.name,
                               place.base, model.status().message()),
                   "model"};
  }
  Hold(place, modified_ms, *model, (*model)->adapter_bytes());
  return std::move(model).value();
}

}  // namespace parvis::service
