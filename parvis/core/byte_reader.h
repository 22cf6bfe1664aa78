#ifndef PARVIS_CORE_BYTE_READER_H_
#define PARVIS_CORE_BYTE_READER_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "parvis/core/result.h"

namespace parvis {

// The one reader for untrusted binary bytes (little-endian). It never reads outside its span and
// never allocates; a refusal names the field and the byte offset:
//
//   tensor_count at byte 8: needs 8 bytes, 3 are left
//
// The span must outlive the reader and every view that it returned.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  size_t offset() const { return offset_; }
  size_t left() const { return bytes_.size() - offset_; }

  template <typename T>
  Result<T> Read(std::string_view field) {
    static_assert(std::is_arithmetic_v<T> && std::endian::native == std::endian::little);
    if (left() < sizeof(T)) return Short(field, sizeof(T));
    T value;
    std::memcpy(&value, bytes_.data() + offset_, sizeof(T));
    offset_ += sizeof(T);
    return value;
  }

  // A view of the next `size` bytes.
  Result<std::span<const std::byte>> Bytes(std::string_view field, uint64_t size) {
    if (size > left()) return Short(field, size);
    const auto view = bytes_.subspan(offset_, size);
    offset_ += size;
    return view;
  }

  Result<std::string_view> Text(std::string_view field, uint64_t size) {
    PARVIS_ASSIGN_OR_RETURN(const auto view, Bytes(field, size));
    return std::string_view(reinterpret_cast<const char*>(view.data()), view.size());
  }

  // A refusal that names `field` at `offset` (by default: where the reader stands).
  Status Refuse(std::string_view field, const std::string& why) const {
    return Refuse(field, why, offset_);
  }
  static Status Refuse(std::string_view field, const std::string& why, size_t offset) {
    return DataLoss(std::string(field) + " at byte " + std::to_string(offset) + ": " + why);
  }

 private:
  Status Short(std::string_view field, uint64_t size) const {
    return Refuse(
        field, "needs " + std::to_string(size) + " bytes, " + std::to_string(left()) + " are left");
  }

  std::span<const std::byte> bytes_;
  size_t offset_ = 0;
};

}  // namespace parvis

#endif  // PARVIS_CORE_BYTE_READER_H_
