// parvis complete [MODEL] TEXT: how a program goes on from here, or (with --suffix) what is
// between.

#include <memory>

#include "parvis/cli/command.h"
#include "parvis/cli/interrupt.h"
#include "parvis/cli/sampling_flags.h"
#include "parvis/cli/task_words.h"
#include "parvis/cli/text_flags.h"

namespace parvis::cli {
namespace {

struct Options {
  ModelFlags model;
  ComputeFlags compute;
  TaskWords words;
  TextFlags text;
  SamplingFlags sampling;
  std::string suffix;
  Flag suffix_flag;
};

Status Complete(Options& options, Console& console) {
  PARVIS_RETURN_IF_ERROR(TakeWords(options.words, options.model, options.text));
  PARVIS_ASSIGN_OR_RETURN(const std::string text, options.text.Whole());
  PARVIS_ASSIGN_OR_RETURN(Loaded loaded, LoadForTexts(options.model, options.compute));
  PARVIS_ASSIGN_OR_RETURN(const auto engine,
                          runtime::Engine::Create(loaded.model, loaded.exec, {}));
  options.sampling.ChooseSeed();
  PARVIS_ASSIGN_OR_RETURN(runtime::GenerateRequest request,
                          options.suffix_flag.given()
                              ? options.sampling.Between(loaded.model, text, options.suffix)
                              : options.sampling.Request(loaded.model, text));
  std::string answer;
  runtime::TokenEvent last;
  request.on_token = [&](const runtime::TokenEvent& event) {
    answer += event.text;
    if (!console.json) {
      console.Print(event.text);
      console.Flush();
    }
    if (event.finish) last = event;
  };
  CatchInterrupts();
  PARVIS_ASSIGN_OR_RETURN(const runtime::RequestId id, engine->Submit(std::move(request)));
  Drive(*engine, {id});
  PARVIS_RETURN_IF_ERROR(last.status);
  if (console.json) {
    OrderedJson document = TextsDocument("complete", loaded);
    document["seed"] = options.sampling.seed;
    document["prompt"] = text;
    if (options.suffix_flag.given()) document["suffix"] = options.suffix;
    document["text"] = answer;
    document.update(AnswerFacts(last));
    console.PrintJson(document);
  } else if (!answer.ends_with('\n')) {
    console.Print("\n");
  }
  return Interrupted() ? Cancelled("interrupted") : Status();
}

std::function<Status()> Define(FlagSet& flags, Console& console) {
  auto options = std::make_shared<Options>();
  options->words.AddTo(flags, options->model, "complete", {"text"}, "The text, behind a model");
  options->text.AddNamed(flags, "The program up to the place where it goes on");
  options->suffix_flag = flags.Add("--suffix", &options->suffix,
                                   "How the program ends: the model writes what stands between");
  // Of programs the likeliest rest is wanted, and not much of it.
  options->sampling.temperature = 0.0f;
  options->sampling.max_tokens = 64;
  options->sampling.heal = true;  // people stop typing anywhere
  options->sampling.AddTo(flags);
  options->compute.AddTo(flags);
  return [options, &console] { return Complete(*options, console); };
}

}  // namespace

const Command kComplete = {"complete", "Go on with a program from where it ends",
                           "parvis complete 'def area(width, height):'", &Define};

}  // namespace parvis::cli
