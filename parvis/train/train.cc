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
#include "parvis/train/objectives.h"
#include "parvis/train/prepare.h"
#include "parvis/train/recipe.h"
#include "parvis/train/run.h"
#include "parvis/train/run_model.h"

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
  PARVIS_ASSIGN_OR_RETURN(Texts texts, ReadTexts(recipe, options.progress));
  PARVIS_ASSIGN_OR_RETURN(std::optional<Parent> parent, LoadParent(exec, recipe));
  const ParentName parent_name = parent ? parent->name : ParentName();
  PARVIS_ASSIGN_OR_RETURN(
      RunTokenizer tokenizer,
      PrepareTokenizer(pool, recipe, texts, parent ? parent->model.tokenizer : nullptr,
                       folder + "/tokenizer.json", options.progress));
  Result<LabelSet> labels = CollectLabels(recipe.objective.kind, texts.train);
  if (!labels.ok()) return labels.status().In(recipe.path + ": [data] train");
  PARVIS_ASSIGN_OR_RETURN(models::Model model,
                          ModelOf(recipe, std::move(parent), tokenizer.tokenizer, *labels));
  if (recipe.lora) {
    PARVIS_RETURN_IF_ERROR(
        models::NewAdapter(*recipe.lora, recipe.seed, model).In(recipe.path + ": [lora]"));
  }
  Result<ObjectivePointer> objective = MakeObjective(recipe.objective, model);
  if (!objective.ok()) return objective.status().In(recipe.path);
  PARVIS_ASSIGN_OR_RETURN(Prepared prepared, Prepare(pool, std::move(texts), std::move(tokenizer),
                                                     *objective, options.progress));
  prepared.parent = parent_name;
  Run run(options, recipe, prepared, std::move(model), exec, folder);
  if (options.resume) PARVIS_RETURN_IF_ERROR(run.Resume());
  return run.Finish();
}

}  // namespace parvis::train
