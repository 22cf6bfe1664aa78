#include "parvis/data/corpus_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "fmt/format.h"

namespace parvis::data {
namespace {

namespace fs = std::filesystem;

constexpr size_t kBuffer = size_t{1} << 20;

Status Failed(const std::string& verb, const std::string& path) {
  const int error = errno;
  const std::string message = fmt::format("cannot {} {}: {}", verb, path, std::strerror(error));
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) return ResourceExhausted(message);
  if (error == EACCES || error == EPERM || error == EROFS) {
    return {StatusCode::kPermissionDenied, message};
  }
  return IoError(message);
}

}  // namespace

FolderWriter::FolderWriter(std::string path, std::string temporary)
    : path_(std::move(path)), temporary_(std::move(temporary)) {}
FolderWriter::FolderWriter(FolderWriter&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, "")),
      files_(std::move(other.files_)) {}

FolderWriter::~FolderWriter() {
  for (auto& [name, file] : files_) {
    if (file.fd >= 0) ::close(file.fd);
  }
  std::error_code error;
  if (!temporary_.empty()) fs::remove_all(temporary_, error);
}

Result<FolderWriter> FolderWriter::Create(const std::string& path) {
  std::error_code error;
  std::string clean = fs::path(path).lexically_normal().string();
  while (clean.size() > 1 && clean.back() == '/') clean.pop_back();
  if (fs::exists(clean, error) && !fs::exists(clean + "/corpus.toml", error) &&
      !(fs::is_directory(clean, error) && fs::is_empty(clean, error))) {
    return InvalidArgument(clean +
                           " is there already and is no data set of Parvis: name another "
                           "folder (out)");
  }
  std::string temporary = fmt::format("{}.tmp.{}", clean, ::getpid());
  fs::remove_all(temporary, error);
  if (!fs::create_directories(temporary, error) && error) {
    errno = error.value();
    return Failed("make", temporary);
  }
  return FolderWriter(std::move(clean), std::move(temporary));
}

Status FolderWriter::Flush(File& file, const std::string& name) {
  std::string_view left = file.buffer;
  while (!left.empty()) {
    const ssize_t n = ::write(file.fd, left.data(), left.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Failed("write", PathOf(name));
    left.remove_prefix(static_cast<size_t>(n));
  }
  file.buffer.clear();
  return Status();
}

Status FolderWriter::Append(const std::string& name, std::string_view bytes) {
  File& file = files_[name];
  if (file.fd < 0) {
    const std::string path = PathOf(name);
    std::error_code error;
    fs::create_directories(fs::path(path).parent_path(), error);
    file.fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file.fd < 0) return Failed("make", path);
  }
  file.buffer += bytes;
  file.written += static_cast<int64_t>(bytes.size());
  return file.buffer.size() < kBuffer ? Status() : Flush(file, name);
}

Status FolderWriter::Close(const std::string& name) { return Flush(files_[name], name); }

int64_t FolderWriter::size(const std::string& name) const {
  const auto file = files_.find(name);
  return file == files_.end() ? 0 : file->second.written;
}

Status FolderWriter::Commit() {
  for (auto& [name, file] : files_) {
    PARVIS_RETURN_IF_ERROR(Flush(file, name));
    if (::fsync(file.fd) != 0) return Failed("write", PathOf(name));
  }
  // What was there goes aside first: a folder cannot be renamed over another.
  std::error_code error;
  const std::string old = fmt::format("{}.old.{}", path_, ::getpid());
  const bool replaced = fs::exists(path_, error);
  if (replaced && ::rename(path_.c_str(), old.c_str()) != 0) return Failed("replace", path_);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) {
    Status status = Failed("make", path_);
    if (replaced) (void)::rename(old.c_str(), path_.c_str());
    return status;
  }
  temporary_.clear();
  if (replaced) fs::remove_all(old, error);
  const int parent =
      ::open(fs::path(path_).parent_path().empty() ? "." : fs::path(path_).parent_path().c_str(),
             O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (parent >= 0) {
    ::fsync(parent);
    ::close(parent);
  }
  return Status();
}

}  // namespace parvis::data
