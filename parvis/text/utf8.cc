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

void AppendUtf8(uint32_t code, std::string& text) {
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += static_cast<char>(0xC0 | code >> 6);
    text += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    text += static_cast<char>(0xE0 | code >> 12);
    text += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    text += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    text += static_cast<char>(0xF0 | code >> 18);
    text += static_cast<char>(0x80 | (code >> 12 & 0x3F));
    text += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    text += static_cast<char>(0x80 | (code & 0x3F));
  }
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
