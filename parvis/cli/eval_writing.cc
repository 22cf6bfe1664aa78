// The suites of `parvis eval` for which a model writes texts: answers, translations, summaries.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "parvis/cli/eval_suites.h"
#include "parvis/cli/interrupt.h"
#include "parvis/cli/progress.h"
#include "parvis/cli/text_to_text.h"
#include "parvis/cli/version.h"
#include "parvis/core/file.h"
#include "parvis/eval/generation_suites.h"

namespace parvis::cli {
namespace {

template <typename Question>
std::vector<std::string> IdsOf(const std::vector<Question>& questions) {
  std::vector<std::string> ids;
  for (const Question& question : questions) ids.push_back(question.id);
  return ids;
}

OrderedJson LineOf(const std::string& output) { return {{"output", output}}; }

OrderedJson LineOf(const eval::AnswerOutput& output) {
  OrderedJson line = {{"output", output.text}};
  if (output.no_answer) line["no_answer"] = *output.no_answer;
  return line;
}

template <typename Output>
Status SaveOutputs(const std::string& path, const std::vector<std::string>& ids,
                   const std::vector<Output>& outputs) {
  if (path.empty()) return {};
  std::string lines;
  for (size_t i = 0; i < outputs.size(); ++i) {
    OrderedJson line = OrderedJson::object();
    if (!ids[i].empty()) line["id"] = ids[i];
    line.update(LineOf(outputs[i]));
    lines += line.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
  }
  return WriteFileAtomically(path, lines);
}

// What `write` makes with progress; saved if that is wanted.
template <typename Write>
auto Written(const EvalOptions& options, const std::vector<std::string>& ids,
             const Console& console, Write write) -> decltype(write(eval::OutputProgress())) {
  Progress progress("eval", static_cast<int64_t>(ids.size()), "texts", !console.quiet);
  PARVIS_ASSIGN_OR_RETURN(auto outputs, write([&](size_t done) {
                            progress.Update(static_cast<int64_t>(done));
                            return !Interrupted();
                          }));
  PARVIS_RETURN_IF_ERROR(SaveOutputs(options.save_outputs, ids, outputs));
  return outputs;
}

Result<std::vector<std::string>> Write(const EvalOptions& options, eval::Writing writing,
                                       const std::vector<eval::TextPair>& pairs,
                                       models::Model& model, const ops::Exec& exec,
                                       const eval::OutputProgress& progress) {
  if (writing == eval::Writing::kSummary && !models::CheckGenerates(model.stack.blueprint()).ok()) {
    if (options.beams > 0 || options.max_tokens > 0) {
      return InvalidArgument("--beams, --max-tokens: " + model.name +
                             " writes nothing, it chooses sentences of the text");
    }
    return eval::ChooseSummaries(model, exec, pairs, progress);
  }
  PARVIS_ASSIGN_OR_RETURN(const auto prompter, PrompterOf(ChatFlags(), model));
  const bool converses = prompter != nullptr;
  runtime::TextTask task;
  if (writing == eval::Writing::kTranslation) {
    PARVIS_ASSIGN_OR_RETURN(task,
                            runtime::TranslationTask(model, options.from, options.to, converses));
  } else {
    task = runtime::SummaryTask(model, converses);
  }
  Converse(prompter.get(), task);
  TextToTextFlags changes;
  changes.beams = options.beams;
  changes.max_tokens = options.max_tokens;
  changes.Change(task);
  PARVIS_ASSIGN_OR_RETURN(const auto writer,
                          runtime::TextToText::Create(model, exec, std::move(task), {}));
  return eval::WriteOutputs(*writer, writing, pairs, progress);
}

Result<eval::Outcome> MeasureAnswers(const EvalOptions& options, const eval::Rows& rows,
                                     models::Model* model, const ops::Exec& exec,
                                     const Console& console,
                                     const eval::BootstrapOptions& bootstrap) {
  PARVIS_ASSIGN_OR_RETURN(const auto questions, eval::ReadSpanQuestions(rows));
  const auto language = eval::AnswerLanguageFromName(options.language);
  if (!language) return InvalidArgument("--language: neither en nor fr");
  const std::vector<std::string> ids = IdsOf(questions);
  int64_t cut = 0;
  const auto write = [&](const eval::OutputProgress& progress) {
    return eval::AnswerQuestions(*model, exec, questions, progress, cut);
  };
  PARVIS_ASSIGN_OR_RETURN(
      const auto outputs,
      options.outputs.empty()
          ? Written(options, ids, console, write)
          : eval::ReadAnswerOutputs(options.outputs, options.no_answer_scores, ids));
  const bool wanted = std::isfinite(options.no_answer_threshold);
  const bool known = std::all_of(outputs.begin(), outputs.end(),
                                 [](const auto& output) { return output.no_answer.has_value(); });
  if (wanted && !known) {
    return InvalidArgument(
        "--no-answer-threshold: nothing says how much rather there is no answer; a model with a "
        "span head does, \"no_answer\" in the rows of --outputs, or --no-answer-scores");
  }
  eval::Outcome outcome = eval::MeasureAnswers(
      questions, outputs, *language,
      wanted ? std::optional(options.no_answer_threshold) : std::nullopt, bootstrap);
  outcome.cut = cut;
  return outcome;
}

}  // namespace

bool IsWritingSuite(const std::string& suite) {
  return suite == "answers" || suite == "translation" || suite == "summary";
}

Result<eval::Outcome> MeasureWriting(const EvalOptions& options, const eval::Rows& rows,
                                     models::Model* model, const ops::Exec& exec,
                                     const Console& console) {
  const eval::BootstrapOptions bootstrap = {.seed = options.seed, .resamples = options.resamples};
  if (options.suite == "answers") {
    return MeasureAnswers(options, rows, model, exec, console, bootstrap);
  }
  const bool translation = options.suite == "translation";
  PARVIS_ASSIGN_OR_RETURN(const auto pairs, eval::ReadTextPairs(rows, options.reverse));
  const auto writing = translation ? eval::Writing::kTranslation : eval::Writing::kSummary;
  const std::vector<std::string> ids = IdsOf(pairs);
  const auto write = [&](const eval::OutputProgress& progress) {
    return Write(options, writing, pairs, *model, exec, progress);
  };
  PARVIS_ASSIGN_OR_RETURN(const auto outputs, options.outputs.empty()
                                                  ? Written(options, ids, console, write)
                                                  : eval::ReadOutputs(options.outputs, ids));
  return translation ? eval::MeasureTranslations(pairs, outputs, kVersion, bootstrap)
                     : eval::MeasureSummaries(pairs, outputs, options.stem, bootstrap);
}

}  // namespace parvis::cli
