#include "parvis/cli/console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "parvis/cli/version.h"

namespace parvis::cli {

void Console::Print(std::string_view text) {
  if (silent) return;
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) failed_ = true;
}

void Console::PrintJson(const OrderedJson& document) {
  Print(document.dump(-1, ' ', false, OrderedJson::error_handler_t::replace));
  Print("\n");
}

void Console::Flush() {
  if (std::fflush(stdout) != 0) failed_ = true;
}

void Console::Note(std::string_view text) const {
  if (!quiet && !silent) std::fprintf(stderr, "%.*s\n", static_cast<int>(text.size()), text.data());
}

void Console::Fail(std::string_view command, const Status& status) const {
  if (silent) return;
  const bool colour = Coloured();
  std::fprintf(stderr, "%sparvis %.*s:%s %s\n", colour ? "\033[31m" : "",
               static_cast<int>(command.size()), command.data(), colour ? "\033[0m" : "",
               status.message().c_str());
}

OrderedJson Console::Document(std::string_view command) {
  return {{"schema", "parvis." + std::string(command) + "/1"}, {"parvis", kVersion}};
}

Status Console::Finish() {
  errno = 0;
  Flush();
  if (!failed_) return {};
  return IoError(std::string("stdout: ") + std::strerror(errno != 0 ? errno : EIO));
}

bool IsTerminal(int descriptor) { return isatty(descriptor) == 1; }

int TerminalWidth() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

bool Coloured() {
  const char* no_color = std::getenv("NO_COLOR");
  return IsTerminal(STDERR_FILENO) && (no_color == nullptr || *no_color == '\0');
}

int ExitCode(const Status& status) {
  switch (status.code()) {
    case StatusCode::kOk:
      return 0;
    case StatusCode::kInvalidArgument:
      return 2;
    case StatusCode::kDataLoss:
      return 65;
    case StatusCode::kNotFound:
      return 66;
    case StatusCode::kUnavailable:
    case StatusCode::kUnimplemented:
      return 69;
    case StatusCode::kInternal:
      return 70;
    case StatusCode::kResourceExhausted:
      return 73;
    case StatusCode::kIoError:
      return 74;
    case StatusCode::kPermissionDenied:
      return 77;
    case StatusCode::kCancelled:
      return 130;
  }
  return 1;
}

}  // namespace parvis::cli
