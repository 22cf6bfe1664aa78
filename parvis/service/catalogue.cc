#include "parvis/service/catalogue.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "parvis/core/clock.h"

namespace parvis::service {
namespace {

namespace fs = std::filesystem;
using SteadyClock = std::chrono::steady_clock;

size_t BytesOf(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    const auto size = fs::file_size(path, error);
    return error ? 0 : static_cast<size_t>(size);
  }
  size_t bytes = 0;
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (it->is_regular_file(ignored)) bytes += static_cast<size_t>(it->file_size(ignored));
  }
  return bytes;
}

int64_t ModifiedMs(const std::string& path) {
  struct stat info = {};
  if (stat(path.c_str(), &info) != 0) return 0;
  return int64_t{info.st_mtim.tv_sec} * 1000 + info.st_mtim.tv_nsec / 1'000'000;
}

ModelFacts FactsOf(const LoadedModel& loaded) {
  const models::Model& model = loaded.model();
  const nn::Blueprint& blueprint = model.stack.blueprint();
  return {loaded.digest(), blueprint.family, model.format, std::string(DTypeName(model.dtype)),
          nn::NumParameters(blueprint)};
}

}  // namespace

Refusal NoSuchModel(const std::string& name) {
  return {RefusalKind::kNotFound,
          fmt::format("The model '{}' does not exist, or you may not use it.", name),
          "model",
          "model_not_found",
          {}};
}

Catalogue::Catalogue(CatalogueSettings settings, const ops::Exec& exec)
    : settings_(std::move(settings)), exec_(exec), rules_(settings_), thread_([this] { Loop(); }) {}

Catalogue::~Catalogue() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  thread_.join();
  for (const Wanted& wanted : wanted_) {
    for (const Acquired& acquired : wanted.acquired) {
      acquired(Refusal{RefusalKind::kUnavailable, "The server is stopping."});
    }
  }
}

std::string Catalogue::OwnName(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto alias = rules_.aliases.find(name);
  return alias == rules_.aliases.end() ? name : alias->second;
}

std::vector<ModelPlace> Catalogue::Places() const {
  std::function<std::vector<ModelPlace>()> list;
  {
    const std::lock_guard lock(mutex_);
    list = rules_.list;
  }
  return list();  // looks at the disk
}

std::optional<ModelPlace> Catalogue::PlaceOf(const std::string& name) const {
  for (ModelPlace& place : Places()) {
    if (place.name == name) return std::move(place);
  }
  return std::nullopt;
}

void Catalogue::Acquire(const std::string& asked, Acquired acquired) {
  const std::string name = OwnName(asked);
  std::shared_ptr<LoadedModel> model;
  {
    const std::lock_guard lock(mutex_);
    if (const auto held = held_.find(name); held != held_.end()) {
      held->second.used_at = SteadyClock::now();
      model = held->second.model;
    } else {
      const auto same = [&name](const Wanted& wanted) { return wanted.name == name; };
      auto wanted = std::find_if(wanted_.begin(), wanted_.end(), same);
      if (wanted == wanted_.end()) wanted = wanted_.insert(wanted_.end(), {name, {}});
      wanted->acquired.push_back(std::move(acquired));
    }
  }
  if (model) {
    acquired(std::move(model));
  } else {
    wake_.notify_one();
  }
}

std::vector<ModelState> Catalogue::List() {
  std::vector<ModelState> states;
  for (ModelPlace& place : Places()) {
    ModelState state{std::move(place.name), std::move(place.path)};
    state.bytes = static_cast<int64_t>(BytesOf(state.path));
    state.modified_ms = ModifiedMs(state.path);
    states.push_back(std::move(state));
  }
  const std::lock_guard lock(mutex_);
  const SteadyClock::time_point now = SteadyClock::now();
  for (ModelState& state : states) {
    const auto known = known_.find(state.name);
    if (known != known_.end() && known->second.modified_ms == state.modified_ms) {
      state.facts = known->second.facts;
    }
    const auto held = held_.find(state.name);
    if (held == held_.end()) continue;
    state.loaded = true;
    if (!held->second.keep_alive) continue;
    const auto left = held->second.used_at + *held->second.keep_alive - now;
    state.expires_ms =
        WallClockMs() + std::chrono::duration_cast<std::chrono::milliseconds>(left).count();
  }
  std::vector<ModelState> aliases;
  for (const auto& [alias, name] : rules_.aliases) {
    std::erase_if(states, [&alias](const ModelState& state) { return state.name == alias; });
    for (const ModelState& state : states) {
      if (state.name != name) continue;
      aliases.push_back(state);
      aliases.back().name = alias;
      aliases.back().alias_of = name;
    }
  }
  states.insert(states.end(), std::make_move_iterator(aliases.begin()),
                std::make_move_iterator(aliases.end()));
  return states;
}

std::optional<ModelState> Catalogue::Find(const std::string& name) {
  for (ModelState& state : List()) {
    if (state.name == name) return std::move(state);
  }
  return std::nullopt;
}

std::vector<ModelLoad> Catalogue::Loads() {
  std::vector<ModelLoad> loads;
  const std::lock_guard lock(mutex_);
  const SteadyClock::time_point now = SteadyClock::now();
  for (const auto& [name, held] : held_) {
    const runtime::EngineLoad load = held.model->load();
    const bool used = held.model.use_count() > 1;
    loads.push_back({name, static_cast<int64_t>(held.bytes),
                     used ? 0 : std::chrono::duration<double>(now - held.used_at).count(),
                     load.running, load.waiting, load.kv_usage()});
  }
  return loads;
}

bool Catalogue::Unload(const std::string& asked) {
  const std::string name = OwnName(asked);
  Held dropped;  // its memory is given back after the lock is
  const std::lock_guard lock(mutex_);
  const auto held = held_.find(name);
  if (held == held_.end()) return false;
  dropped = std::move(held->second);
  held_.erase(held);
  return true;
}

void Catalogue::KeepAlive(const std::string& asked, std::optional<std::chrono::seconds> time) {
  const std::string name = OwnName(asked);
  const std::lock_guard lock(mutex_);
  const auto held = held_.find(name);
  if (held != held_.end()) held->second.keep_alive = time;
}

void Catalogue::SetRules(const CatalogueSettings& settings) {
  const std::lock_guard lock(mutex_);
  const auto rule = [](std::chrono::seconds time) {
    return time.count() > 0 ? std::optional(time) : std::nullopt;
  };
  for (auto& [name, held] : held_) {  // those that nobody said otherwise of
    if (held.keep_alive == rule(rules_.keep_alive)) held.keep_alive = rule(settings.keep_alive);
  }
  rules_.list = settings.list;
  rules_.memory_bytes = settings.memory_bytes;
  rules_.keep_alive = settings.keep_alive;
  rules_.aliases = settings.aliases;
}

std::vector<std::string> Catalogue::DropChanged() {
  std::map<std::string, int64_t> now;
  for (const ModelPlace& place : Places()) now[place.name] = ModifiedMs(place.path);
  std::vector<Held> dropped;  // their memory is given back after the lock is
  std::vector<std::string> names;
  const std::lock_guard lock(mutex_);
  for (auto it = held_.begin(); it != held_.end();) {
    const auto there = now.find(it->first);
    if (there != now.end() && there->second == known_[it->first].modified_ms) {
      ++it;
      continue;
    }
    names.push_back(it->first);
    dropped.push_back(std::move(it->second));
    it = held_.erase(it);
  }
  return names;
}

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

OrRefusal<std::shared_ptr<LoadedModel>> Catalogue::Load(const std::string& name) {
  const std::optional<ModelPlace> place = PlaceOf(name);
  if (!place) return NoSuchModel(name);
  const size_t bytes = BytesOf(place->path) + settings_.load.engine.kv_budget_bytes;
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
  if (!MakeRoom(bytes)) {
    return Refusal{
        RefusalKind::kOverloaded,
        fmt::format("There is no memory for the model '{}' while others are in use.", name),
        "model",
        {},
        5000};
  }
  auto model = LoadedModel::Load(name, place->path, exec_, settings_.load);
  if (!model.ok()) {
    return Refusal{
        RefusalKind::kUnavailable,
        fmt::format("The model '{}' cannot be loaded: {}", name, model.status().message()),
        "model"};
  }
  const std::lock_guard lock(mutex_);
  std::optional<std::chrono::seconds> keep_alive;
  if (rules_.keep_alive.count() > 0) keep_alive = rules_.keep_alive;
  held_[name] = {*model, bytes, SteadyClock::now(), keep_alive};
  known_[name] = {ModifiedMs(place->path), FactsOf(**model)};
  return std::move(model).value();
}

void Catalogue::UnloadUnused() {
  std::vector<Held> dropped;
  const std::lock_guard lock(mutex_);
  const SteadyClock::time_point now = SteadyClock::now();
  for (auto it = held_.begin(); it != held_.end();) {
    if (it->second.model.use_count() > 1) {
      it->second.used_at = now;
      ++it;
    } else if (it->second.keep_alive && now - it->second.used_at >= *it->second.keep_alive) {
      dropped.push_back(std::move(it->second));
      it = held_.erase(it);
    } else {
      ++it;
    }
  }
}

void Catalogue::Loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait_for(lock, std::chrono::seconds(1), [this] { return stop_ || !wanted_.empty(); });
    if (stop_) return;
    if (wanted_.empty()) {
      lock.unlock();
      UnloadUnused();
      lock.lock();
      continue;
    }
    const std::string name = wanted_.front().name;
    lock.unlock();
    const OrRefusal<std::shared_ptr<LoadedModel>> loaded = Load(name);
    lock.lock();
    // Those who asked while it was being loaded have joined the ones before.
    const Wanted wanted = std::move(wanted_.front());
    wanted_.pop_front();
    lock.unlock();
    for (const Acquired& acquired : wanted.acquired) acquired(loaded);
    lock.lock();
  }
}

}  // namespace parvis::service
