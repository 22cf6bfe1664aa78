#include "parvis/text/utf8.h"

#include <utf8proc.h>

#include <array>

namespace parvis::text {
namespace {

CharacterClass Classify(uint32_t code) {
  if ((code >= 0x09 && code <= 0x0D) || code == 0x20 || code == 0x85 || code == 0xA0 ||
      code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x2028 || code == 0x2029 ||
      code == 0x202F || code == 0x205F || code == 0x3000) {
    return CharacterClass::kSpace;
  }
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(code))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
      return CharacterClass::kLetter;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return CharacterClass::kNumber;
    default:
      return CharacterClass::kOther;
  }
}

}  // namespace

Character ReadCharacter(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) -> uint32_t {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u;
  };
  const uint32_t first = byte(0);
  if (first < 0x80) return {first, 1, true};
  // The second byte's range keeps out overlong forms, surrogates and what is above U+10FFFF.
  uint32_t length, low = 0x80, high = 0xBF, code;
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2, code = first & 0x1F;
  } else if (first >= 0xE0 && first <= 0xEF) {
    length = 3, code = first & 0x0F;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
  } else if (first >= 0xF0 && first <= 0xF4) {
    length = 4, code = first & 0x07;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
  } else {
    return {0xFFFD, 1, false};
  }
  for (uint32_t i = 1; i < length; ++i) {
    const uint32_t next = byte(i);
    if (next < low || next > high) return {0xFFFD, i, false};
    low = 0x80, high = 0xBF;
    code = code << 6 | (next & 0x3F);
  }
  return {code, length, true};
}

uint32_t EncodeUtf8(uint32_t code, char* out) {
  const auto tail = [&](int shift) { return static_cast<char>(0x80 | (code >> shift & 0x3F)); };
  if (code < 0x80) {
    out[0] = static_cast<char>(code);
    return 1;
  }
  if (code < 0x800) {
    out[0] = static_cast<char>(0xC0 | code >> 6);
    out[1] = tail(0);
    return 2;
  }
  if (code < 0x10000) {
    out[0] = static_cast<char>(0xE0 | code >> 12);
    out[1] = tail(6);
    out[2] = tail(0);
    return 3;
  }
  out[0] = static_cast<char>(0xF0 | code >> 18);
  out[1] = tail(12);
  out[2] = tail(6);
  out[3] = tail(0);
  return 4;
}

void AppendUtf8(uint32_t code, std::string& text) {
  char bytes[4];
  text.append(bytes, EncodeUtf8(code, bytes));
}

bool IsValidUtf8(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    if (static_cast<unsigned char>(text[at]) < 0x80) {
      ++at;
      continue;
    }
    const Character c = ReadCharacter(text, at);
    if (!c.valid) return false;
    at += c.size;
  }
  return true;
}

Repaired Repair(std::string_view text) {
  Repaired repaired;
  for (size_t at = 0; at < text.size();) {
    const Character c = ReadCharacter(text, at);
    const size_t before = repaired.text.size();
    if (c.valid) {
      repaired.text.append(text, at, c.size);
    } else {
      AppendUtf8(0xFFFD, repaired.text);
    }
    for (size_t i = before; i < repaired.text.size(); ++i) {
      repaired.origin.push_back(static_cast<uint32_t>(c.valid ? at + (i - before) : at));
    }
    at += c.size;
  }
  repaired.origin.push_back(static_cast<uint32_t>(text.size()));
  return repaired;
}

ReadableText::ReadableText(std::string_view input) : text_(input) {
  if (IsValidUtf8(input)) return;
  repaired_ = Repair(input);
  text_ = repaired_.text;
}

void ReadableText::PointIntoInput(std::vector<std::pair<uint32_t, uint32_t>>& ranges) const {
  if (repaired_.origin.empty()) return;
  for (auto& [begin, end] : ranges) {
    begin = repaired_.origin[begin];
    end = repaired_.origin[end];
  }
}

CharacterClass ClassOf(uint32_t code) {
  static const auto table = [] {
    std::array<CharacterClass, 0x3000> classes{};
    for (uint32_t c = 0; c < classes.size(); ++c) classes[c] = Classify(c);
    return classes;
  }();
  return code < table.size() ? table[code] : Classify(code);
}

bool IsSmallLetter(uint32_t code) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(code)) == UTF8PROC_CATEGORY_LL;
}

bool IsMark(uint32_t code) {
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(code))) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
      return true;
    default:
      return false;
  }
}

bool IsPunctuation(uint32_t code) {
  if (code < 0x80) {
    return code > 0x20 && code < 0x7F && ClassOf(code) == CharacterClass::kOther;
  }
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(code))) {
    case UTF8PROC_CATEGORY_PC:
    case UTF8PROC_CATEGORY_PD:
    case UTF8PROC_CATEGORY_PS:
    case UTF8PROC_CATEGORY_PE:
    case UTF8PROC_CATEGORY_PI:
    case UTF8PROC_CATEGORY_PF:
    case UTF8PROC_CATEGORY_PO:
      return true;
    default:
      return false;
  }
}

bool IsWordCharacter(uint32_t code) {
  // Joiners, and the circled and squared letters, which are symbols by category.
  if (code == 0x200C || code == 0x200D || (code >= 0x24B6 && code <= 0x24E9) ||
      (code >= 0x1F130 && code <= 0x1F149) || (code >= 0x1F150 && code <= 0x1F169) ||
      (code >= 0x1F170 && code <= 0x1F189)) {
    return true;
  }
  if (ClassOf(code) == CharacterClass::kLetter) return true;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(code))) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_PC:
      return true;
    default:
      return false;
  }
}

}  // namespace parvis::text
