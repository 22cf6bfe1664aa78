#ifndef PARVIS_TRAIN_TRAIN_H_
#define PARVIS_TRAIN_TRAIN_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "parvis/core/result.h"
#include "parvis/ops/exec.h"
#include "parvis/train/communicator.h"
#include "parvis/train/evaluator.h"

namespace parvis::train {

// Where a run stands; given to the caller's callback. Printing is the caller's business.
struct Progress {
  enum class Stage { kReading, kTokenizer, kTokens, kTraining, kEvaluated, kCheckpoint, kWriting };
  Stage stage = Stage::kReading;
  int64_t step = 0, total_steps = 0;
  int64_t tokens = 0, total_tokens = 0;  // that went, will have gone through the model
  double loss = 0.0;                     // of the last step, nats a token
  double learning_rate = 0.0;
  double tokens_per_second = 0.0;  // smoothed
  double flop_per_second = 0.0;    // estimated
  double seconds = 0.0;            // of this session
  double seconds_left = 0.0;
  std::vector<Evaluation> evaluations;  // kEvaluated
  std::string message;                  // what the stage is about: a path, a count
};

struct TrainOptions {
  std::string recipe_path;
  std::string run_dir;                      // empty: runs/NAME
  std::string data_dir;                     // takes the place of [data] train
  std::vector<std::string> overrides;       // "train.steps=20": in place of what the recipe says
  bool resume = false;                      // go on from the last checkpoint of run_dir
  int threads = 0;                          // 0: the recipe's, and if that has none all cores
  std::optional<kernels::Target> kernels;   // none: the best of this machine
  std::string code_version;                 // for the ledger: `git describe`
  std::string compare_dir;                  // another run, drawn beside this one in loss.svg
  Communicator* world = nullptr;            // null: one process alone
  const std::atomic<bool>* stop = nullptr;  // set to true: checkpoint and leave
  std::function<void(const Progress&)> progress;
};

struct TrainReport {
  std::string run_dir;
  std::string model_path;
  int64_t steps = 0, tokens = 0;
  double seconds = 0.0;                 // of all sessions
  double loss = 0.0;                    // of training, mean of the last steps
  std::vector<Evaluation> evaluations;  // of the written model on all held-out text
};

// Runs a recipe from text to a model file. The run's folder gets
//   recipe.toml  tokenizer.json  log.jsonl  loss.svg  run.json  checkpoints/  and the model.
//
// Interrupted by `stop` it writes a checkpoint and returns kCancelled with how to go on; killed, it
// loses what came after the last checkpoint. A resumed run ends with the same bits as one that was
// never interrupted, at any number of threads.
//
// With a world of several ranks each of them calls this with the same options, and they train one
// model together (docs/design/distributed-training.md). Only rank 0 touches the run's folder and
// reports progress; all return the same status. A run may be resumed with another number of ranks.
Result<TrainReport> Train(const TrainOptions& options);

}  // namespace parvis::train

#endif  // PARVIS_TRAIN_TRAIN_H_
