#ifndef PARVIS_TENSOR_DTYPE_H_
#define PARVIS_TENSOR_DTYPE_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace parvis {

// How the elements of a tensor are stored. The quantised ones are GGUF's: groups along the last
// dimension (docs/formats/gguf.md).
enum class DType {
  kF32,
  kF16,
  kBf16,
  kQ8_0,
  kQ4_0,
  kQ4_1,
  kQ5_0,
  kQ5_1,
  kQ4K,
  kQ5K,
  kQ6K,
  kI32,
  kI64,
  kU8
};

std::string_view DTypeName(DType dtype);  // "f32", "bf16", "q8_0", "q4_K", "i32" …
std::optional<DType> DTypeFromName(std::string_view name);

// Elements that are stored together, and their bytes: {1, 4} for f32, {32, 34} for q8_0.
struct DTypeGroup {
  int64_t elements;
  int64_t bytes;
};
DTypeGroup GroupOf(DType dtype);

bool IsQuantised(DType dtype);  // of more than one element a group
bool IsReal(DType dtype);       // weights can be stored so: not i32, i64, u8

}  // namespace parvis

#endif  // PARVIS_TENSOR_DTYPE_H_
