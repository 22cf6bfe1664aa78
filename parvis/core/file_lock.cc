#include "parvis/core/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace parvis {
namespace {

Status Failed(const std::string& verb, const std::string& path) {
  const int error = errno;
  const std::string message = "cannot " + verb + " " + path + ": " + std::strerror(error);
  if (error == EACCES || error == EPERM) return {StatusCode::kPermissionDenied, message};
  return IoError(message);
}

}  // namespace

Result<FileLock> FileLock::Take(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return Failed("open", path);
  FileLock lock(fd);
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) {
    const std::string number = std::to_string(::getpid()) + "\n";
    const bool written = ::ftruncate(fd, 0) == 0 && ::pwrite(fd, number.data(), number.size(), 0) ==
                                                        static_cast<ssize_t>(number.size());
    if (!written) return Failed("write", path);
    return lock;
  }
  if (errno != EWOULDBLOCK) return Failed("lock", path);
  char text[32] = {};
  const ssize_t size = ::pread(fd, text, sizeof(text) - 1, 0);
  const std::string number(text, std::find(text, text + std::max<ssize_t>(size, 0), '\n'));
  return Status(StatusCode::kUnavailable, path + ": process " + number + " has it");
}

FileLock::FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FileLock::~FileLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace parvis
