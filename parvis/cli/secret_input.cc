#include "parvis/cli/secret_input.h"

#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <optional>

#include "parvis/cli/console.h"

namespace parvis::cli {
namespace {

constexpr size_t kMaxBytes = 4096;

// Byte by byte, so that nothing behind the line is taken and no buffer keeps it. `leaves`: what a
// terminal sends for Ctrl-C.
Result<std::string> ReadLine(std::optional<char> leaves) {
  std::string line;
  while (true) {
    char c = 0;
    const ssize_t got = read(STDIN_FILENO, &c, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0 && line.empty()) return InvalidArgument("nothing was typed");
    if (got > 0 && c == leaves) return Status(StatusCode::kCancelled, "nothing is changed");
    if (got <= 0 || c == '\n') break;
    line += c;
    if (line.size() > kMaxBytes) return InvalidArgument("that is too long");
  }
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

// What is typed is not shown until the end, and nothing ends the process before that: else the
// terminal would show nothing any more. Ctrl-C is read as what it is.
class HiddenTyping {
 public:
  HiddenTyping() {
    sigset_t held;
    sigemptyset(&held);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGTSTP}) sigaddset(&held, signal);
    sigprocmask(SIG_BLOCK, &held, &before_);
    termios shown = {};
    if (tcgetattr(STDIN_FILENO, &shown) != 0) return;
    shown_ = shown;
    shown.c_lflag &= ~static_cast<tcflag_t>(ECHO | ISIG);
    shown.c_cc[VEOL] = shown_->c_cc[VINTR];  // ends the line, so that it is read at once
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
  }
  ~HiddenTyping() {
    if (shown_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &*shown_);
    sigprocmask(SIG_SETMASK, &before_, nullptr);
  }
  HiddenTyping(const HiddenTyping&) = delete;
  HiddenTyping& operator=(const HiddenTyping&) = delete;

  Result<std::string> Ask(const std::string& prompt) const {
    std::fputs(prompt.c_str(), stderr);
    std::optional<char> leaves;
    if (shown_) leaves = static_cast<char>(shown_->c_cc[VINTR]);
    auto line = ReadLine(leaves);
    std::fputc('\n', stderr);
    return line;
  }

 private:
  sigset_t before_ = {};
  std::optional<termios> shown_;
};

}  // namespace

Result<std::string> ReadNewSecret(const std::string& what) {
  if (!IsTerminal(STDIN_FILENO)) return ReadLine(std::nullopt);
  const HiddenTyping terminal;
  PARVIS_ASSIGN_OR_RETURN(std::string first, terminal.Ask(what + ": "));
  PARVIS_ASSIGN_OR_RETURN(const std::string second, terminal.Ask("Once more: "));
  if (first != second) return InvalidArgument("the two are not the same");
  return first;
}

}  // namespace parvis::cli
