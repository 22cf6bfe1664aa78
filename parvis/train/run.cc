#include "parvis/train/run.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <utility>

#include "fmt/format.h"
#include "parvis/core/file.h"
#include "parvis/core/sha256.h"
#include "parvis/models/adapter.h"
#include "parvis/models/infill.h"
#include "parvis/nn/blueprint.h"
#include "parvis/train/checkpoint.h"
#include "parvis/train/collectives.h"

namespace parvis::train {
namespace {

constexpr size_t kLossWindow = 50;  // logged steps that the reported training loss is the mean of
constexpr double kSpeedMemory = 0.9;

OptimizerSettings SettingsOf(const Recipe& recipe) {
  return {.beta1 = recipe.beta1,
          .beta2 = recipe.beta2,
          .epsilon = recipe.epsilon,
          .weight_decay = recipe.weight_decay,
          .clip = recipe.clip,
          .average = recipe.average,
          .relative = recipe.relative_steps};
}

std::vector<double> RepeatsOf(const Recipe& recipe) {
  std::vector<double> repeats;
  for (const DataSource& source : recipe.train) repeats.push_back(source.epochs);
  for (const DataSource& source : recipe.mix) repeats.push_back(source.epochs);
  return repeats;
}

// Tokens of a step: rows that are not split are not quite full.
double StepTokensOf(const Recipe& recipe, bool full_rows, const DataLoader& loader) {
  if (full_rows || loader.epoch_rows() == 0) return static_cast<double>(recipe.batch_tokens);
  const int64_t rows = recipe.batch_tokens / recipe.context_length;
  return static_cast<double>(loader.epoch_tokens()) / static_cast<double>(loader.epoch_rows()) *
         static_cast<double>(rows);
}

int64_t StepsOf(const Recipe& recipe, int64_t epoch_tokens, double step_tokens) {
  if (recipe.steps.has_value()) return *recipe.steps;
  const double tokens = recipe.tokens.has_value()
                            ? static_cast<double>(*recipe.tokens)
                            : *recipe.epochs * static_cast<double>(epoch_tokens);
  return std::max<int64_t>(1, static_cast<int64_t>(std::ceil(tokens / step_tokens)));
}

}  // namespace

Run::Run(const TrainOptions& options, const Recipe& recipe, const Prepared& prepared,
         models::Model model, const ops::Exec& exec, std::string folder)
    : options_(options),
      recipe_(recipe),
      prepared_(prepared),
      exec_(exec),
      world_(options.world != nullptr ? *options.world : Alone()),
      folder_(std::move(folder)),
      model_(std::move(model)),
      trainer_(exec, model_.stack, *prepared.objective, SettingsOf(recipe),
               ops::PackingOf(recipe.dtype), world_),
      loader_(prepared.train, *prepared.objective, recipe.context_length, RepeatsOf(recipe),
              recipe.seed),
      full_rows_(prepared.objective->DivisionOf(prepared.train, recipe.context_length).split),
      step_tokens_(StepTokensOf(recipe, full_rows_, loader_)) {
  trainer_.set_recomputing(recipe.recompute);
  total_steps_ = StepsOf(recipe, loader_.epoch_tokens(), step_tokens_);
  before_.sessions = 0;
  for (const auto& [name, corpus] : prepared.eval) {
    eval_sets_.emplace_back(name, corpus, *prepared.objective, recipe.context_length,
                            recipe.eval_tokens);
  }
}

double Run::SecondsNow() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

Totals Run::TotalsNow() {
  energy_.Sample();
  Totals totals = before_;
  totals.steps = steps_;
  totals.tokens = tokens_;
  totals.flop = flop_;
  totals.sessions += 1;
  totals.wall_seconds += SecondsNow();
  totals.cpu_seconds += CpuSeconds() - cpu_start_ + others_.cpu_seconds;
  totals.energy_known = totals.energy_known && energy_.joules().has_value() && others_.energy_known;
  totals.joules += energy_.joules().value_or(0.0) + others_.joules;
  return totals;
}

Json Run::State() {
  return {{"epoch", loader_.state().epoch},
          {"row", loader_.state().row},
          {"totals", TotalsNow().ToJson()},
          {"recipe", recipe_.Deciding()},
          {"data", prepared_.Fingerprint()},
          {"loss", last_.loss},
          {"best_bits_per_byte", best_score_ ? Json(*best_score_) : Json()},
          {"evaluations_since_best", waited_}};
}

void Run::Report(Progress::Stage stage, std::string message) {
  if (!options_.progress || world_.rank() > 0) return;
  Progress progress;
  progress.stage = stage;
  progress.step = steps_;
  progress.total_steps = total_steps_;
  progress.tokens = tokens_;
  // Of a step; an answer's tokens are not in the plan of rows.
  const double mean = full_rows_ || steps_ == 0
                          ? step_tokens_
                          : static_cast<double>(tokens_) / static_cast<double>(steps_);
  progress.total_tokens = static_cast<int64_t>(static_cast<double>(total_steps_) * mean);
  progress.loss = last_.loss;
  progress.learning_rate = last_learning_rate_;
  progress.tokens_per_second = speed_;
  if (last_.num_tokens > 0) {
    progress.flop_per_second = last_.flop / static_cast<double>(last_.num_tokens) * speed_;
  }
  progress.seconds = SecondsNow();
  if (speed_ > 0.0) {
    progress.seconds_left = static_cast<double>(total_steps_ - steps_) * mean / speed_;
  }
  if (stage == Progress::Stage::kEvaluated) progress.evaluations = evaluations_;
  progress.message = std::move(message);
  options_.progress(progress);
}

// This rank's share of the step's rows, one after another, in micro-batches.
std::vector<Batch> Run::NextBatches() {
  const int64_t rows = recipe_.batch_tokens / recipe_.context_length;
  const int64_t micro_rows = recipe_.micro_batch_tokens / recipe_.context_length;
  const int64_t begin = rows * world_.rank() / world_.size();
  const int64_t end = rows * (world_.rank() + 1) / world_.size();
  std::vector<Batch> micro_batches;
  loader_.Skip(begin);
  for (int64_t row = begin; row < end; row += micro_rows) {
    micro_batches.push_back(loader_.Next(std::min(micro_rows, end - row)));
  }
  loader_.Skip(rows - end);
  return micro_batches;
}

Status Run::OneStep() {
  const double begin = SecondsNow();
  const std::vector<Batch> micro_batches = NextBatches();
  PARVIS_RETURN_IF_ERROR(Agree(world_, prepared_.train.status()));
  last_learning_rate_ = LearningRateAt(recipe_.schedule, steps_ + 1, total_steps_);
  PARVIS_ASSIGN_OR_RETURN(last_,
                          trainer_.Step(micro_batches, last_learning_rate_, prepared_.train));
  steps_ += 1;
  tokens_ += last_.num_tokens;
  flop_ += last_.flop;
  const double seconds = SecondsNow() - begin;
  const double speed = static_cast<double>(last_.num_tokens) / seconds;
  speed_ = speed_ == 0.0 ? speed : kSpeedMemory * speed_ + (1.0 - kSpeedMemory) * speed;
  PARVIS_RETURN_IF_ERROR(ByRoot([&] {
    return log_->Append({{"step", steps_},
                         {"tokens", tokens_},
                         {"loss", last_.loss},
                         {"learning_rate", last_learning_rate_},
                         {"grad_norm", last_.grad_norm},
                         {"tokens_per_second", speed},
                         {"seconds", before_.wall_seconds + SecondsNow()}});
  }));
  Report(Progress::Stage::kTraining);
  return Status();
}

void Run::SwapAverage() {
  Optimizer& optimizer = trainer_.optimizer();
  if (!optimizer.averaging()) return;
  const std::vector<ops::Parameter*> learned = model_.stack.Learned();
  for (size_t i = 0; i < optimizer.slices().size(); ++i) {
    const Slice& slice = optimizer.slices()[i];
    float* value = learned[slice.parameter]->value.f32();
    std::swap_ranges(value + slice.begin, value + slice.end, optimizer.average[i].f32());
  }
  trainer_.GatherAndRepack();
}

Status Run::Evaluate(bool final) {
  if (prepared_.eval.empty()) return Status();
  SwapAverage();
  evaluations_.clear();
  double mean = 0.0;
  for (size_t i = 0; i < eval_sets_.size(); ++i) {
    const auto& [name, corpus] = prepared_.eval[i];
    evaluations_.push_back(
        final ? EvalSet(name, corpus, *prepared_.objective, recipe_.context_length, 0)
                    .Run(exec_, model_.stack, recipe_.micro_batch_tokens, world_)
              : eval_sets_[i].Run(exec_, model_.stack, recipe_.micro_batch_tokens, world_));
    mean += evaluations_.back().score() / static_cast<double>(eval_sets_.size());
  }
  SwapAverage();
  for (const auto& [name, corpus] : prepared_.eval) {
    PARVIS_RETURN_IF_ERROR(Agree(world_, corpus.status()));
  }
  PARVIS_RETURN_IF_ERROR(ByRoot([&] {
    return log_->Append(
        {{"step", steps_}, {"final", final}, {"eval", EvaluationsJson(evaluations_)}});
  }));
  Report(Progress::Stage::kEvaluated);
  if (final) return Status();
  if (best_score_.has_value() && mean >= *best_score_) {
    ++waited_;
    return Status();
  }
  best_score_ = mean;
  waited_ = 0;
  return Checkpoint(CheckpointFolder() + "/best.safetensors");
}

Status Run::Checkpoint(const std::string& path) {
  StateTensors tensors(world_, trainer_.sharding(), model_.stack, trainer_.optimizer());
  if (world_.rank() > 0) {
    tensors.Serve();
    return Status();
  }
  const Status written = ByRoot([&] {
    const Status status = WriteCheckpoint(path, tensors, State());
    return status.ok() ? status
                       : Status(status.code(), status.message() +
                                                   "; the checkpoints before are intact: make "
                                                   "room and go on with --resume");
  });
  tensors.Finish();
  PARVIS_RETURN_IF_ERROR(written);
  return ByRoot([&] {
    PruneCheckpoints(CheckpointFolder(), recipe_.keep);
    Report(Progress::Stage::kCheckpoint, path);
    return WriteLedger("running");
  });
}

Status Run::Loop() {
  const auto due = [this](int64_t every) { return every > 0 && steps_ % every == 0; };
  bool saved = steps_ > 0;
  while (steps_ < total_steps_ && !Exhausted()) {
    PARVIS_ASSIGN_OR_RETURN(const bool stop, Meet());
    if (stop) {
      if (!saved) PARVIS_RETURN_IF_ERROR(Checkpoint(CheckpointPath(CheckpointFolder(), steps_)));
      PARVIS_RETURN_IF_ERROR(ByRoot([&] { return WriteLedger("interrupted"); }));
      PARVIS_RETURN_IF_ERROR(Meet().status());
      return Cancelled(
          fmt::format("stopped at step {} of {}; the same command with --resume goes "
                      "on from there",
                      steps_, total_steps_));
    }
    PARVIS_RETURN_IF_ERROR(OneStep());
    if (due(recipe_.eval_every)) PARVIS_RETURN_IF_ERROR(Evaluate(/*final=*/false));
    saved = due(recipe_.checkpoint_every) || steps_ == total_steps_ || Exhausted();
    if (saved) PARVIS_RETURN_IF_ERROR(Checkpoint(CheckpointPath(CheckpointFolder(), steps_)));
  }
  return Meet().status();
}

Status Run::TakeBest() {
  if (recipe_.patience == 0 || !best_score_.has_value()) return Status();
  const std::string path = CheckpointFolder() + "/best.safetensors";
  PARVIS_RETURN_IF_ERROR(ReadState(path));
  trainer_.GatherAndRepack();
  return ByRoot([&]() -> Status {
    PARVIS_ASSIGN_OR_RETURN(const Json state, ReadCheckpointState(path));
    const Totals then = Totals::FromJson(state.value("totals", Json()));
    return log_->Append(
        {{"step", steps_}, {"stopped_early", Exhausted()}, {"best_step", then.steps}});
  });
}

double Run::FinalLoss() const {
  double sum = 0.0;
  size_t count = 0;
  const std::vector<Json>& lines = log_->lines();
  for (auto line = lines.rbegin(); line != lines.rend() && count < kLossWindow; ++line) {
    const auto loss = line->find("loss");
    if (loss == line->end() || !loss->is_number()) continue;
    sum += loss->get<double>();
    ++count;
  }
  return count == 0 ? 0.0 : sum / static_cast<double>(count);
}

Status Run::WriteLedger(const std::string& status) {
  LedgerFacts facts;
  facts.recipe = &recipe_;
  facts.status = status;
  facts.code_version = options_.code_version;
  facts.kernels = std::string(kernels::TargetName(exec_.kernels().target));
  facts.threads = exec_.pool().size();
  facts.ranks = ranks_;
  facts.blueprint = &model_.stack.blueprint();
  facts.tokenizer_sha256 = prepared_.tokenizer.sha256;
  facts.parent = prepared_.parent.name;
  facts.parent_sha256 = prepared_.parent.sha256;
  facts.train_files = &prepared_.train_files;
  facts.eval_files = &prepared_.eval_files;
  facts.totals = TotalsNow();
  facts.final_loss = FinalLoss();
  facts.evaluations = evaluations_;
  if (!output_sha256_.empty()) {
    facts.output_file = recipe_.model_file;
    facts.output_sha256 = output_sha256_;
  }
  PARVIS_RETURN_IF_ERROR(WriteFileAtomically(
      folder_ + "/run.json",
      LedgerJson(facts).dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n"));
  std::vector<Json> compared;
  std::string compared_name;
  if (!options_.compare_dir.empty()) {
    PARVIS_ASSIGN_OR_RETURN(compared, ReadRunLog(options_.compare_dir + "/log.jsonl"));
    compared_name = std::filesystem::path(options_.compare_dir).filename().string();
  }
  return WriteFileAtomically(folder_ + "/loss.svg",
                             LossPlot(recipe_.name, log_->lines(), compared_name, compared));
}

// An adapter is small: beside the file that the recipe names lies the folder "adapter", so that
// both llama.cpp and PEFT have theirs.
Status Run::SaveAdapters(const std::string& path) {
  const std::string folder = folder_ + "/adapter";
  if (path != folder) {
    PARVIS_RETURN_IF_ERROR(models::SaveAdapter(model_, folder, prepared_.parent.name));
  }
  return models::SaveAdapter(model_, path, prepared_.parent.name);
}

Status Run::WriteModel() {
  const std::string path = folder_ + "/" + recipe_.model_file;
  Report(Progress::Stage::kWriting, path);
  SwapAverage();
  if (const ObjectiveSettings& told = recipe_.objective; told.fim_share > 0.0) {
    model_.metadata[models::kSuffixFirstKey] = told.fim_suffix_first > 0.5;
  }
  if (!recipe_.task_params.is_null()) {
    model_.metadata["parvis.task_specific_params"] = recipe_.task_params.dump();
  }
  const Json metadata = {{"general.name", recipe_.name},
                         {"parvis.training.tokens", tokens_},
                         {"parvis.training.recipe_sha256", Sha256Hex(recipe_.text)}};
  const Status saved = ByRoot([&] {
    return recipe_.lora ? SaveAdapters(path)
                        : models::SaveModel(model_, path, recipe_.output_dtype, metadata);
  });
  SwapAverage();
  PARVIS_RETURN_IF_ERROR(saved);
  return ByRoot([&]() -> Status {
    if (!std::filesystem::is_regular_file(path)) return Status();
    PARVIS_ASSIGN_OR_RETURN(output_sha256_, Sha256HexOfFile(path));
    return Status();
  });
}

Result<TrainReport> Run::Finish() {
  if (loader_.epoch_tokens() == 0) {
    return InvalidArgument(recipe_.path + ": [data] train: no document with a token to predict");
  }
  PARVIS_RETURN_IF_ERROR(Introduce());
  PARVIS_RETURN_IF_ERROR(ByRoot([&]() -> Status {
    PARVIS_ASSIGN_OR_RETURN(log_, RunLog::Open(folder_ + "/log.jsonl", steps_));
    return WriteLedger("running");
  }));
  if (loader_.left_out() > 0) {
    Report(Progress::Stage::kTokens,
           fmt::format("{} pieces of text are left out: too long for context_length = {}, or one "
                       "token only",
                       loader_.left_out(), recipe_.context_length));
  }
  if (const Status status = Loop(); !status.ok()) {
    if (status.code() != StatusCode::kCancelled && world_.rank() == 0) {
      (void)WriteLedger("failed").ok();  // the status says more than a second failure would
    }
    return status;
  }
  PARVIS_RETURN_IF_ERROR(TakeBest());
  PARVIS_RETURN_IF_ERROR(Evaluate(/*final=*/true));
  PARVIS_RETURN_IF_ERROR(WriteModel());
  PARVIS_RETURN_IF_ERROR(ByRoot([&] { return WriteLedger("finished"); }));
  PARVIS_RETURN_IF_ERROR(Meet().status());
  TrainReport report;
  report.run_dir = folder_;
  report.model_path = folder_ + "/" + recipe_.model_file;
  report.steps = steps_;
  report.tokens = tokens_;
  report.seconds = TotalsNow().wall_seconds;
  report.loss = log_ ? FinalLoss() : 0.0;
  report.evaluations = evaluations_;
  return report;
}

}  // namespace parvis::train
