#include "parvis/cli/input.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "parvis/core/file.h"

namespace parvis::cli {
namespace {

// Until its end, of which nothing is known before.
Result<std::string> ReadAll(int fd, const std::string& name, size_t max_bytes) {
  std::string text;
  char buffer[65536];
  for (;;) {
    const ssize_t count = read(fd, buffer, sizeof(buffer));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return IoError(name + ": " + std::strerror(errno));
    if (count == 0) return text;
    text.append(buffer, static_cast<size_t>(count));
    if (text.size() > max_bytes) {
      return ResourceExhausted(name + ": more than " + std::to_string(max_bytes) + " bytes");
    }
  }
}

}  // namespace

Result<std::string> ReadStdin(size_t max_bytes) {
  return ReadAll(STDIN_FILENO, "stdin", max_bytes);
}

Result<std::string> ReadInput(const std::string& path, size_t max_bytes) {
  if (path == "-") return ReadStdin(max_bytes);
  struct stat info;
  if (::stat(path.c_str(), &info) == 0 && (S_ISFIFO(info.st_mode) || S_ISCHR(info.st_mode))) {
    if (const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC); fd >= 0) {
      auto text = ReadAll(fd, path, max_bytes);
      ::close(fd);
      return text;
    }
  }
  return ReadFile(path, max_bytes);
}

}  // namespace parvis::cli
