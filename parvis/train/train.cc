#include "parvis/train/train.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <thread>
#include <utility>

#include "fmt/format.h"
#include "parvis/core/file.h"
#include "parvis/models/model.h"
#include "parvis/train/checkpoint.h"
#include "parvis/train/prepare.h"
#include "parvis/train/recipe.h"
#include "parvis/train/run.h"

namespace parvis::train {
namespace {

namespace fs = std::filesystem;

// Keeps a second process out of a run's folder, until this one ends however it ends.
class FolderLock {
 public:
  explicit FolderLock(const std::string& folder)
      : fd_(::open((folder + "/.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)),
        held_(fd_ >= 0 && ::flock(fd_, LOCK_EX | LOCK_NB) == 0) {}
  ~FolderLock() {
    if (fd_ >= 0) ::close(fd_);
  }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  bool held() const { return held_; }

 private:
  int fd_;
  bool held_;
};

Status MakeFolder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  return error ? IoError(path + ": " + error.message()) : Status();
}

// A folder that has a run already is only touched to resume it.
Status OpenFolder(const std::string& folder, bool resume) {
  const bool used = !ListCheckpoints(folder + "/checkpoints").empty();
  if (used && !resume) {
    return InvalidArgument(folder +
                           " holds a run already: --resume goes on with it, another folder "
                           "begins anew");
  }
  if (resume && !fs::exists(folder)) return NotFound(folder + ": there is no run to resume");
  PARVIS_RETURN_IF_ERROR(MakeFolder(folder + "/checkpoints"));
  if (used) return Status();
  // What a run that never came to a checkpoint left is of no use.
  std::error_code error;
  fs::remove(folder + "/tokenizer.json", error);
  fs::remove(folder + "/log.jsonl", error);
  return Status();
}

int ThreadsOf(const TrainOptions& options, const Recipe& recipe) {
  if (options.threads > 0) return options.threads;
  if (recipe.threads > 0) return recipe.threads;
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

Result<nn::Blueprint> BlueprintOf(const Recipe& recipe, const text::Tokenizer& tokenizer) {
  Json config = recipe.model;
  const auto vocab_size = static_cast<int64_t>(tokenizer.vocab_size());
  const auto told = config.find("vocab_size");
  if (told == config.end()) {
    config["vocab_size"] = vocab_size;
  } else if (!told->is_number_integer() || told->get<int64_t>() < vocab_size) {
    return InvalidArgument(
        fmt::format("{}: [model] vocab_size must be a whole number and at least "
                    "the tokenizer's {}",
                    recipe.path, vocab_size));
  }
  Result<nn::Blueprint> blueprint = models::BlueprintFromConfig(config);
  if (!blueprint.ok()) return blueprint.status().In(recipe.path + ": [model]");
  return blueprint;
}

}  // namespace

Result<TrainReport> Train(const TrainOptions& options) {
  PARVIS_ASSIGN_OR_RETURN(const Recipe recipe, ReadRecipe(options.recipe_path, options.data_dir));
  const std::string folder = options.run_dir.empty() ? "runs/" + recipe.name : options.run_dir;
  PARVIS_RETURN_IF_ERROR(OpenFolder(folder, options.resume));
  const FolderLock lock(folder);
  if (!lock.held())
    return Status(StatusCode::kUnavailable, folder + ": another process trains here");
  PARVIS_RETURN_IF_ERROR(WriteFileAtomically(folder + "/recipe.toml", recipe.text));

  ThreadPool pool(ThreadsOf(options, recipe));
  const ops::Exec exec(pool, kernels::TableOf(options.kernels.value_or(kernels::BestTarget())));
  PARVIS_ASSIGN_OR_RETURN(const Prepared prepared,
                          Prepare(pool, recipe, folder + "/tokenizer.json", options.progress));
  PARVIS_ASSIGN_OR_RETURN(nn::Blueprint blueprint, BlueprintOf(recipe, *prepared.tokenizer));
  PARVIS_RETURN_IF_ERROR(prepared.objective->Check(blueprint).In(recipe.path));
  models::Model model = models::NewModel(std::move(blueprint), prepared.tokenizer, recipe.seed);
  model.name = recipe.name;
  Run run(options, recipe, prepared, std::move(model), exec, folder);
  if (options.resume) PARVIS_RETURN_IF_ERROR(run.Resume());
  return run.Finish();
}

}  // namespace parvis::train
