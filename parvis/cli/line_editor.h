#ifndef PARVIS_CLI_LINE_EDITOR_H_
#define PARVIS_CLI_LINE_EDITOR_H_

#include <memory>
#include <optional>
#include <string>

namespace parvis::cli {

// Lines typed at a terminal, with the usual editing keys and a history that is kept in a file
// (readable by its owner only). One thread.
class LineEditor {
 public:
  // `history_path` may be empty: nothing is kept.
  explicit LineEditor(std::string history_path);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  // Shows `prompt` on stderr and waits for a line, without its newline. None when the user leaves
  // (Ctrl-D). Ctrl-C empties the line.
  std::optional<std::string> Read(const std::string& prompt);
  void Remember(const std::string& line);

 private:
  struct Terminal;
  std::unique_ptr<Terminal> terminal_;
};

// Reads what a user means by one entry: a line, or several between lines of """.
std::optional<std::string> ReadEntry(LineEditor& editor, const std::string& prompt);

}  // namespace parvis::cli

#endif  // PARVIS_CLI_LINE_EDITOR_H_
