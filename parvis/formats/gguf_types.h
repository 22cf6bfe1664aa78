#ifndef PARVIS_FORMATS_GGUF_TYPES_H_
#define PARVIS_FORMATS_GGUF_TYPES_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "parvis/tensor/dtype.h"

// ggml's tensor types as GGUF numbers them (ggml/include/ggml.h), and bounds that reader and writer
// share.
namespace parvis::formats {

struct GgmlType {
  uint32_t number;
  std::string_view name;
  int64_t group_elements;
  int64_t group_bytes;
  std::optional<DType> dtype;  // none: listed, not read
};

const GgmlType* FindGgmlType(uint32_t number);  // null: unknown
const GgmlType* FindGgmlType(DType dtype);      // null: GGUF does not hold it

constexpr std::string_view kGgufMagic = "GGUF";
constexpr size_t kGgufAlignment = 32;      // unless general.alignment says otherwise
constexpr size_t kGgufMaxTensorName = 63;  // ggml's GGML_MAX_NAME with its final zero
constexpr size_t kGgufMaxKey = 65535;      // docs/gguf.md
constexpr uint32_t kGgufMaxRank = 4;

}  // namespace parvis::formats

#endif  // PARVIS_FORMATS_GGUF_TYPES_H_
