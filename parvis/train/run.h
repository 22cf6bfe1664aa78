#ifndef PARVIS_TRAIN_RUN_H_
#define PARVIS_TRAIN_RUN_H_

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "parvis/models/model.h"
#include "parvis/train/communicator.h"
#include "parvis/train/data_loader.h"
#include "parvis/train/ledger.h"
#include "parvis/train/machine.h"
#include "parvis/train/prepare.h"
#include "parvis/train/recipe.h"
#include "parvis/train/run_log.h"
#include "parvis/train/train.h"
#include "parvis/train/trainer.h"

namespace parvis::train {

// What the other ranks of a world have used.
struct OtherRanks {
  double cpu_seconds = 0.0;
  double joules = 0.0;
  bool energy_known = true;
};

// One training session in a run's folder: the loop around Trainer with its clock, log, evaluations,
// checkpoints and ledger. See Train() for what the folder holds.
class Run {
 public:
  // `prepared` and `options` must outlive the run; `folder` exists and is this process's alone.
  // In a world of several ranks each has a run, and all make the same calls; rank 0 alone touches
  // the folder and speaks.
  Run(const TrainOptions& options, const Recipe& recipe, const Prepared& prepared,
      models::Model model, const ops::Exec& exec, std::string folder);

  // Continues from the folder's last checkpoint, if there is one.
  Status Resume();
  // Trains to the end, writes the model.
  Result<TrainReport> Finish();

 private:
  Status Loop();
  Status OneStep();
  std::vector<Batch> NextBatches();
  // Rank 0 does it. Where there are others, who go on meanwhile, a failure is told when all meet.
  Status ByRoot(const std::function<Status()>& work);
  // Between steps: whether anybody was told to stop; the first failure of any rank.
  Result<bool> Meet();
  // Gives the ranks the same weights, and the ledger who they are.
  Status Introduce();
  Status CheckSame(const std::string& path, const Json& state) const;
  Status ReadState(const std::string& path);
  Status Evaluate(bool final);
  Status Checkpoint(const std::string& path);
  Status WriteModel();
  Status SaveAdapters(const std::string& path);
  Status WriteLedger(const std::string& status);
  // Whether `patience` evaluations in a row were no better than the best.
  bool Exhausted() const { return recipe_.patience > 0 && waited_ >= recipe_.patience; }
  // With patience: goes back to the weights of the best evaluation, and says so in the log.
  Status TakeBest();
  void SwapAverage();
  void Report(Progress::Stage stage, std::string message = "");
  Totals TotalsNow();
  double SecondsNow() const;
  double FinalLoss() const;
  Json State();
  std::string CheckpointFolder() const { return folder_ + "/checkpoints"; }

  const TrainOptions& options_;
  const Recipe& recipe_;
  const Prepared& prepared_;
  const ops::Exec& exec_;
  Communicator& world_;
  std::string folder_;
  models::Model model_;
  Trainer trainer_;
  DataLoader loader_;
  std::vector<EvalSet> eval_sets_;
  std::optional<RunLog> log_;
  int64_t total_steps_ = 0;
  bool full_rows_ = true;     // but for an epoch's last one
  double step_tokens_ = 0.0;  // that a step has, about

  Totals before_;                   // of earlier sessions
  int64_t steps_ = 0, tokens_ = 0;  // of all sessions
  double flop_ = 0.0;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  double cpu_start_ = CpuSeconds();
  EnergyMeter energy_;
  bool first_of_machine_ = true;  // the energy counter is the machine's
  OtherRanks others_;             // as they were when all last met
  OrderedJson ranks_;             // for the ledger
  Status failure_;                // of ByRoot
  double speed_ = 0.0;            // tokens a second, smoothed
  Trainer::StepResult last_;
  double last_learning_rate_ = 0.0;
  std::optional<double> best_score_;
  int64_t waited_ = 0;  // evaluations since the best
  std::vector<Evaluation> evaluations_;
  std::string output_sha256_;
};

}  // namespace parvis::train

#endif  // PARVIS_TRAIN_RUN_H_
