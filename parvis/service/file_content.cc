#include "parvis/service/file_content.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace parvis::service {
namespace {

class OpenFile {
 public:
  explicit OpenFile(int file) : file_(file) {}
  ~OpenFile() { close(file_); }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  Result<std::string> Read(int64_t at, size_t most) const {
    std::string bytes(most, '\0');
    ssize_t count = 0;
    do {
      count = pread(file_, bytes.data(), bytes.size(), at);
    } while (count < 0 && errno == EINTR);
    if (count < 0) return IoError(std::string("a stored file: ") + std::strerror(errno));
    bytes.resize(static_cast<size_t>(count));
    return bytes;
  }

 private:
  const int file_;
};

}  // namespace

Result<FileContent> ContentOfFile(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return IoError(path + ": " + std::strerror(errno));
  const auto held = std::make_shared<const OpenFile>(file);
  struct stat facts {};
  if (fstat(file, &facts) != 0) return IoError(path + ": " + std::strerror(errno));
  return FileContent{.bytes = facts.st_size,
                     .read = [held](int64_t at, size_t most) { return held->Read(at, most); }};
}

}  // namespace parvis::service
