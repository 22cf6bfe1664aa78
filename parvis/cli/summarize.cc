// parvis summarize [MODEL] TEXT: a text in fewer words, section by section if it is long.

#include <memory>

#include "parvis/cli/command.h"
#include "parvis/cli/interrupt.h"
#include "parvis/cli/text_to_text.h"

namespace parvis::cli {
namespace {

Status RunSummarize(TextToTextFlags& flags, Console& console) {
  PARVIS_ASSIGN_OR_RETURN(const std::string text, flags.ReadText());
  PARVIS_ASSIGN_OR_RETURN(TextToTextSession session, OpenSession(flags));
  runtime::TextTask task = runtime::SummaryTask(session.model, session.prompter != nullptr);
  session.Converse(task);
  flags.Change(task);
  const int64_t beams = task.beams.num_beams;
  PARVIS_ASSIGN_OR_RETURN(
      const auto writer,
      runtime::TextToText::Create(session.model, *session.exec, std::move(task), {}));
  CatchInterrupts();
  PARVIS_ASSIGN_OR_RETURN(const runtime::Summary result,
                          runtime::Summarize(*writer, text, [] { return Interrupted(); }));
  for (size_t round = 0; round < result.answers.size(); ++round) {
    NoteWhatWasCut(result.sections[round], result.answers[round], console);
  }
  if (!console.json) {
    console.Print(result.text + "\n");
    return {};
  }
  OrderedJson document = Console::Document("summarize");
  document["model"] = session.model.name;
  document["kernels"] = session.compute.kernels_name();
  document["beams"] = beams;
  document["text"] = result.text;
  document["rounds"] = OrderedJson::array();
  for (size_t round = 0; round < result.answers.size(); ++round) {
    document["rounds"].push_back(PiecesJson(result.sections[round], result.answers[round]));
  }
  console.PrintJson(document);
  return {};
}

std::function<Status()> Define(FlagSet& flags, Console& console) {
  auto options = std::make_shared<TextToTextFlags>();
  options->AddTo(flags, "summarize");
  return [options, &console] { return RunSummarize(*options, console); };
}

}  // namespace

const Command kSummarize = {"summarize", "Say a text in fewer words",
                            "parvis summarize --file report.txt", &Define};

}  // namespace parvis::cli
