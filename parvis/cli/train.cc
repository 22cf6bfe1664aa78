// parvis train RECIPE: from text to a model, as a recipe says.

#include "parvis/train/train.h"

#include <fmt/format.h>

#include <cmath>
#include <memory>

#include "parvis/cli/command.h"
#include "parvis/cli/flags.h"
#include "parvis/cli/interrupt.h"
#include "parvis/cli/progress.h"
#include "parvis/cli/version.h"

namespace parvis::cli {
namespace {

struct Options {
  ComputeFlags compute;
  train::TrainOptions train;
  // Under mpirun. Ends with the program, so that no rank ends before all have said their last word.
  std::unique_ptr<train::Communicator> world;
};

std::string EvaluationText(const train::Evaluation& evaluation) {
  std::string figure = fmt::format("perplexity {:.2f}", std::exp(evaluation.loss));
  if (evaluation.accuracy) figure = fmt::format("{:.1f} % right", *evaluation.accuracy * 100);
  if (evaluation.bits_per_byte) {
    figure = fmt::format("{:.4f} bits per byte", *evaluation.bits_per_byte);
  }
  if (evaluation.reward_margin) {
    figure = fmt::format("{:.1f} % prefer the chosen, reward margin {:.3f}",
                         evaluation.accuracy.value_or(0.0) * 100, *evaluation.reward_margin);
  }
  return fmt::format("{}: {}, loss {:.4f}, {} {}", evaluation.name, figure, evaluation.loss,
                     CountText(static_cast<double>(evaluation.tokens)),
                     evaluation.reward_margin ? "pairs"
                     : evaluation.accuracy    ? "labels"
                                              : "tokens");
}

// Draws what the trainer tells: stages as notes, training as a bar.
class Reporter {
 public:
  explicit Reporter(const Console& console) : console_(console) {}

  void operator()(const train::Progress& progress) {
    using Stage = train::Progress::Stage;
    if (progress.stage == Stage::kTraining) {
      if (bar_ == nullptr) {
        bar_ =
            std::make_unique<Progress>("train", progress.total_tokens, "tokens", !console_.quiet);
      }
      bar_->Update(progress.tokens, fmt::format("step {}/{} loss {:.3f} {:.1f} Gflop/s",
                                                progress.step, progress.total_steps, progress.loss,
                                                progress.flop_per_second / 1e9));
      return;
    }
    if (bar_ != nullptr) bar_->Clear();
    if (!progress.message.empty()) console_.Note(progress.message);
    for (const train::Evaluation& evaluation : progress.evaluations) {
      console_.Note(fmt::format("step {} {}", progress.step, EvaluationText(evaluation)));
    }
  }

 private:
  const Console& console_;
  std::unique_ptr<Progress> bar_;
};

Status Train(Options& options, Console& console) {
  // Checked here, so that a flag is refused before any text is read.
  PARVIS_ASSIGN_OR_RETURN(const Compute compute, Compute::Make({1, options.compute.kernels}));
  options.train.kernels = compute.kernels().target;
  options.train.threads = options.compute.threads;
  options.train.code_version = kVersion;
  PARVIS_ASSIGN_OR_RETURN(options.world, train::JoinWorld());
  options.train.world = options.world.get();
  CatchInterrupts();
  if (options.world != nullptr) {
    CatchSignalsOfMpirun();
    console.silent = options.world->rank() > 0;
  }
  options.train.stop = &InterruptFlag();
  Result<train::TrainReport> report = [&] {
    Reporter reporter(console);
    options.train.progress = [&reporter](const train::Progress& p) { reporter(p); };
    return train::Train(options.train);
  }();
  if (!report.ok()) {
    if (report.status().code() == StatusCode::kCancelled) console.Note(report.status().message());
    return report.status();
  }
  if (console.json) {
    OrderedJson document = Console::Document("train");
    document["kernels"] = compute.kernels_name();
    document["run"] = report->run_dir;
    document["model"] = report->model_path;
    document["steps"] = report->steps;
    document["tokens"] = report->tokens;
    document["seconds"] = report->seconds;
    document["loss"] = report->loss;
    document["evaluations"] = train::EvaluationsJson(report->evaluations);
    console.PrintJson(document);
    return {};
  }
  console.Note(fmt::format("{} tokens in {}", CountText(static_cast<double>(report->tokens)),
                           DurationText(report->seconds)));
  for (const train::Evaluation& evaluation : report->evaluations) {
    console.Note(EvaluationText(evaluation));
  }
  console.Print(report->model_path + "\n");
  return {};
}

std::function<Status()> Define(FlagSet& flags, Console& console) {
  auto options = std::make_shared<Options>();
  flags.Add("recipe", &options->train.recipe_path, "The recipe, a .toml file", {.required = true});
  options->compute.AddTo(flags);
  flags.Add("-o,--run-dir", &options->train.run_dir,
            "Folder of the run: log, checkpoints, model (default: runs/NAME)");
  flags.Add("--data", &options->train.data_dir,
            "Train on the text of this folder instead of the recipe's");
  flags.Add("--set", &options->train.overrides,
            "TABLE.KEY=VALUE in place of what the recipe says; may be given several times");
  flags.Add("--resume", &options->train.resume, "Go on from the run's last checkpoint");
  flags.Add("--compare", &options->train.compare_dir,
            "Draw the losses of this other run beside ours in loss.svg");
  return [options, &console] { return Train(*options, console); };
}

}  // namespace

const Command kTrain = {"train", "Train a model as a recipe says",
                        "parvis train recipes/quick.toml", &Define};

}  // namespace parvis::cli
