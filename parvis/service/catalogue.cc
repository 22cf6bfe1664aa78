#include "parvis/service/catalogue.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "parvis/core/clock.h"
#include "parvis/core/wipe.h"

namespace parvis::service {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::string_view kOpening = "opening";

}  // namespace

Refusal NoSuchModel(const std::string& name) {
  return {RefusalKind::kNotFound,
          fmt::format("The model '{}' does not exist, or you may not use it.", name),
          "model",
          "model_not_found",
          {}};
}

Catalogue::Catalogue(CatalogueSettings settings, const ops::Exec& exec)
    : load_(settings.load), exec_(exec), rules_(std::move(settings)), thread_([this] { Loop(); }) {}

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
    for (const auto& other : rules_.elsewhere) {
      if (other->name() == name) model = other;
    }
    if (model != nullptr) {  // nothing to load
    } else if (const auto held = held_.find(name); held != held_.end()) {
      held->second.used_at = SteadyClock::now();
      model = held->second.model;
    } else {
      const auto same = [&name](const Wanted& wanted) { return wanted.name == name; };
      auto wanted = std::find_if(wanted_.begin(), wanted_.end(), same);
      if (wanted == wanted_.end()) wanted = wanted_.insert(wanted_.end(), {name, {}, {}});
      wanted->acquired.push_back(std::move(acquired));
    }
  }
  if (model) {
    acquired(std::move(model));
  } else {
    wake_.notify_one();
  }
}

void Catalogue::Watch(const std::string& asked, Watcher watcher) {
  const std::string name = OwnName(asked);
  const std::lock_guard lock(mutex_);
  for (Wanted& wanted : wanted_) {
    if (wanted.name != name) continue;
    watcher(ProgressOf(wanted));
    wanted.watchers.push_back(std::move(watcher));
  }
}

LoadProgress Catalogue::ProgressOf(const Wanted& wanted) const {
  if (&wanted != &wanted_.front() || !loading_since_) return {.model = wanted.name};
  return {wanted.name, stage_, part_,
          std::chrono::duration<double>(SteadyClock::now() - *loading_since_).count()};
}

// The first of those that are wanted gets on. Told in whole hundredths, lest nothing else be done.
void Catalogue::GetOn(std::string_view stage, double part) {
  const std::lock_guard lock(mutex_);
  part = std::floor(part * 100) / 100;
  if (stage == stage_ && part <= part_) return;
  stage_ = stage;
  part_ = part;
  const LoadProgress progress = ProgressOf(wanted_.front());
  for (const Watcher& watcher : wanted_.front().watchers) watcher(progress);
}

std::vector<ModelState> Catalogue::List() {
  std::vector<ModelState> states;
  for (const ModelPlace& place : Places()) {
    ModelState state{place.name, place.path};
    state.bytes = static_cast<int64_t>(BytesOf(state.path));
    state.modified_ms = LastModifiedMs(state.path);
    state.base = place.base;
    states.push_back(std::move(state));
  }
  const std::lock_guard lock(mutex_);
  for (const auto& other : rules_.elsewhere) {
    std::erase_if(states, [&](const ModelState& state) { return state.name == other->name(); });
    states.push_back({.name = other->name(), .path = {}, .elsewhere = true});
  }
  const SteadyClock::time_point now = SteadyClock::now();
  for (ModelState& state : states) {
    const auto known = known_.find(state.name);
    if (known != known_.end() && known->second.modified_ms == state.modified_ms) {
      state.facts = known->second.facts;
    }
    for (const Wanted& wanted : wanted_) {
      if (wanted.name == state.name) state.loading = ProgressOf(wanted);
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

// Models of these names, and adapters of them. Their memory is given back when the caller lets go.
std::vector<Catalogue::Held> Catalogue::Drop(const std::vector<std::string>& names) {
  const auto named = [&names](const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  std::vector<Held> dropped;
  for (auto it = held_.begin(); it != held_.end();) {
    const LoadedModel* base = it->second.model->base();
    if (named(it->first) || (base != nullptr && named(base->name()))) {
      dropped.push_back(std::move(it->second));
      it = held_.erase(it);
    } else {
      ++it;
    }
  }
  return dropped;
}

bool Catalogue::Unload(const std::string& asked) {
  const std::string name = OwnName(asked);
  std::vector<Held> dropped;  // its memory is given back after the lock is
  const std::lock_guard lock(mutex_);
  if (!held_.contains(name)) return false;
  dropped = Drop({name});
  return true;
}

void Catalogue::KeepAlive(const std::string& asked, std::optional<std::chrono::seconds> time) {
  const std::string name = OwnName(asked);
  const std::lock_guard lock(mutex_);
  const auto held = held_.find(name);
  if (held != held_.end()) held->second.keep_alive = time;
}

void Catalogue::SetRules(const CatalogueSettings& settings) {
  std::vector<std::shared_ptr<LoadedModel>>
      dropped;  // its threads end after the lock is given back
  const std::lock_guard lock(mutex_);
  dropped.swap(rules_.elsewhere);
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
  rules_.elsewhere = settings.elsewhere;
}

std::vector<std::string> Catalogue::DropChanged() {
  std::map<std::string, Known> now;
  for (const ModelPlace& place : Places())
    now[place.name] = {place, LastModifiedMs(place.path), {}};
  std::vector<Held> dropped;  // their memory is given back after the lock is
  std::vector<std::string> names;
  const std::lock_guard lock(mutex_);
  for (const auto& [name, held] : held_) {
    const auto there = now.find(name);
    const Known& known = known_[name];
    if (there == now.end() || !(there->second.place == known.place) ||
        there->second.modified_ms != known.modified_ms) {
      names.push_back(name);
    }
  }
  dropped = Drop(names);
  return names;
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
    loading_since_ = SteadyClock::now();
    stage_ = kOpening;
    part_ = 0;
    lock.unlock();
    const OrRefusal<std::shared_ptr<LoadedModel>> loaded = Load(name);
    lock.lock();
    // Those who asked while it was being loaded have joined the ones before.
    const Wanted wanted = std::move(wanted_.front());
    wanted_.pop_front();
    loading_since_.reset();
    lock.unlock();
    for (const Acquired& acquired : wanted.acquired) acquired(loaded);
    if (WipesFreedMemory()) WipeStack();
    lock.lock();
  }
}

}  // namespace parvis::service
