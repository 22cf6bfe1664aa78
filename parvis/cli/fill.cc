// parvis fill [MODEL] TEXT: what could stand in the place of each mask.

#include <fmt/format.h>

#include <memory>

#include "parvis/cli/command.h"
#include "parvis/cli/task_words.h"
#include "parvis/cli/text_flags.h"
#include "parvis/runtime/text_tasks.h"
#include "parvis/service/head_tasks.h"

namespace parvis::cli {
namespace {

struct Options {
  ModelFlags model;
  ComputeFlags compute;
  TextFlags text;
  TaskWords words;
  int64_t top_k = 5;
};

Status Fill(Options& options, Console& console) {
  PARVIS_RETURN_IF_ERROR(TakeWords(options.words, options.model, options.text));
  PARVIS_ASSIGN_OR_RETURN(const std::vector<std::string> texts, options.text.Lines());
  PARVIS_ASSIGN_OR_RETURN(Loaded loaded, LoadForTexts(options.model, options.compute));
  const runtime::Encoder encoder(loaded.model, loaded.exec);
  PARVIS_ASSIGN_OR_RETURN(const auto filled,
                          runtime::FillMasks(encoder, texts, static_cast<size_t>(options.top_k)));
  if (console.json) {
    OrderedJson document = TextsDocument("fill", loaded);
    document["results"] = OrderedJson::array();
    for (size_t i = 0; i < texts.size(); ++i) {
      document["results"].push_back(
          {{"text", texts[i]}, {"masks", service::FillingsJson(filled[i])}});
    }
    console.PrintJson(document);
    return {};
  }
  bool first = true;
  for (const auto& masks : filled) {
    for (const auto& fillings : masks) {
      if (!first) console.Print("\n");  // between texts, and between the masks of one
      first = false;
      for (const runtime::Filling& filling : fillings) {
        console.Print(
            fmt::format("{:.4f}\t{}\t{}\n", filling.score, filling.token_text, filling.text));
      }
    }
  }
  return {};
}

std::function<Status()> Define(FlagSet& flags, Console& console) {
  auto options = std::make_shared<Options>();
  options->words.AddTo(flags, options->model, "fill", {"text"}, "The text, behind a model");
  options->text.AddNamed(
      flags, "A text with the model's mask in it ([MASK], <mask>); of several one a line");
  flags.Add("-k,--top-k", &options->top_k, "How many, for each mask",
            {.min = 1, .max = 1000, .show_default = true});
  options->compute.AddTo(flags);
  return [options, &console] { return Fill(*options, console); };
}

}  // namespace

const Command kFill = {"fill", "Say what could stand in the place of a mask",
                       "parvis fill 'Paris is the [MASK] of France.'", &Define};

}  // namespace parvis::cli
