#ifndef PARVIS_CLI_CONSOLE_H_
#define PARVIS_CLI_CONSOLE_H_

#include <string>
#include <string_view>

#include "parvis/core/json.h"
#include "parvis/core/status.h"

namespace parvis::cli {

// Where a command speaks: data on stdout, everything else on stderr. Used by one thread.
class Console {
 public:
  bool json = false;   // --json: one JSON document on stdout instead of text
  bool quiet = false;  // --quiet: no notes and no progress
  // Says nothing at all: another process of the same work speaks for it.
  bool silent = false;

  // Data. A refused write is remembered and becomes the exit code (Finish).
  void Print(std::string_view text);
  void PrintJson(const OrderedJson& document);  // and a newline
  void Flush();

  // A note for the reader, unless --quiet. A newline is added.
  void Note(std::string_view text) const;
  // The last word of a command that failed: "parvis run: …".
  void Fail(std::string_view command, const Status& status) const;

  // The beginning of every JSON document: {"schema": "parvis.<command>/1", "parvis": version}.
  static OrderedJson Document(std::string_view command);

  // Flushes stdout; the status of the first write that failed (a full disk, a closed pipe).
  Status Finish();

 private:
  bool failed_ = false;
};

// stdin, stdout or stderr (0, 1, 2) is a terminal.
bool IsTerminal(int descriptor);
// Columns of the terminal on stderr; 80 if unknown.
int TerminalWidth();
// Whether stderr may be coloured: a terminal, and NO_COLOR is not set.
bool Coloured();

// The process's exit code for a status: 0, 1, 2 (usage), or sysexits' 65 (bad data), 66 (no input),
// 69 (unavailable), 70 (our mistake), 73 (no room), 74 (input/output), 77 (not permitted),
// 130 (Ctrl-C).
int ExitCode(const Status& status);

}  // namespace parvis::cli

#endif  // PARVIS_CLI_CONSOLE_H_
