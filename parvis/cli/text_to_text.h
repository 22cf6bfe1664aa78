#ifndef PARVIS_CLI_TEXT_TO_TEXT_H_
#define PARVIS_CLI_TEXT_TO_TEXT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "parvis/cli/chat_flags.h"
#include "parvis/cli/console.h"
#include "parvis/cli/flag_set.h"
#include "parvis/cli/flags.h"
#include "parvis/cli/task_words.h"
#include "parvis/core/json.h"
#include "parvis/runtime/text_to_text.h"

namespace parvis::cli {

// What `translate` and `summarize` share: a model, a text (on the line, from a file or from stdin)
// and how answers are searched.
struct TextToTextFlags {
  ModelFlags model;
  ComputeFlags compute;
  ChatFlags chat;
  int64_t beams = 0;       // 0: what the model's configuration says, else 1
  int64_t max_tokens = 0;  // of each answer; likewise, else as many as fit

  void AddTo(FlagSet& flags, const std::string& command);
  // Which word of the line is the model and which the text, and that text.
  Result<std::string> ReadText();
  void Change(runtime::TextTask& task) const;

 private:
  TaskWords words_;
  TextFlags text_;
};

// What puts a task to a model as a user's turn: null where it has an encoder or no chat template.
Result<std::unique_ptr<chat::Prompter>> PrompterOf(const ChatFlags& flags,
                                                   const models::Model& model);
// Sets `task.prompt`, which refers to the prompter; nothing if that is null.
void Converse(const chat::Prompter* prompter, runtime::TextTask& task);

// A loaded model and what runs on it, for as long as one command.
struct TextToTextSession {
  Compute compute;
  models::Model model;
  std::unique_ptr<ops::Exec> exec;
  // Of a model that goes on with texts and has a chat template (or was given one): tasks are put to
  // it as a user's turn.
  std::unique_ptr<chat::Prompter> prompter;

  // `task.prompt`, if there is a prompter; it refers to that.
  void Converse(runtime::TextTask& task) const;
};
Result<TextToTextSession> OpenSession(const TextToTextFlags& flags);

// Of each piece: its text, the answer, why that ended, tokens, score.
OrderedJson PiecesJson(const std::vector<text::TextPiece>& pieces,
                       const std::vector<runtime::TextAnswer>& answers);

// On stderr: what had to be cut, and answers that stopped before their end.
void NoteWhatWasCut(const std::vector<text::TextPiece>& pieces,
                    const std::vector<runtime::TextAnswer>& answers, Console& console);

}  // namespace parvis::cli

#endif  // PARVIS_CLI_TEXT_TO_TEXT_H_
