// A SentencePiece model from anybody: it is refused or it encodes and decodes any bytes. The first
// two bytes of the input are the size of the text that comes first, then the file.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "parvis/text/fuzz_tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t text = std::min<size_t>(size_t{data[0]} | size_t{data[1]} << 8, size - 2);
  const auto tokenizer = parvis::text::ReadSentencePieceModel(input.substr(2 + text));
  if (tokenizer.ok()) parvis::text::CheckEncoding(**tokenizer, input.substr(2, text));
  return 0;
}
