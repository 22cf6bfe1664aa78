// tokenizer.json from anybody: it is refused or it encodes and decodes any bytes, and comes back
// from what is written of it. The input is the file, then, after a zero byte, a text.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "parvis/text/fuzz_tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using parvis::text::ReadTokenizerJson;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t end = std::min(input.find('\0'), input.size());
  const auto tokenizer = ReadTokenizerJson(input.substr(0, end));
  if (!tokenizer.ok()) return 0;
  parvis::text::CheckEncoding(**tokenizer, input.substr(std::min(end + 1, size)));
  PARVIS_CHECK(ReadTokenizerJson(WriteTokenizerJson(**tokenizer)).ok());
  return 0;
}
