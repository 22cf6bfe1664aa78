// The suites of `parvis eval` for which a model writes texts: answers, translations, summaries.

#include <fmt/format.h>

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

Status SaveOutputs(const std::string& path, const std::vector<std::string>& ids,
                   const std::vector<std::string>& outputs) {
  if (path.empty()) return {};
  std::string lines;
  for (size_t i = 0; i < outputs.size(); ++i) {
    OrderedJson line = OrderedJson::object();
    if (!ids[i].empty()) line["id"] = ids[i];
    line["output"] = outputs[i];
    lines += line.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
  }
  return WriteFileAtomically(path, lines);
}

// The given outputs, or what `write` makes with progress; saved if that is wanted.
template <typename Write>
Result<std::vector<std::string>> OutputsOf(const EvalOptions& options,
                                           const std::vector<std::string>& ids,
                                           const Console& console, Write write) {
  if (!options.outputs.empty()) return eval::ReadOutputs(options.outputs, ids);
  Progress progress("eval", static_cast<int64_t>(ids.size()), "texts", !console.quiet);
  PARVIS_ASSIGN_OR_RETURN(std::vector<std::string> outputs, write([&](size_t done) {
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

}  // namespace

bool IsWritingSuite(const std::string& suite) {
  return suite == "answers" || suite == "translation" || suite == "summary";
}

Result<eval::Outcome> MeasureWriting(const EvalOptions& options, const eval::Rows& rows,
                                     models::Model* model, const ops::Exec& exec,
                                     const Console& console) {
  const eval::BootstrapOptions bootstrap = {.seed = options.seed, .resamples = options.resamples};
  if (options.suite == "answers") {
    PARVIS_ASSIGN_OR_RETURN(const auto questions, eval::ReadSpanQuestions(rows));
    const auto language = eval::AnswerLanguageFromName(options.language);
    if (!language) return InvalidArgument("--language: neither en nor fr");
    int64_t cut = 0;
    PARVIS_ASSIGN_OR_RETURN(
        const auto outputs,
        OutputsOf(options, IdsOf(questions), console, [&](const eval::OutputProgress& progress) {
          return eval::AnswerQuestions(*model, exec, questions, progress, cut);
        }));
    eval::Outcome outcome = eval::MeasureAnswers(questions, outputs, *language, bootstrap);
    outcome.cut = cut;
    return outcome;
  }
  const bool translation = options.suite == "translation";
  PARVIS_ASSIGN_OR_RETURN(const auto pairs, eval::ReadTextPairs(rows, options.reverse));
  const auto writing = translation ? eval::Writing::kTranslation : eval::Writing::kSummary;
  PARVIS_ASSIGN_OR_RETURN(
      const auto outputs,
      OutputsOf(options, IdsOf(pairs), console, [&](const eval::OutputProgress& progress) {
        return Write(options, writing, pairs, *model, exec, progress);
      }));
  return translation ? eval::MeasureTranslations(pairs, outputs, kVersion, bootstrap)
                     : eval::MeasureSummaries(pairs, outputs, options.stem, bootstrap);
}

}  // namespace parvis::cli
