#include "parvis/cli/input.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "parvis/core/file.h"

namespace parvis::cli {

Result<std::string> ReadStdin(size_t max_bytes) {
  std::string text;
  char buffer[65536];
  for (;;) {
    const ssize_t count = read(STDIN_FILENO, buffer, sizeof(buffer));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return IoError(std::string("stdin: ") + std::strerror(errno));
    if (count == 0) return text;
    text.append(buffer, static_cast<size_t>(count));
    if (text.size() > max_bytes) {
      return ResourceExhausted("stdin: more than " + std::to_string(max_bytes) + " bytes");
    }
  }
}

Result<std::string> ReadInput(const std::string& path) {
  return path == "-" ? ReadStdin() : ReadFile(path);
}

}  // namespace parvis::cli
