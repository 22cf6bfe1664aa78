#ifndef PARVIS_CORE_MAPPED_FILE_H_
#define PARVIS_CORE_MAPPED_FILE_H_

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "parvis/core/result.h"

namespace parvis {

// A read-only memory mapping of a whole file. The bytes live as long as the object; tensors that
// look into it keep it alive through the shared_ptr.
class MappedFile {
 public:
  static Result<std::shared_ptr<const MappedFile>> Open(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return bytes_; }
  const std::string& path() const { return path_; }

  // Tells the system that the physical pages of `part` will not be read soon (after repacking).
  void Forget(std::span<const std::byte> part) const;

 private:
  MappedFile(std::string path, std::span<const std::byte> bytes);
  std::string path_;
  std::span<const std::byte> bytes_;
};

}  // namespace parvis

#endif  // PARVIS_CORE_MAPPED_FILE_H_
