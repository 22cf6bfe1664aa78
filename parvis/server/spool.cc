#include "parvis/server/spool.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace parvis::server {
namespace {

Status Failed(const char* what) { return IoError(std::string(what) + ": " + std::strerror(errno)); }

}  // namespace

Result<std::shared_ptr<Spool>> Spool::In(const std::string& folder) {
  std::string path = folder + "/upload-XXXXXX";
  const int file = ::mkostemp(path.data(), O_CLOEXEC);  // 0600
  if (file < 0) return Failed("no file for what is sent");
  auto spool = std::shared_ptr<Spool>(new Spool(file));
  if (::unlink(path.c_str()) != 0) return Failed("a file for what is sent");
  return spool;
}

Spool::~Spool() {
  if (mapped_ != nullptr) ::munmap(mapped_, bytes_);
  ::close(file_);
}

Status Spool::Append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Failed("cannot write what is sent");
    bytes_ += static_cast<size_t>(written);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

Result<std::string_view> Spool::Read() {
  if (bytes_ == 0) return std::string_view();
  if (mapped_ == nullptr) {
    void* const mapped = ::mmap(nullptr, bytes_, PROT_READ, MAP_PRIVATE, file_, 0);
    if (mapped == MAP_FAILED) return Failed("cannot read what was sent");
    mapped_ = mapped;
  }
  return std::string_view(static_cast<const char*>(mapped_), bytes_);
}

}  // namespace parvis::server
