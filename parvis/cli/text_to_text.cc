#include "parvis/cli/text_to_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace parvis::cli {

void TextToTextFlags::AddTo(FlagSet& flags, const std::string& command) {
  words_.AddTo(flags, model, command, {"text"}, "The text, behind a model");
  text_.AddNamed(flags, "The text");
  flags.Add("--beams", &beams,
            "Beginnings of an answer that are kept at each token (default: as the model's "
            "configuration says, else 1)",
            {.min = 0, .max = 64});
  flags.Add("-n,--max-tokens", &max_tokens,
            "Of each answer (default: as the model's configuration says, else as many as fit)",
            {.min = 0});
  chat.AddTo(flags);
  compute.AddTo(flags);
}

Result<std::string> TextToTextFlags::ReadText() {
  PARVIS_RETURN_IF_ERROR(TakeWords(words_, model, text_));
  return text_.Whole();
}

void TextToTextFlags::Change(runtime::TextTask& task) const {
  if (beams > 0) task.beams.num_beams = beams;
  if (max_tokens > 0) {
    task.beams.max_tokens = max_tokens;
    task.beams.min_tokens = std::min(task.beams.min_tokens, max_tokens - 1);
  }
}

Result<TextToTextSession> OpenSession(const TextToTextFlags& flags) {
  PARVIS_ASSIGN_OR_RETURN(Compute compute, Compute::Make(flags.compute));
  PARVIS_ASSIGN_OR_RETURN(models::Model model, flags.model.Load(compute));
  auto exec = std::make_unique<ops::Exec>(compute.pool(), compute.kernels());
  PARVIS_ASSIGN_OR_RETURN(auto prompter, PrompterOf(flags.chat, model));
  return TextToTextSession{std::move(compute), std::move(model), std::move(exec),
                           std::move(prompter)};
}

Result<std::unique_ptr<chat::Prompter>> PrompterOf(const ChatFlags& flags,
                                                   const models::Model& model) {
  std::unique_ptr<chat::Prompter> prompter;
  if (model.stack.blueprint().encoder_layers > 0) {
    if (!flags.template_path.empty()) {
      return InvalidArgument("--chat-template: a model with an encoder has its own form of a task");
    }
  } else if (model.tokenizer != nullptr) {
    PARVIS_ASSIGN_OR_RETURN(auto found, flags.Open(*model.tokenizer));
    if (found) prompter = std::make_unique<chat::Prompter>(std::move(*found));
  }
  return prompter;
}

void TextToTextSession::Converse(runtime::TextTask& task) const {
  parvis::cli::Converse(prompter.get(), task);
}

void Converse(const chat::Prompter* prompter, runtime::TextTask& task) {
  if (prompter == nullptr) return;
  task.prompt = [prompter](const std::string& words) -> Result<std::vector<int32_t>> {
    Dialogue dialogue("");
    dialogue.Add("user", words);
    PARVIS_ASSIGN_OR_RETURN(chat::Prompt prompt, dialogue.Prompt(*prompter));
    return std::move(prompt.ids);
  };
}

OrderedJson PiecesJson(const std::vector<text::TextPiece>& pieces,
                       const std::vector<runtime::TextAnswer>& answers) {
  OrderedJson json = OrderedJson::array();
  for (size_t i = 0; i < pieces.size(); ++i) {
    const runtime::TextAnswer& answer = answers[i];
    OrderedJson piece = {{"source", pieces[i].text},
                         {"text", answer.text},
                         {"finish_reason", runtime::FinishReasonName(answer.finish)},
                         {"usage",
                          {{"prompt_tokens", answer.usage.prompt_tokens},
                           {"completion_tokens", answer.usage.completion_tokens}}}};
    if (answer.score) piece["score"] = *answer.score;
    json.push_back(std::move(piece));
  }
  return json;
}

void NoteWhatWasCut(const std::vector<text::TextPiece>& pieces,
                    const std::vector<runtime::TextAnswer>& answers, Console& console) {
  const auto cut = std::count_if(pieces.begin(), pieces.end(),
                                 [](const auto& piece) { return piece.within_sentence; });
  const auto stopped = std::count_if(answers.begin(), answers.end(), [](const auto& answer) {
    return answer.finish == runtime::FinishReason::kLength;
  });
  if (cut > 0) {
    console.Note(fmt::format("sentences longer than the model's context were cut at {} place{}",
                             cut, cut == 1 ? "" : "s"));
  }
  if (stopped > 0) {
    console.Note(fmt::format("{} of {} answers stopped at --max-tokens or the model's context",
                             stopped, answers.size()));
  }
}

}  // namespace parvis::cli
