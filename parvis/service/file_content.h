#ifndef PARVIS_SERVICE_FILE_CONTENT_H_
#define PARVIS_SERVICE_FILE_CONTENT_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "parvis/core/result.h"

namespace parvis::service {

// The bytes of a stored file, wherever they are kept.
struct FileContent {
  int64_t bytes = 0;
  // Those from `at` on, `most` at most; empty at the end. By one thread at a time; may wait for the
  // disk. It holds what it needs, and may outlive the store.
  std::function<Result<std::string>(int64_t at, size_t most)> read;
};

// Of a file of this machine, which stays open as long.
Result<FileContent> ContentOfFile(const std::string& path);

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_FILE_CONTENT_H_
