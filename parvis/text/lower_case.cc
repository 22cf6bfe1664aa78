#include "parvis/text/lower_case.h"

#include <utf8proc.h>

#include "parvis/text/utf8.h"

namespace parvis::text {

std::string LowerCase(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    if (const char c = text[at]; static_cast<unsigned char>(c) < 128) {
      result += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
      ++at;
      continue;
    }
    const Character character = ReadCharacter(text, at);
    if (character.valid) {
      AppendUtf8(static_cast<uint32_t>(utf8proc_tolower(static_cast<int32_t>(character.code))),
                 result);
    } else {
      result += text.substr(at, character.size);
    }
    at += character.size;
  }
  return result;
}

}  // namespace parvis::text
