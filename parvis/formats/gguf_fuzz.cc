// Any bytes as a GGUF file, its tokeniser and its values included.

#include "parvis/formats/gguf.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto gguf = parvis::formats::ParseGguf(std::as_bytes(std::span(data, size)));
  if (!gguf.ok()) return 0;
  for (const parvis::formats::TensorEntry& entry : gguf->tensors) {
    PARVIS_CHECK(entry.offset <= size && entry.bytes <= size - entry.offset);
  }
  for (const parvis::formats::GgufField& field : gguf->fields) (void)field.ToJson();
  const auto tokenizer = parvis::formats::TokenizerFromGguf(*gguf);
  if (tokenizer.ok() && *tokenizer != nullptr) (void)(*tokenizer)->Encode("Un été, 1 cat\n");
  return 0;
}
