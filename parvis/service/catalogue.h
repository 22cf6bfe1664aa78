#ifndef PARVIS_SERVICE_CATALOGUE_H_
#define PARVIS_SERVICE_CATALOGUE_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "parvis/service/loaded_model.h"
#include "parvis/service/model_place.h"
#include "parvis/service/refusal.h"

namespace parvis::service {

struct CatalogueSettings {
  std::function<std::vector<ModelPlace>()> list;  // what there is now
  size_t memory_bytes = 0;                        // of all loaded models together; 0: no limit
  std::chrono::seconds keep_alive{0};             // unused for so long: unloaded; 0: never
  LoadSettings load;
  std::map<std::string, std::string> aliases = {};  // other names of models; before models' own
  // Models that other services compute; before those of `list`.
  std::vector<std::shared_ptr<LoadedModel>> elsewhere = {};
};

// What is known of a model once it was loaded.
struct ModelFacts {
  std::string digest;  // SHA-256; of an adapter its own, the rest is its model's
  std::string family, format, dtype;
  int64_t parameters = 0;
};

// How far the loading of a model is.
struct LoadProgress {
  std::string model;
  std::string_view stage = "waiting";  // for others; "opening", "digest", "weights", "adapter"
  double part = 0;                     // of the stage, in whole hundredths
  double seconds = 0;                  // since it is no longer waiting
};

struct ModelState {
  std::string name, path;
  int64_t bytes = 0;        // of its files
  int64_t modified_ms = 0;  // of its file, by the clock on the wall
  bool loaded = false;
  int64_t expires_ms = 0;     // when it is unloaded if nobody asks; 0: never, or not loaded
  std::string alias_of = {};  // not empty: another name of this model
  std::string base = {};      // not empty: an adapter of this model
  bool elsewhere = false;     // another service computes it
  std::optional<ModelFacts> facts = {};      // none: it was not loaded yet, or has changed since
  std::optional<LoadProgress> loading = {};  // somebody waits for it
};

// What a loaded model does now.
struct ModelLoad {
  std::string name;
  int64_t bytes = 0;                 // of memory that it is counted with
  double idle_seconds = 0;           // since somebody asked for it
  int64_t running = 0, waiting = 0;  // sequences of its engine
  double kv_usage = 0;               // part of the pages for keys and values
};

// Which models there are, and which are in memory. Models are loaded when somebody asks for them,
// one at a time, on a thread of the catalogue; those that nobody uses make room, the one unused for
// longest first.
//
// An adapter is a model of its own here, which keeps the one that it changes in memory.
//
// Safe to call from several threads.
class Catalogue {
 public:
  Catalogue(CatalogueSettings settings, const ops::Exec& exec);
  ~Catalogue();  // Acquires that wait are refused
  Catalogue(const Catalogue&) = delete;
  Catalogue& operator=(const Catalogue&) = delete;

  using Acquired = std::function<void(OrRefusal<std::shared_ptr<LoadedModel>>)>;
  // Calls back at once if the model is loaded, else from the catalogue's thread. Whoever holds the
  // pointer keeps the model in memory.
  void Acquire(const std::string& name, Acquired acquired);

  using Watcher = std::function<void(const LoadProgress&)>;
  // Tells how the loading of a model that somebody waits for gets on: now, and, from the
  // catalogue's thread, until it is over. No-op if nobody waits. Watchers return at once and call
  // nothing of the catalogue.
  void Watch(const std::string& name, Watcher watcher);

  std::vector<ModelState> List();
  std::vector<ModelLoad> Loads();  // by name
  std::optional<ModelState> Find(const std::string& name);
  std::string OwnName(const std::string& name);  // of an alias; any other name is itself
  // Takes the model, and adapters of it, out of memory as soon as nobody uses it. False: it was not
  // loaded.
  bool Unload(const std::string& name);
  // How long the model stays from now on if nobody asks; none: for ever. Until it is loaded anew.
  // No-op if it is not loaded.
  void KeepAlive(const std::string& name, std::optional<std::chrono::seconds> time);

  // Other rules from now on: all of `settings` but `load`.
  void SetRules(const CatalogueSettings& settings);
  // Lets go of models whose files have changed: whoever uses one goes on with it, who comes next
  // gets the new one. Their names.
  std::vector<std::string> DropChanged();

 private:
  struct Held {
    std::shared_ptr<LoadedModel> model;
    size_t bytes = 0;
    std::chrono::steady_clock::time_point used_at;
    std::optional<std::chrono::seconds> keep_alive;  // none: for ever
  };
  struct Known {
    ModelPlace place;
    int64_t modified_ms = 0;
    ModelFacts facts;
  };
  struct Wanted {
    std::string name;
    std::vector<Acquired> acquired;
    std::vector<Watcher> watchers;
  };

  std::vector<ModelPlace> Places() const;
  std::optional<ModelPlace> PlaceOf(const std::string& name) const;
  OrRefusal<std::shared_ptr<LoadedModel>> Load(const std::string& name);
  OrRefusal<std::shared_ptr<LoadedModel>> LoadAdapter(const ModelPlace& place);
  std::optional<Refusal> RefuseRoom(const std::string& name, size_t bytes);
  void Hold(const ModelPlace& place, int64_t modified_ms, std::shared_ptr<LoadedModel> model,
            size_t bytes);
  std::vector<Held> Drop(const std::vector<std::string>& names);  // REQUIRES: locked
  bool MakeRoom(size_t bytes);
  LoadProgress ProgressOf(const Wanted& wanted) const;  // REQUIRES: locked
  void GetOn(std::string_view stage, double part);
  void Loop();
  void UnloadUnused();

  const LoadSettings load_;
  const ops::Exec& exec_;
  mutable std::mutex mutex_;  // guards what follows
  CatalogueSettings rules_;
  std::condition_variable wake_;
  std::map<std::string, Held> held_;
  std::map<std::string, Known> known_;
  std::deque<Wanted> wanted_;
  // Of the first that is wanted; no time: it waits, too.
  std::optional<std::chrono::steady_clock::time_point> loading_since_;
  std::string_view stage_;
  double part_ = 0;
  bool stop_ = false;
  std::thread thread_;
};

// What is said of a model that there is not, and of one that the caller may not know of.
Refusal NoSuchModel(const std::string& name);

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_CATALOGUE_H_
