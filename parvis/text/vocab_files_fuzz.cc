// vocab.txt, and vocab.json with merges.txt, from anybody. The input is up to four parts with zero
// bytes between: the text, the vocabulary, the merges, tokenizer_config.json.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "parvis/text/fuzz_tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::array<std::string_view, 4> parts;
  for (std::string_view& part : parts) {
    part = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
  }
  const auto list = parvis::text::ReadVocabTxt(parts[1], parts[3]);
  if (list.ok()) parvis::text::CheckEncoding(**list, parts[0]);
  const auto pair = parvis::text::ReadVocabAndMerges(parts[1], parts[2], parts[3]);
  if (pair.ok()) parvis::text::CheckEncoding(**pair, parts[0]);
  return 0;
}
