// The suites of `parvis eval` that ask a model questions with known answers.

#include "parvis/cli/eval_suites.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>

#include "parvis/cli/interrupt.h"
#include "parvis/cli/model_path.h"
#include "parvis/cli/progress.h"
#include "parvis/eval/likelihood_suites.h"

namespace parvis::cli {
namespace {

// What one suite gave for one file or folder.
struct Measured {
  std::string data, sha256;
  eval::Outcome outcome;
  double seconds = 0;
};

eval::BootstrapOptions BootstrapOf(const EvalOptions& options) {
  return {.seed = options.seed, .resamples = options.resamples};
}

// Reads with `read`, then measures with `measure`, with progress.
template <typename Read, typename Measure>
Result<eval::Outcome> ReadAndMeasure(const EvalOptions& options, const eval::Rows& rows,
                                     models::Model& model, const ops::Exec& exec,
                                     const Console& console, Read read, Measure measure) {
  PARVIS_ASSIGN_OR_RETURN(const auto questions, read(rows));
  PARVIS_ASSIGN_OR_RETURN(eval::Scorer scorer, eval::Scorer::Create(model, exec));
  Progress progress("eval", static_cast<int64_t>(questions.size()), "questions", !console.quiet);
  return measure(scorer, questions, BootstrapOf(options), [&](size_t done) {
    progress.Update(static_cast<int64_t>(done));
    return !Interrupted();
  });
}

Result<eval::Outcome> MeasureRows(const EvalOptions& options, const eval::Rows& rows,
                                  models::Model* maybe_model, const ops::Exec& exec,
                                  const Console& console) {
  if (IsWritingSuite(options.suite)) {
    return MeasureWriting(options, rows, maybe_model, exec, console);
  }
  models::Model& model = *maybe_model;
  if (options.suite == "minimal-pairs") {
    return ReadAndMeasure(options, rows, model, exec, console, &eval::ReadMinimalPairs,
                          &eval::MeasureMinimalPairs);
  }
  if (options.suite == "cloze") {
    return ReadAndMeasure(options, rows, model, exec, console, &eval::ReadCloze,
                          &eval::MeasureCloze);
  }
  return ReadAndMeasure(options, rows, model, exec, console, &eval::ReadChoices,
                        &eval::MeasureChoices);
}

OrderedJson MeasuredJson(const EvalOptions& options, const Measured& measured) {
  const eval::Outcome& outcome = measured.outcome;
  OrderedJson measures = OrderedJson::object();
  for (const eval::Measure& measure : outcome.measures) {
    OrderedJson& json = measures[measure.name];
    json = {{"score", measure.score}, {"interval", {measure.interval.low, measure.interval.high}}};
    if (!measure.signature.empty()) json["signature"] = measure.signature;
    if (measure.threshold) json["threshold"] = *measure.threshold;
  }
  OrderedJson json = {{"data", measured.data},
                      {"data_sha256", measured.sha256},
                      {"n", outcome.count},
                      {"score", outcome.measures.front().score},
                      {"measures", std::move(measures)},
                      {"interval_level", 0.95},
                      {"resamples", options.resamples},
                      {"seed", options.seed},
                      {"contexts_cut", outcome.cut},
                      {"seconds", measured.seconds}};
  if (outcome.groups.size() > 1) {
    for (const auto& [name, score] : outcome.groups) json["groups"][name] = score;
  }
  return json;
}

std::string MeasuredText(const Measured& measured) {
  const eval::Outcome& outcome = measured.outcome;
  std::string text = fmt::format("{}  {} questions, {}\n", measured.data, outcome.count,
                                 DurationText(measured.seconds));
  for (const eval::Measure& measure : outcome.measures) {
    text += fmt::format("  {:<16} {:8.4f}  95 %: {:.4f} to {:.4f}  {}", measure.name, measure.score,
                        measure.interval.low, measure.interval.high, measure.signature);
    if (measure.threshold) text += fmt::format("threshold {:.4f}", *measure.threshold);
    text.resize(text.find_last_not_of(' ') + 1);
    text += "\n";
  }
  if (outcome.groups.size() < 2) return text;
  for (const auto& [name, score] : outcome.groups) {
    text += fmt::format("    {:<56} {:8.4f}\n", name, score);
  }
  return text;
}

// Rows of the table that a model's card holds.
std::string MeasuredMarkdown(const EvalOptions& options, const Measured& measured) {
  std::string text;
  for (const eval::Measure& measure : measured.outcome.measures) {
    text += fmt::format(
        "| {} | {} | {} | {} | {:.4f} | {:.4f} to {:.4f} |\n", options.suite, measured.data,
        measured.outcome.count,
        measure.signature.empty() ? measure.name : measure.name + " " + measure.signature,
        measure.score, measure.interval.low, measure.interval.high);
  }
  return text;
}

Result<Measured> MeasurePath(const EvalOptions& options, const std::string& path,
                             models::Model* model, const ops::Exec& exec, const Console& console) {
  const auto start = std::chrono::steady_clock::now();
  PARVIS_ASSIGN_OR_RETURN(eval::Rows rows, eval::ReadRows(path));
  if (options.max_documents > 0) {
    rows.rows.resize(std::min(rows.rows.size(), static_cast<size_t>(options.max_documents)));
  }
  PARVIS_ASSIGN_OR_RETURN(eval::Outcome outcome, MeasureRows(options, rows, model, exec, console));
  if (outcome.cut > 0) {
    console.Note(fmt::format("{}: {} of {} contexts were cut to the model's {} tokens", path,
                             outcome.cut, outcome.count, model->stack.blueprint().context_length));
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  return Measured{path, rows.sha256, std::move(outcome), seconds.count()};
}

Status Check(const EvalOptions& options) {
  if (options.paragraphs || options.context_length > 0) {
    return InvalidArgument(std::string(options.paragraphs ? "--paragraphs" : "--context-length") +
                           " is of --suite perplexity, which reads text; rows are whole");
  }
  const bool threshold = std::isfinite(options.no_answer_threshold);
  if ((threshold || !options.no_answer_scores.empty()) && options.suite != "answers") {
    return InvalidArgument(std::string(threshold ? "--no-answer-threshold" : "--no-answer-scores") +
                           " is of --suite answers");
  }
  if (!options.no_answer_scores.empty() && options.outputs.empty()) {
    return InvalidArgument("--no-answer-scores are those of --outputs");
  }
  if (options.outputs.empty() && options.save_outputs.empty()) return {};
  if (!IsWritingSuite(options.suite)) {
    return InvalidArgument("--suite " + options.suite +
                           " asks a model for likelihoods; there are no outputs");
  }
  if (options.data.size() > 1) return InvalidArgument("outputs are those of one --data");
  if (!options.outputs.empty() && !options.model.model.empty()) {
    return InvalidArgument("give a model or --outputs, not both");
  }
  return {};
}

}  // namespace

std::vector<std::string> SuiteNames() {
  return {"minimal-pairs", "cloze", "multiple-choice", "answers", "translation", "summary"};
}

Status EvalSuite(const EvalOptions& options, Console& console) {
  PARVIS_RETURN_IF_ERROR(Check(options));
  PARVIS_ASSIGN_OR_RETURN(const Compute compute, Compute::Make(options.compute));
  std::optional<models::Model> model;
  std::string model_sha256;
  if (options.outputs.empty()) {
    Result<models::Model> loaded = options.model.Load(compute);
    if (!loaded.ok()) return loaded.status();
    model.emplace(std::move(loaded).value());
    PARVIS_ASSIGN_OR_RETURN(model_sha256, eval::Sha256OfPath(model->path));
  }
  CatchInterrupts();
  const ops::Exec exec = compute.exec();
  OrderedJson list = OrderedJson::array();
  if (options.markdown && !console.json) {
    console.Print(
        "| suite | data | n | measure | score | 95 % |\n| --- | --- | --- | --- | --- | --- |\n");
  }
  for (const std::string& path : options.data) {
    PARVIS_ASSIGN_OR_RETURN(const Measured measured,
                            MeasurePath(options, path, model ? &*model : nullptr, exec, console));
    if (console.json) {
      list.push_back(MeasuredJson(options, measured));
    } else {
      console.Print(options.markdown ? MeasuredMarkdown(options, measured)
                                     : MeasuredText(measured));
    }
  }
  if (!console.json) return {};
  OrderedJson document = Console::Document("eval");
  if (model) {
    document["model"] = model->name;
    document["model_sha256"] = model_sha256;
    document["kernels"] = compute.kernels_name();
  } else {
    document["outputs"] = options.outputs;
    PARVIS_ASSIGN_OR_RETURN(document["outputs_sha256"], eval::Sha256OfPath(options.outputs));
  }
  document["suite"] = options.suite;
  document["evaluations"] = std::move(list);
  console.PrintJson(document);
  return {};
}

}  // namespace parvis::cli
