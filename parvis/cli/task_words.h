#ifndef PARVIS_CLI_TASK_WORDS_H_
#define PARVIS_CLI_TASK_WORDS_H_

#include <string>
#include <vector>

#include "parvis/cli/flags.h"
#include "parvis/cli/text_flags.h"

namespace parvis::cli {

// The shipped model that a command takes when none is named; empty: it needs one. The table stands
// in task_words.cc.
std::string DefaultModel(const std::string& command);

// The words of a command whose model may be left out: `parvis translate [MODEL] TEXT`.
//
// With --model (or PARVIS_MODEL) no word is a model. Else the first one is if there are more words
// than texts, or if it is the name of a model: a file ….gguf, a folder with a config.json, a name
// of `parvis list`. A text that is such a name, or that of a file, is told by --text.
class TaskWords {
 public:
  // `texts`: what stands behind the model, at most two ("question", "text"). Declares --model and
  // the words; `what` says of the last text what it is.
  void AddTo(FlagSet& flags, ModelFlags& model, std::string command,
             const std::vector<std::string>& texts, const std::string& what);

  // Which word is what. `told`: the names of texts that were told by a flag, and so are no words.
  // Sets the model, which may be the command's own. Fewer texts than there are names are no fault.
  Result<std::vector<std::string>> Sort(ModelFlags& model, size_t told) const;

 private:
  std::string command_;
  size_t texts_ = 0;
  std::vector<std::string> words_;
  std::vector<Flag> flags_;
  Flag model_flag_;
};

// Of a command with one text: sets the model, and the text if it is a word of the line.
Status TakeWords(const TaskWords& words, ModelFlags& model, TextFlags& text);

}  // namespace parvis::cli

#endif  // PARVIS_CLI_TASK_WORDS_H_
