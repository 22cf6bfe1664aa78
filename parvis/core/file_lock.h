#ifndef PARVIS_CORE_FILE_LOCK_H_
#define PARVIS_CORE_FILE_LOCK_H_

#include <string>

#include "parvis/core/result.h"

namespace parvis {

// That a file is ours until the end of the process at the latest: for folders that only one process
// may use at a time. The file holds the process's number, for people.
class FileLock {
 public:
  // kUnavailable: another process has it; the message says which.
  static Result<FileLock> Take(const std::string& path);
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace parvis

#endif  // PARVIS_CORE_FILE_LOCK_H_
