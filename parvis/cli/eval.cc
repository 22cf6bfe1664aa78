// parvis eval MODEL --data FILE...: how well a model predicts text that it has not seen, and what
// it gives in suites of questions (eval_suites.cc).

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "parvis/cli/command.h"
#include "parvis/cli/eval_suites.h"
#include "parvis/cli/flags.h"
#include "parvis/cli/interrupt.h"
#include "parvis/cli/progress.h"
#include "parvis/core/sha256.h"
#include "parvis/eval/perplexity.h"
#include "parvis/eval/rows.h"
#include "parvis/train/documents.h"

namespace parvis::cli {
namespace {

struct Measured {
  std::string data, sha256;
  eval::Prediction prediction;
};

Result<Measured> Measure(const EvalOptions& options, const std::string& path, models::Model& model,
                         const ops::Exec& exec, const Console& console) {
  PARVIS_ASSIGN_OR_RETURN(const train::Documents read,
                          train::ReadDocuments({{path, 1.0}}, options.paragraphs));
  int64_t count = static_cast<int64_t>(read.documents.size());
  if (options.max_documents > 0) count = std::min(count, options.max_documents);
  PARVIS_ASSIGN_OR_RETURN(
      eval::Perplexity perplexity,
      eval::Perplexity::Create(model.stack, exec, {.context_length = options.context_length}));
  Progress progress("eval", count, "documents", !console.quiet);
  for (int64_t i = 0; i < count; ++i) {
    if (Interrupted()) return Cancelled("interrupted");
    const train::Document& document = read.documents[static_cast<size_t>(i)];
    const Status added = perplexity.Add(eval::DocumentOf(*model.tokenizer, document.text));
    if (!added.ok()) return added.In(document.id);
    progress.Update(i + 1);
  }
  std::string hashes;
  for (const train::DataFile& file : read.files) hashes += file.sha256 + "  " + file.path + "\n";
  return Measured{path, read.files.size() == 1 ? read.files[0].sha256 : Sha256Hex(hashes),
                  perplexity.Total()};
}

OrderedJson MeasuredJson(const Measured& measured) {
  const eval::Prediction& p = measured.prediction;
  return {{"data", measured.data},
          {"data_sha256", measured.sha256},
          {"bits_per_byte", p.bits_per_byte()},
          {"perplexity", p.perplexity()},
          {"loss", p.loss()},
          {"documents", p.documents},
          {"tokens", p.tokens},
          {"bytes", p.bytes}};
}

Status Eval(const EvalOptions& options, Console& console) {
  PARVIS_ASSIGN_OR_RETURN(const Compute compute, Compute::Make(options.compute));
  PARVIS_ASSIGN_OR_RETURN(models::Model model, options.model.Load(compute));
  PARVIS_RETURN_IF_ERROR(models::CheckTokenizer(model));
  PARVIS_ASSIGN_OR_RETURN(const std::string model_sha256, eval::Sha256OfPath(model.path));
  CatchInterrupts();
  const ops::Exec exec = compute.exec();
  OrderedJson list = OrderedJson::array();
  for (const std::string& path : options.data) {
    PARVIS_ASSIGN_OR_RETURN(const Measured measured, Measure(options, path, model, exec, console));
    list.push_back(MeasuredJson(measured));
    if (console.json) continue;
    const eval::Prediction& p = measured.prediction;
    console.Print(fmt::format("{}  {:.4f} bits per byte  perplexity {:.3f}  {} tokens\n", path,
                              p.bits_per_byte(), p.perplexity(), p.tokens));
  }
  if (console.json) {
    OrderedJson document = Console::Document("eval");
    document["model"] = model.name;
    document["model_sha256"] = model_sha256;
    document["kernels"] = compute.kernels_name();
    document["suite"] = options.suite;
    document["context_length"] = options.context_length > 0
                                     ? options.context_length
                                     : model.stack.blueprint().context_length;
    document["evaluations"] = std::move(list);
    console.PrintJson(document);
  }
  return {};
}

void AddWritingFlags(EvalOptions& options, FlagSet& flags) {
  flags.Add("--outputs", &options.outputs,
            "Score these outputs, without a model: a line each, .jsonl of {\"output\": …}, or "
            ".json of texts by id (answers, translation, summary)");
  flags.Add("--save-outputs", &options.save_outputs, "Write what the model wrote as .jsonl");
  flags.Add("--from", &options.from, "Language of the sources of a translation",
            {.show_default = true});
  flags.Add("--to", &options.to, "Language of a translation", {.show_default = true});
  flags.Add("--reverse", &options.reverse, "The first column of a .tsv is the translation");
  flags.Add("--stem", &options.stem, "ROUGE of stems (Porter's, of English)");
  flags.Add("--language", &options.language, "Whose articles do not count in answers",
            {.one_of = {"en", "fr"}, .show_default = true});
  flags.Add("--no-answer-threshold", &options.no_answer_threshold,
            "Take back answers where a model says that there is none by more than this (answers; "
            "as null_score_diff_threshold)");
  flags.Add("--no-answer-scores", &options.no_answer_scores,
            "Beside --outputs FILE.json, how much rather there is no answer: .json of numbers by "
            "id, as SQuAD 2.0's script takes them");
  flags.Add("--beams", &options.beams, "As for translate and summarize", {.min = 0, .max = 64});
  flags.Add("-n,--max-tokens", &options.max_tokens, "Likewise", {.min = 0});
}

std::function<Status()> Define(FlagSet& flags, Console& console) {
  auto options = std::make_shared<EvalOptions>();
  options->model.AddTo(flags, /*required=*/false);
  options->compute.AddTo(flags);
  std::vector<std::string> suites = SuiteNames();
  suites.insert(suites.begin(), "perplexity");
  flags.Add("--suite", &options->suite, "What is measured",
            {.one_of = suites, .show_default = true});
  flags.Add("--data", &options->data,
            "Files or folders: of text (.txt, .jsonl, also .xz), or of a suite's rows",
            {.required = true});
  flags.Add("--paragraphs", &options->paragraphs,
            "A .txt file has a document per paragraph, not one");
  flags.Add("--max-documents", &options->max_documents, "The first so many of each (0: all)",
            {.min = 0});
  flags.Add("--seed", &options->seed, "Of the samples that give a suite's intervals",
            {.show_default = true});
  flags.Add("--resamples", &options->resamples, "How many samples give them",
            {.min = 10, .max = 1000000, .show_default = true});
  AddWritingFlags(*options, flags);
  flags.Add("--markdown", &options->markdown, "A suite's results as a table for a model's card");
  flags.Add("--context-length", &options->context_length,
            "Read windows of so many tokens (default: the model's length)", {.min = 0});
  return [options, &console] {
    if (options->model.model.empty() && options->outputs.empty()) {
      return InvalidArgument("give a model: parvis eval MODEL --data FILE");
    }
    if (options->suite == "perplexity" && !options->outputs.empty()) {
      return InvalidArgument("--outputs: perplexity is a model's");
    }
    return options->suite == "perplexity" ? Eval(*options, console) : EvalSuite(*options, console);
  };
}

}  // namespace

const Command kEval = {"eval", "Measure a model: bits per byte, or a suite of questions",
                       "parvis eval parvis-fable --data held-out.txt", &Define};

}  // namespace parvis::cli
