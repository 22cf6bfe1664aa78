// parvis translate [MODEL] TEXT [--from en] [--to fr]: a text in another language, sentence by
// sentence if it is long.

#include <memory>

#include "parvis/cli/command.h"
#include "parvis/cli/interrupt.h"
#include "parvis/cli/text_to_text.h"
#include "parvis/text/language_guess.h"

namespace parvis::cli {
namespace {

struct Options {
  TextToTextFlags shared;
  std::string from, to;  // empty: guessed
};

Status RunTranslate(Options& options, Console& console) {
  PARVIS_ASSIGN_OR_RETURN(const std::string text, options.shared.ReadText());
  if (!text::GuessLanguages(text, options.from, options.to)) {
    return InvalidArgument(
        "this text does not tell whether it is English or French: say --from en or --from fr");
  }
  PARVIS_ASSIGN_OR_RETURN(TextToTextSession session, OpenSession(options.shared));
  PARVIS_ASSIGN_OR_RETURN(runtime::TextTask task,
                          runtime::TranslationTask(session.model, options.from, options.to,
                                                   session.prompter != nullptr));
  session.Converse(task);
  options.shared.Change(task);
  const int64_t beams = task.beams.num_beams;
  PARVIS_ASSIGN_OR_RETURN(
      const auto translator,
      runtime::TextToText::Create(session.model, *session.exec, std::move(task), {}));
  CatchInterrupts();
  PARVIS_ASSIGN_OR_RETURN(const runtime::Translation result,
                          runtime::Translate(*translator, text, [] { return Interrupted(); }));
  NoteWhatWasCut(result.pieces, result.answers, console);
  if (!console.json) {
    console.Print(result.text + (result.text.ends_with('\n') ? "" : "\n"));
    return {};
  }
  OrderedJson document = Console::Document("translate");
  document["model"] = session.model.name;
  document["kernels"] = session.compute.kernels_name();
  document["from"] = options.from;
  document["to"] = options.to;
  document["beams"] = beams;
  document["text"] = result.text;
  document["pieces"] = PiecesJson(result.pieces, result.answers);
  console.PrintJson(document);
  return {};
}

std::function<Status()> Define(FlagSet& flags, Console& console) {
  auto options = std::make_shared<Options>();
  options->shared.AddTo(flags, "translate");
  flags.Add("--from", &options->from,
            "Language of the text: a code, or its name in English (default: English or French, as "
            "the text looks)");
  flags.Add("--to", &options->to, "Language of the answer (default: the other of these two)");
  return [options, &console] { return RunTranslate(*options, console); };
}

}  // namespace

const Command kTranslate = {"translate", "Say a text in another language",
                            "parvis translate 'The cat sleeps.'", &Define};

}  // namespace parvis::cli
