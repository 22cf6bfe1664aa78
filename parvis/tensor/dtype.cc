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
    {DType::kF32, "f32", {1, 4}},      {DType::kF16, "f16", {1, 2}},
    {DType::kBf16, "bf16", {1, 2}},    {DType::kQ8_0, "q8_0", {32, 34}},
    {DType::kQ4_0, "q4_0", {32, 18}},  {DType::kQ4_1, "q4_1", {32, 20}},
    {DType::kQ5_0, "q5_0", {32, 22}},  {DType::kQ5_1, "q5_1", {32, 24}},
    {DType::kQ4K, "q4_K", {256, 144}}, {DType::kQ5K, "q5_K", {256, 176}},
    {DType::kQ6K, "q6_K", {256, 210}}, {DType::kI32, "i32", {1, 4}},
    {DType::kI64, "i64", {1, 8}},      {DType::kU8, "u8", {1, 1}},
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

bool IsQuantised(DType dtype) { return GroupOf(dtype).elements > 1; }

bool IsReal(DType dtype) {
  return dtype != DType::kI32 && dtype != DType::kI64 && dtype != DType::kU8;
}

}  // namespace parvis
