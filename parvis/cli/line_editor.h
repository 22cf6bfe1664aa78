#ifndef PARVIS_CLI_LINE_EDITOR_H_
#define PARVIS_CLI_LINE_EDITOR_H_

#include <memory>
#include <string>

namespace parvis::cli {

// How a line, or an entry, ended.
enum class Typed {
  kText,       // with Enter
  kInterrupt,  // with Ctrl-C: the text is what it drops
  kEnd,        // the user leaves (Ctrl-D, or the terminal has gone)
};

// Lines typed at a terminal, with the usual editing keys and a history that is kept in a file
// (readable by its owner only). One thread. After CatchInterrupts() (interrupt.h).
class LineEditor {
 public:
  // `history_path` may be empty: nothing is kept.
  explicit LineEditor(std::string history_path);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  // Shows `prompt` on stderr and waits for a line, without its newline. A Ctrl-C that came before
  // and was not obeyed counts as one at this prompt.
  Typed Read(const std::string& prompt, std::string* line);
  void Remember(const std::string& line);

 private:
  struct Terminal;
  std::unique_ptr<Terminal> terminal_;
};

// Reads what a user means by one entry: a line, or several between lines of """.
Typed ReadEntry(LineEditor& editor, const std::string& prompt, std::string* entry);

}  // namespace parvis::cli

#endif  // PARVIS_CLI_LINE_EDITOR_H_
