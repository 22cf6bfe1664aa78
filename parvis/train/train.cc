#include "parvis/train/train.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <thread>
#include <utility>

#include "fmt/format.h"
#include "parvis/core/file.h"
#include "parvis/models/model.h"
#include "parvis/train/checkpoint.h"
#include "parvis/train/collectives.h"
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

// The ranks of a machine share its cores, but for what mpirun has bound each of them to.
int ThreadsOf(const TrainOptions& options, const Recipe& recipe, const Communicator& world) {
  if (options.threads > 0) return options.threads;
  if (recipe.threads > 0) return recipe.threads;
  const auto allowed = static_cast<int>(std::thread::hardware_concurrency());
  if (world.size() == 1) return std::max(1, allowed);
  const auto all = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
  return std::max(1, std::min(allowed, all / world.local_size()));
}

// What decides the numbers of a run must be the same everywhere.
Status Compare(Communicator& world, const TrainOptions& options, const Recipe& recipe,
               const Prepared& prepared, const ops::Exec& exec) {
  Json held_out = Json::array();
  for (const DataFile& file : prepared.eval_files) held_out.push_back(file.sha256);
  const Json facts = {
      {"recipe", recipe.Deciding()},
      {"text, tokenizer or parent", prepared.Fingerprint()},
      {"held-out text", std::move(held_out)},
      {"version of Parvis", options.code_version},
      {"kernels (--kernels)", std::string(kernels::TargetName(exec.kernels().target))}};
  std::vector<Json> all;
  for (const std::string& text : GatherTexts(world, facts.dump())) {
    PARVIS_ASSIGN_OR_RETURN(all.emplace_back(), ParseJson(text));
  }
  const std::vector<std::string> hosts = GatherTexts(world, world.host());
  for (int rank = 1; rank < world.size(); ++rank) {
    for (const auto& [key, value] : all[0].items()) {
      if (all[rank].value(key, Json()) == value) continue;
      return InvalidArgument(
          fmt::format("{} has another {} than {}: ranks train one model only "
                      "from the same",
                      RankName(rank, hosts[rank]), key, RankName(0, hosts[0])));
    }
  }
  return Status();
}

// Shows the objective the model as it is before the first step; of a resumed run, too.
void BeginWith(const ops::Exec& exec, const Recipe& recipe, models::Model& model,
               Prepared& prepared) {
  model.stack.Pack(exec, /*keep_values=*/true, ops::PackingOf(recipe.dtype));
  const auto begin = [&](Corpus& corpus) {
    prepared.objective->Begin(exec, model.stack, recipe.context_length, recipe.micro_batch_tokens,
                              corpus);
  };
  begin(prepared.train);
  for (auto& [name, corpus] : prepared.eval) begin(corpus);
}

// A run before its first step: what is read and made for it, in an order that all ranks keep. None
// of them leaves it before the others do.
class Preparation {
 public:
  Preparation(const TrainOptions& options, Communicator& world)
      : options_(options), world_(world) {}

  Result<TrainReport> Train() {
    PARVIS_RETURN_IF_ERROR(Agree(world_, Read()));
    PARVIS_RETURN_IF_ERROR(PrepareTokenizer());
    PARVIS_RETURN_IF_ERROR(Agree(world_, Make()));
    PARVIS_RETURN_IF_ERROR(Compare(world_, options_, *recipe_, prepared_, *exec_));
    Run run(options_, *recipe_, prepared_, *std::move(model_), *exec_, folder_);
    if (options_.resume) PARVIS_RETURN_IF_ERROR(run.Resume());
    return run.Finish();
  }

 private:
  // The recipe and what it names. The folder is rank 0's.
  Status Read() {
    PARVIS_ASSIGN_OR_RETURN(
        recipe_, ReadRecipe(options_.recipe_path, options_.data_dir, options_.overrides));
    folder_ = options_.run_dir.empty() ? "runs/" + recipe_->name : options_.run_dir;
    if (world_.rank() == 0) {
      PARVIS_RETURN_IF_ERROR(OpenFolder(folder_, options_.resume));
      lock_.emplace(folder_);
      if (!lock_->held()) {
        return Status(StatusCode::kUnavailable, folder_ + ": another process trains here");
      }
      PARVIS_RETURN_IF_ERROR(WriteFileAtomically(folder_ + "/recipe.toml", recipe_->text));
    }
    pool_.emplace(ThreadsOf(options_, *recipe_, world_));
    exec_.emplace(*pool_, kernels::TableOf(options_.kernels.value_or(kernels::BestTarget())));
    PARVIS_ASSIGN_OR_RETURN(texts_, ReadTexts(*recipe_, options_.progress));
    PARVIS_ASSIGN_OR_RETURN(parent_, LoadParent(*exec_, *recipe_));
    if (parent_) parent_name_ = parent_->name;
    return Status();
  }

  // Rank 0 reads or learns it, the others have its bytes.
  Status PrepareTokenizer() {
    const auto parents = parent_ ? parent_->model.tokenizer : nullptr;
    const std::string path = folder_ + "/tokenizer.json";
    const auto prepare = [&]() -> Result<std::string> {
      PARVIS_ASSIGN_OR_RETURN(tokenizer_, train::PrepareTokenizer(*pool_, *recipe_, texts_, parents,
                                                                  path, options_.progress));
      return ReadFile(path);
    };
    if (world_.rank() == 0) return FromRoot(world_, prepare()).status();
    PARVIS_ASSIGN_OR_RETURN(const std::string json, FromRoot(world_, std::string()));
    PARVIS_ASSIGN_OR_RETURN(tokenizer_, TokenizerFromJson(*recipe_, json, parents));
    return Status();
  }

  Status Make() {
    Result<LabelSet> labels = CollectLabels(recipe_->objective.kind, texts_.train);
    if (!labels.ok()) return labels.status().In(recipe_->path + ": [data] train");
    PARVIS_ASSIGN_OR_RETURN(model_,
                            ModelOf(*recipe_, std::move(parent_), tokenizer_.tokenizer, *labels));
    if (recipe_->lora) {
      PARVIS_RETURN_IF_ERROR(models::NewAdapter(*recipe_->lora, recipe_->seed, *model_)
                                 .In(recipe_->path + ": [lora]"));
    }
    Result<ObjectivePointer> objective = MakeObjective(recipe_->objective, *model_);
    if (!objective.ok()) return objective.status().In(recipe_->path);
    PARVIS_ASSIGN_OR_RETURN(prepared_, Prepare(*pool_, std::move(texts_), std::move(tokenizer_),
                                               *objective, options_.progress));
    prepared_.parent = parent_name_;
    if (recipe_->objective.kind == ObjectiveKind::kPreference) {
      BeginWith(*exec_, *recipe_, *model_, prepared_);
    }
    return Status();
  }

  const TrainOptions& options_;
  Communicator& world_;
  std::optional<Recipe> recipe_;
  std::string folder_;
  std::optional<FolderLock> lock_;
  std::optional<ThreadPool> pool_;
  std::optional<ops::Exec> exec_;
  Texts texts_;
  std::optional<Parent> parent_;
  ParentName parent_name_;
  RunTokenizer tokenizer_;
  std::optional<models::Model> model_;
  Prepared prepared_;
};

}  // namespace

Result<TrainReport> Train(const TrainOptions& options) {
  Communicator& world = options.world != nullptr ? *options.world : Alone();
  TrainOptions mine = options;
  if (world.rank() > 0) mine.progress = nullptr;
  return Preparation(mine, world).Train();
}

}  // namespace parvis::train
