#include "parvis/chat/string_literal.h"

#include <cstdint>
#include <optional>

#include "fmt/format.h"
#include "parvis/text/utf8.h"

namespace parvis::chat {
namespace {

std::optional<char> SimpleEscape(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case 'r':
      return '\r';
    case 'a':
      return '\a';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'v':
      return '\v';
    case '\\':
    case '\'':
    case '"':
      return c;
    default:
      return std::nullopt;
  }
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// \x41, A, \U00000041: `digits` of them from `at`.
Result<uint32_t> ReadHex(std::string_view text, size_t at, size_t digits) {
  uint32_t code = 0;
  for (size_t i = at; i < at + digits; ++i) {
    const int value = i < text.size() ? HexValue(text[i]) : -1;
    if (value < 0) return DataLoss("an escape in a string lacks digits");
    code = code << 4 | static_cast<uint32_t>(value);
  }
  if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) {
    return DataLoss("an escape in a string is no character");
  }
  return code;
}

}  // namespace

Result<std::string> DecodeStringLiteral(std::string_view inside) {
  std::string out;
  for (size_t at = 0; at < inside.size();) {
    if (inside[at] != '\\' || at + 1 >= inside.size()) {
      out += inside[at++];
      continue;
    }
    const char c = inside[at + 1];
    if (const auto simple = SimpleEscape(c)) {
      out += *simple;
      at += 2;
    } else if (c == '\n') {  // a line that goes on
      at += 2;
    } else if (c >= '0' && c <= '7') {
      uint32_t code = 0;
      size_t end = at + 1;
      while (end < inside.size() && end < at + 4 && inside[end] >= '0' && inside[end] <= '7') {
        code = code * 8 + static_cast<uint32_t>(inside[end++] - '0');
      }
      text::AppendUtf8(code, out);
      at = end;
    } else if (c == 'x' || c == 'u' || c == 'U') {
      const size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : 8;
      PARVIS_ASSIGN_OR_RETURN(const uint32_t code, ReadHex(inside, at + 2, digits));
      text::AppendUtf8(code, out);
      at += 2 + digits;
    } else if (c == 'N') {
      return DataLoss("characters by name are not known");
    } else if (static_cast<unsigned char>(c) < 0x80) {
      out += inside.substr(at, 2);
      at += 2;
    } else {
      // Jinja writes such a character as an escape first, whose backslash this one then escapes.
      const text::Character character = text::ReadCharacter(inside, at + 1);
      out += character.code < 0x100     ? fmt::format("\\x{:02x}", character.code)
             : character.code < 0x10000 ? fmt::format("\\u{:04x}", character.code)
                                        : fmt::format("\\U{:08x}", character.code);
      at += 1 + character.size;
    }
  }
  return out;
}

}  // namespace parvis::chat
