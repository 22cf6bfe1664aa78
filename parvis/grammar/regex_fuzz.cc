// A pattern from anybody: it is refused, or becomes a machine within its budget that accepts only
// UTF-8 and never gets stuck. The input is the pattern, then, after a zero byte, a text.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "parvis/core/check.h"
#include "parvis/grammar/regex.h"
#include "parvis/text/utf8.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t end = std::min(input.find('\0'), input.size());
  parvis::grammar::Budget budget;
  const auto dfa = parvis::grammar::CompilePattern(input.substr(0, end), budget);
  if (!dfa.ok() || dfa->empty()) return 0;
  const std::string_view text = input.substr(std::min(end + 1, input.size()));
  if (dfa->Matches(text)) PARVIS_CHECK(parvis::text::IsValidUtf8(text));
  // Some way leads to a text that is accepted, whatever comes first.
  int32_t state = 0;
  std::string written;
  for (int i = 0; i < 200 && !dfa->accepting[state]; ++i) {
    PARVIS_CHECK(dfa->HasNext(state));
    for (int byte = 0; byte < 256; ++byte) {
      const int32_t next = dfa->Next(state, static_cast<uint8_t>(byte + i));
      if (next == parvis::grammar::Dfa::kDead) continue;
      written += static_cast<char>(byte + i);
      state = next;
      break;
    }
  }
  if (dfa->accepting[state]) PARVIS_CHECK(parvis::text::IsValidUtf8(written));
  return 0;
}
