#ifndef PARVIS_CORE_FILE_H_
#define PARVIS_CORE_FILE_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "parvis/core/result.h"

namespace parvis {

// Reads a whole file of at most `max_bytes`.
Result<std::string> ReadFile(const std::string& path, size_t max_bytes = size_t{1} << 30);

// A file that appears whole or not at all: written beside as PATH.tmp.PID, synced and renamed by
// Commit(). Without Commit() the destructor removes what was written. One thread at a time.
class AtomicFile {
 public:
  static Result<AtomicFile> Create(const std::string& path);
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();

  Status Write(const void* data, size_t size);
  Status Write(std::string_view text) { return Write(text.data(), text.size()); }
  size_t written() const { return written_; }
  // Syncs data, renames over PATH, syncs the folder.
  Status Commit();

 private:
  AtomicFile(std::string path, std::string temporary, int fd);
  std::string path_, temporary_;
  int fd_ = -1;
  size_t written_ = 0;
};

// AtomicFile in one call.
Status WriteFileAtomically(const std::string& path, std::string_view content);

}  // namespace parvis

#endif  // PARVIS_CORE_FILE_H_
