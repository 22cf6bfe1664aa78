// parvis eval MODEL --data FILE...: how well a model predicts text that it has not seen.

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "parvis/cli/command.h"
#include "parvis/cli/flags.h"
#include "parvis/cli/interrupt.h"
#include "parvis/cli/progress.h"
#include "parvis/eval/perplexity.h"
#include "parvis/train/documents.h"

namespace parvis::cli {
namespace {

struct Options {
  ModelFlags model;
  ComputeFlags compute;
  std::vector<std::string> data;
  bool paragraphs = false;
  int64_t max_documents = 0;
  int64_t context_length = 0;
};

struct Measured {
  std::string data;
  eval::Prediction prediction;
};

Result<Measured> Measure(const Options& options, const std::string& path, models::Model& model,
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
  return Measured{path, perplexity.Total()};
}

OrderedJson MeasuredJson(const Measured& measured) {
  const eval::Prediction& p = measured.prediction;
  return {
      {"data", measured.data}, {"bits_per_byte", p.bits_per_byte()}, {"perplexity", p.perplexity()},
      {"loss", p.loss()},      {"documents", p.documents},           {"tokens", p.tokens},
      {"bytes", p.bytes}};
}

Status Eval(const Options& options, Console& console) {
  PARVIS_ASSIGN_OR_RETURN(const Compute compute, Compute::Make(options.compute));
  PARVIS_ASSIGN_OR_RETURN(models::Model model, options.model.Load(compute));
  PARVIS_RETURN_IF_ERROR(models::CheckTokenizer(model));
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
    document["kernels"] = compute.kernels_name();
    document["context_length"] = options.context_length > 0
                                     ? options.context_length
                                     : model.stack.blueprint().context_length;
    document["evaluations"] = std::move(list);
    console.PrintJson(document);
  }
  return {};
}

std::function<Status()> Define(FlagSet& flags, Console& console) {
  auto options = std::make_shared<Options>();
  options->model.AddTo(flags);
  options->compute.AddTo(flags);
  flags.Add("--data", &options->data, "Files or folders of text (.txt, .jsonl, also .xz)",
            {.required = true});
  flags.Add("--paragraphs", &options->paragraphs,
            "A .txt file has a document per paragraph, not one");
  flags.Add("--max-documents", &options->max_documents, "The first so many of each (0: all)",
            {.min = 0});
  flags.Add("--context-length", &options->context_length,
            "Read windows of so many tokens (default: the model's length)", {.min = 0});
  return [options, &console] { return Eval(*options, console); };
}

}  // namespace

const Command kEval = {"eval", "Bits per byte and perplexity of a model on text",
                       "parvis eval parvis-fable --data held-out.txt", &Define};

}  // namespace parvis::cli
