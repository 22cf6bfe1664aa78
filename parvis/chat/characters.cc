#include "parvis/chat/characters.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>

#include "parvis/text/utf8.h"

namespace parvis::chat {
namespace {

struct Special {
  uint32_t code;
  std::string_view upper;
};
constexpr auto kSpecialUpper = std::to_array<Special>({
#include "parvis/chat/upper_cases.inc"
});

utf8proc_category_t CategoryOf(uint32_t code) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(code));
}

const Special* SpecialUpper(uint32_t code) {
  const auto at = std::lower_bound(kSpecialUpper.begin(), kSpecialUpper.end(), code,
                                   [](const Special& s, uint32_t c) { return s.code < c; });
  return at != kSpecialUpper.end() && at->code == code ? &*at : nullptr;
}

}  // namespace

bool IsPythonSpace(uint32_t code) {
  return (code >= 0x1C && code <= 0x1F) || text::ClassOf(code) == text::CharacterClass::kSpace;
}

bool IsPythonLineBreak(uint32_t code) {
  return (code >= 0x0A && code <= 0x0D) || (code >= 0x1C && code <= 0x1E) || code == 0x85 ||
         code == 0x2028 || code == 0x2029;
}

bool IsPythonPrintable(uint32_t code) {
  if (code < 0x7F) return code >= 0x20;
  switch (CategoryOf(code)) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return false;
    default:
      return true;
  }
}

bool IsPythonAlpha(uint32_t code) { return text::ClassOf(code) == text::CharacterClass::kLetter; }

bool IsPythonDecimal(uint32_t code) { return CategoryOf(code) == UTF8PROC_CATEGORY_ND; }

bool IsPythonDigit(uint32_t code) {
  // Superscripts, subscripts and numbers in circles have a digit's value, too.
  return IsPythonDecimal(code) || code == 0xB2 || code == 0xB3 || code == 0xB9 || code == 0x2070 ||
         (code >= 0x2074 && code <= 0x2079) || (code >= 0x2080 && code <= 0x2089) ||
         (code >= 0x2460 && code <= 0x2468) || (code >= 0x2474 && code <= 0x247C) ||
         (code >= 0x2488 && code <= 0x2490) || code == 0x24EA;
}

bool IsPythonNumeric(uint32_t code) { return text::ClassOf(code) == text::CharacterClass::kNumber; }

bool IsPythonUpper(uint32_t code) {
  return utf8proc_isupper(static_cast<utf8proc_int32_t>(code)) != 0;
}

bool IsPythonLower(uint32_t code) {
  return utf8proc_islower(static_cast<utf8proc_int32_t>(code)) != 0;
}

bool IsPythonTitle(uint32_t code) { return CategoryOf(code) == UTF8PROC_CATEGORY_LT; }

bool IsPythonCased(uint32_t code) {
  return IsPythonUpper(code) || IsPythonLower(code) || IsPythonTitle(code);
}

bool IsPythonWord(uint32_t code) {
  return code == '_' || IsPythonAlpha(code) || IsPythonNumeric(code);
}

void AppendUpper(uint32_t code, std::string& out) {
  if (const Special* special = code < 0x80 ? nullptr : SpecialUpper(code)) {
    out += special->upper;
    return;
  }
  text::AppendUtf8(static_cast<uint32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(code))),
                   out);
}

void AppendTitle(uint32_t code, std::string& out) {
  const Special* special = code < 0x80 ? nullptr : SpecialUpper(code);
  if (special == nullptr) {
    text::AppendUtf8(static_cast<uint32_t>(utf8proc_totitle(static_cast<utf8proc_int32_t>(code))),
                     out);
    return;
  }
  // Only the first of several characters is large: "ß" becomes "Ss".
  const size_t first = text::ReadCharacter(special->upper, 0).size;
  out += special->upper.substr(0, first);
  for (size_t at = first; at < special->upper.size();) {
    const text::Character c = text::ReadCharacter(special->upper, at);
    AppendLower(c.code, out);
    at += c.size;
  }
}

void AppendLower(uint32_t code, std::string& out) {
  if (code == 0x130) {  // İ, the one letter whose lower case has two characters
    out += "i\xCC\x87";
    return;
  }
  text::AppendUtf8(static_cast<uint32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(code))),
                   out);
}

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

size_t CountCharacters(std::string_view utf8) {
  return static_cast<size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

size_t ByteOfCharacter(std::string_view utf8, size_t index) {
  size_t at = 0;
  for (; index > 0 && at < utf8.size(); --index) {
    ++at;
    while (at < utf8.size() && (static_cast<unsigned char>(utf8[at]) & 0xC0) == 0x80) ++at;
  }
  return at;
}

}  // namespace parvis::chat
