// parvis answer [MODEL] QUESTION [TEXT]: the part of a text that answers a question.

#include <fmt/format.h>

#include <memory>

#include "parvis/cli/command.h"
#include "parvis/cli/task_words.h"
#include "parvis/cli/text_flags.h"
#include "parvis/runtime/text_tasks.h"

namespace parvis::cli {
namespace {

struct Options {
  ModelFlags model;
  ComputeFlags compute;
  TextFlags text;
  TaskWords words;
  std::vector<std::string> questions;
  int64_t top_k = 1, max_tokens = 15, window = 384, stride = 128;
};

OrderedJson AnswersJson(const std::vector<runtime::Answer>& answers) {
  OrderedJson all = OrderedJson::array();
  for (const runtime::Answer& answer : answers) {
    all.push_back({{"answer", answer.text},
                   {"score", answer.score},
                   {"start", answer.begin},
                   {"end", answer.end}});
  }
  return all;
}

// The words are [MODEL] QUESTION [TEXT], or [MODEL] [TEXT] behind --question.
Status TakeWords(Options& options) {
  const bool asked = !options.questions.empty();
  const size_t told = (asked ? 1 : 0) + (options.text.given() ? 1 : 0);
  PARVIS_ASSIGN_OR_RETURN(auto words, options.words.Sort(options.model, told));
  if (!asked) {
    if (words.empty()) {
      return InvalidArgument("there is no question: parvis answer 'Where does Anna live?' TEXT");
    }
    options.questions.push_back(words[0]);
    words.erase(words.begin());
  }
  if (!words.empty()) options.text.Set(words[0]);
  return {};
}

Status AnswerAll(Options& options, Console& console) {
  PARVIS_RETURN_IF_ERROR(TakeWords(options));
  PARVIS_ASSIGN_OR_RETURN(const std::string text, options.text.Whole());
  PARVIS_ASSIGN_OR_RETURN(Loaded loaded, LoadForTexts(options.model, options.compute));
  const runtime::Encoder encoder(loaded.model, loaded.exec);
  const runtime::AnswerOptions wanted = {.count = static_cast<size_t>(options.top_k),
                                         .max_tokens = static_cast<size_t>(options.max_tokens),
                                         .window = static_cast<size_t>(options.window),
                                         .stride = static_cast<size_t>(options.stride)};
  OrderedJson results = OrderedJson::array();
  for (const std::string& question : options.questions) {
    const auto answers = runtime::FindAnswers(encoder, question, text, wanted);
    if (!answers.ok()) return answers.status();
    if (console.json) {
      results.push_back({{"question", question},
                         {"answers", AnswersJson(answers->best)},
                         {"no_answer", answers->no_answer}});
      continue;
    }
    if (options.top_k > 1 && &question != &options.questions.front()) console.Print("\n");
    for (const runtime::Answer& answer : answers->best) {
      console.Print(fmt::format("{}\t{:.4f}\n", answer.text, answer.score));
    }
  }
  if (!console.json) return {};
  OrderedJson document = TextsDocument("answer", loaded);
  document["results"] = std::move(results);
  console.PrintJson(document);
  return {};
}

std::function<Status()> Define(FlagSet& flags, Console& console) {
  auto options = std::make_shared<Options>();
  options->words.AddTo(flags, options->model, "answer", {"question", "text"},
                       "The text that the answer is a part of");
  flags.Add("--question", &options->questions, "What is asked; may be given several times");
  options->text.AddNamed(flags, "The text that the answer is a part of");
  flags.Add("-k,--top-k", &options->top_k, "How many answers, best first",
            {.min = 1, .max = 100, .show_default = true});
  flags.Add("--max-answer-tokens", &options->max_tokens, "Of an answer",
            {.min = 1, .max = 10000, .show_default = true});
  flags.Add("--window", &options->window,
            "Tokens of question and text that are looked at together, at most; a longer text is "
            "looked at in windows",
            {.min = 8, .max = 1 << 20, .show_default = true});
  flags.Add("--stride", &options->stride,
            "Tokens that neighbouring windows share; at most half a window",
            {.min = 0, .max = 1 << 20, .show_default = true});
  options->compute.AddTo(flags);
  return [options, &console] { return AnswerAll(*options, console); };
}

}  // namespace

const Command kAnswer = {"answer", "Find the part of a text that answers a question",
                         "parvis answer 'Where does Anna live?' --file text.txt", &Define};

}  // namespace parvis::cli
