// parvis summarize [MODEL] TEXT: a text in fewer words, section by section if it is long; a model
// without a decoder chooses sentences of it.

#include <memory>

#include "parvis/cli/command.h"
#include "parvis/cli/interrupt.h"
#include "parvis/cli/text_to_text.h"
#include "parvis/runtime/sentence_choice.h"

namespace parvis::cli {
namespace {

struct Options {
  TextToTextFlags shared;
  int64_t sentences = 0;  // 0: as many as usual
};

Status CheckChooses(const Options& options, const models::Model& model) {
  const TextToTextFlags& shared = options.shared;
  for (const auto& [flag, given] :
       {std::pair("--beams", shared.beams > 0), std::pair("--max-tokens", shared.max_tokens > 0),
        std::pair("--chat-template", !shared.chat.template_path.empty())}) {
    if (!given) continue;
    return InvalidArgument(std::string(flag) + ": " + model.name +
                           " writes nothing, it chooses sentences of the text; --sentences says "
                           "how many");
  }
  return models::CheckTokenizer(model);
}

Status Choose(const Options& options, const std::string& text, TextToTextSession& session,
              Console& console) {
  PARVIS_RETURN_IF_ERROR(CheckChooses(options, session.model));
  const runtime::Encoder encoder(session.model, *session.exec);
  const auto sentences = runtime::SentencesOf(session.model, text);
  CatchInterrupts();
  PARVIS_ASSIGN_OR_RETURN(
      const runtime::SentenceChoice choice,
      runtime::SummarizeByChoice(encoder, sentences, static_cast<size_t>(options.sentences),
                                 [] { return Interrupted(); }));
  if (!console.json) {
    console.Print(choice.text + "\n");
    return {};
  }
  OrderedJson document = Console::Document("summarize");
  document["model"] = session.model.name;
  document["kernels"] = session.compute.kernels_name();
  document["text"] = choice.text;
  document["sentences"] = OrderedJson::array();
  for (const size_t i : choice.chosen) {
    document["sentences"].push_back(
        {{"index", i}, {"score", choice.scores[i]}, {"text", sentences[i]}});
  }
  document["of"] = sentences.size();
  console.PrintJson(document);
  return {};
}

Status RunSummarize(Options& options, Console& console) {
  TextToTextFlags& flags = options.shared;
  PARVIS_ASSIGN_OR_RETURN(const std::string text, flags.ReadText());
  PARVIS_ASSIGN_OR_RETURN(TextToTextSession session, OpenSession(flags));
  if (!models::CheckGenerates(session.model.stack.blueprint()).ok()) {
    return Choose(options, text, session, console);
  }
  if (options.sentences > 0) {
    return InvalidArgument("--sentences: " + session.model.name +
                           " writes its summaries; only a model without a decoder chooses "
                           "sentences of the text");
  }
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
  auto options = std::make_shared<Options>();
  options->shared.AddTo(flags, "summarize");
  flags.Add("--sentences", &options->sentences,
            "Sentences that a model without a decoder chooses (default: a fifth of the text's, one "
            "at least, five at most)",
            {.min = 1});
  return [options, &console] { return RunSummarize(*options, console); };
}

}  // namespace

const Command kSummarize = {"summarize", "Say a text in fewer words",
                            "parvis summarize --file report.txt", &Define};

}  // namespace parvis::cli
