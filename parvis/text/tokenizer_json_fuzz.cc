// tokenizer.json from anybody: it is refused or it encodes and decodes any bytes. The input is the
// file, then, after a zero byte, a text.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "parvis/core/check.h"
#include "parvis/text/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using parvis::text::Encoded;
  using parvis::text::ReadTokenizerJson;
  using parvis::text::WriteTokenizerJson;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t end = std::min(input.find('\0'), input.size());
  const auto tokenizer = ReadTokenizerJson(input.substr(0, end));
  if (!tokenizer.ok()) return 0;
  const std::string_view text = input.substr(std::min(end + 1, size));
  const Encoded encoded = (*tokenizer)->Encode(text, {.parse_special = true, .offsets = true});
  PARVIS_CHECK(encoded.ids.size() == encoded.offsets.size());
  for (size_t i = 0; i < encoded.ids.size(); ++i) {
    PARVIS_CHECK(encoded.ids[i] >= 0 && encoded.ids[i] < (*tokenizer)->vocab_size());
    PARVIS_CHECK(encoded.offsets[i].first <= encoded.offsets[i].second);
    PARVIS_CHECK(encoded.offsets[i].second <= text.size());
  }
  (void)(*tokenizer)->Decode(encoded.ids);
  PARVIS_CHECK(ReadTokenizerJson(WriteTokenizerJson(**tokenizer)).ok());
  return 0;
}
