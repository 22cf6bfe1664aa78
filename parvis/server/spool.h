#ifndef PARVIS_SERVER_SPOOL_H_
#define PARVIS_SERVER_SPOOL_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "parvis/core/result.h"

namespace parvis::server {

// Bytes that are too many for memory: a file without a name, which is gone when nobody holds it,
// even after a crash. One thread at a time.
class Spool {
 public:
  static Result<std::shared_ptr<Spool>> In(const std::string& folder);
  ~Spool();
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  Status Append(std::string_view bytes);
  // All that was written, for as long as the spool lives. Nothing more is appended then.
  Result<std::string_view> Read();

 private:
  explicit Spool(int file) : file_(file) {}
  const int file_;
  size_t bytes_ = 0;
  void* mapped_ = nullptr;
};

}  // namespace parvis::server

#endif  // PARVIS_SERVER_SPOOL_H_
