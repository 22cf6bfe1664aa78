#ifndef PARVIS_CORE_XZ_H_
#define PARVIS_CORE_XZ_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "parvis/core/result.h"

namespace parvis {

// Unpacks xz data as it comes. At most 1 GiB of memory is taken. One thread at a time.
class XzReader {
 public:
  // Puts at most `size` bytes of packed data into `to` and says how many; 0 at the end.
  using Source = std::function<Result<size_t>(void* to, size_t size)>;

  static Result<XzReader> Create();
  XzReader(XzReader&&) noexcept;
  XzReader& operator=(XzReader&&) noexcept;
  ~XzReader();

  // Appends at most `size` bytes of what was packed; none at the end. Damaged data and data that
  // was cut short are refused by their byte.
  Status Read(const Source& source, size_t size, std::string& to);

 private:
  struct State;
  explicit XzReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// What `packed` holds; more than `max_bytes` is refused.
Result<std::string> DecompressXz(std::string_view packed, size_t max_bytes);

}  // namespace parvis

#endif  // PARVIS_CORE_XZ_H_
