#include "parvis/service/model_place.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

namespace parvis::service {
namespace {

namespace fs = std::filesystem;

int64_t ModifiedMs(const fs::path& path) {
  struct stat info = {};
  if (stat(path.c_str(), &info) != 0) return 0;
  return int64_t{info.st_mtim.tv_sec} * 1000 + info.st_mtim.tv_nsec / 1'000'000;
}

}  // namespace

size_t BytesOf(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    const auto size = fs::file_size(path, error);
    return error ? 0 : static_cast<size_t>(size);
  }
  size_t bytes = 0;
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (it->is_regular_file(ignored)) bytes += static_cast<size_t>(it->file_size(ignored));
  }
  return bytes;
}

int64_t LastModifiedMs(const std::string& path) {
  int64_t last = ModifiedMs(path);
  std::error_code error;
  if (!fs::is_directory(path, error)) return last;
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    last = std::max(last, ModifiedMs(it->path()));
  }
  return last;
}

}  // namespace parvis::service
