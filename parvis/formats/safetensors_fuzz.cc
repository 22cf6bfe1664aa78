// Any bytes as a safetensors file.

#include "parvis/formats/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto header = parvis::formats::ParseSafetensors(std::as_bytes(std::span(data, size)));
  if (!header.ok()) return 0;
  for (const parvis::formats::TensorEntry& entry : header->tensors) {
    PARVIS_CHECK(entry.offset <= size && entry.bytes <= size - entry.offset);
  }
  return 0;
}
