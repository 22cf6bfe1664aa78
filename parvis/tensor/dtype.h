#ifndef PARVIS_TENSOR_DTYPE_H_
#define PARVIS_TENSOR_DTYPE_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace parvis {

// How the elements of a tensor are stored.
//   kQ8_0: groups of 32 along the last dimension, each an f16 scale and 32 int8 (34 bytes), as GGUF
//          stores them.
enum class DType { kF32, kF16, kBf16, kQ8_0, kI32, kI64, kU8 };

std::string_view DTypeName(DType dtype);  // "f32", "f16", "bf16", "q8_0", "i32", "i64", "u8"
std::optional<DType> DTypeFromName(std::string_view name);

// Elements that are stored together, and their bytes: {1, 4} for f32, {32, 34} for q8_0.
struct DTypeGroup {
  int64_t elements;
  int64_t bytes;
};
DTypeGroup GroupOf(DType dtype);

}  // namespace parvis

#endif  // PARVIS_TENSOR_DTYPE_H_
