#include "parvis/core/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace parvis {
namespace {

constexpr size_t kReadStep = 65536;  // where a file does not say how long it is

Status Failed(const std::string& verb, const std::string& path) {
  const int error = errno;
  const std::string message = "cannot " + verb + " " + path + ": " + std::strerror(error);
  if (error == ENOENT || error == ENOTDIR) return NotFound(message);
  if (error == ENOSPC || error == EDQUOT || error == EMFILE || error == ENOMEM) {
    return ResourceExhausted(message);
  }
  if (error == EACCES || error == EPERM) return {StatusCode::kPermissionDenied, message};
  return IoError(message);
}

}  // namespace

Result<std::string> ReadFile(const std::string& path, size_t max_bytes) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Failed("open", path);
  struct stat info;
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    ::close(fd);
    return InvalidArgument(path + " is not a regular file");
  }
  if (static_cast<size_t>(info.st_size) > max_bytes) {
    ::close(fd);
    return ResourceExhausted(path + " has " + std::to_string(info.st_size) +
                             " bytes, more than the limit of " + std::to_string(max_bytes));
  }
  // The size is only a hint: files of /proc say 0, others grow while we read. One byte more, so
  // that the end shows without another buffer.
  std::string content(static_cast<size_t>(info.st_size) + 1, '\0');
  size_t done = 0;
  for (;;) {
    if (done > max_bytes) {
      ::close(fd);
      return ResourceExhausted(path + " has more than the limit of " + std::to_string(max_bytes) +
                               " bytes");
    }
    if (done == content.size()) content.resize(2 * content.size() + kReadStep);
    const ssize_t n = ::read(fd, content.data() + done, content.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const Status status = Failed("read", path);
      ::close(fd);
      return status;
    }
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  ::close(fd);
  content.resize(done);
  return content;
}

AtomicFile::AtomicFile(std::string path, std::string temporary, int fd)
    : path_(std::move(path)), temporary_(std::move(temporary)), fd_(fd) {}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::move(other.temporary_)),
      fd_(std::exchange(other.fd_, -1)),
      written_(other.written_) {}

AtomicFile::~AtomicFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(temporary_.c_str());
}

Result<AtomicFile> AtomicFile::Create(const std::string& path) {
  const std::string temporary = path + ".tmp." + std::to_string(::getpid());
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return Failed("create", temporary);
  return AtomicFile(path, temporary, fd);
}

Status AtomicFile::Write(const void* data, size_t size) {
  const char* bytes = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t n = ::write(fd_, bytes, size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Failed("write", temporary_);
    bytes += n;
    size -= static_cast<size_t>(n);
    written_ += static_cast<size_t>(n);
  }
  return {};
}

Status AtomicFile::Commit() {
  if (::fsync(fd_) != 0) return Failed("sync", temporary_);
  const int fd = std::exchange(fd_, -1);
  if (::close(fd) != 0 || ::rename(temporary_.c_str(), path_.c_str()) != 0) {
    Status status = Failed("rename into", path_);
    ::unlink(temporary_.c_str());
    return status;
  }
  std::string folder = std::filesystem::path(path_).parent_path();
  if (folder.empty()) folder = ".";
  const int folder_fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder_fd >= 0) {
    ::fsync(folder_fd);
    ::close(folder_fd);
  }
  return {};
}

Status WriteFileAtomically(const std::string& path, std::string_view content) {
  PARVIS_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  PARVIS_RETURN_IF_ERROR(file.Write(content));
  return file.Commit();
}

}  // namespace parvis
