#include "parvis/tensor/dtype.h"

#include "parvis/core/check.h"

namespace parvis {
namespace {

struct Row {
  DType dtype;
  std::string_view name;
  DTypeGroup group;
};

constexpr Row kRows[] = {
    {DType::kF32, "f32", {1, 4}},     {DType::kF16, "f16", {1, 2}}, {DType::kBf16, "bf16", {1, 2}},
    {DType::kQ8_0, "q8_0", {32, 34}}, {DType::kI32, "i32", {1, 4}}, {DType::kI64, "i64", {1, 8}},
    {DType::kU8, "u8", {1, 1}},
};

const Row& RowOf(DType dtype) {
  for (const Row& row : kRows) {
    if (row.dtype == dtype) return row;
  }
  PARVIS_CHECK(false);
  return kRows[0];
}

}  // namespace

std::string_view DTypeName(DType dtype) { return RowOf(dtype).name; }

std::optional<DType> DTypeFromName(std::string_view name) {
  for (const Row& row : kRows) {
    if (row.name == name) return row.dtype;
  }
  return std::nullopt;
}

DTypeGroup GroupOf(DType dtype) { return RowOf(dtype).group; }

}  // namespace parvis
