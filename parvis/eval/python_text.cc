#include "parvis/eval/python_text.h"

#include <algorithm>

#include "parvis/text/lower_case.h"
#include "parvis/text/utf8.h"

namespace parvis::eval {

std::vector<std::string> PythonSplit(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  for (size_t at = 0; at < text.size();) {
    const text::Character c = text::ReadCharacter(text, at);
    const bool space = c.valid && (text::ClassOf(c.code) == text::CharacterClass::kSpace ||
                                   (c.code >= 0x1C && c.code <= 0x1F));
    if (!space) {
      word.append(text.substr(at, c.size));
    } else if (!word.empty()) {
      words.push_back(std::move(word));
      word.clear();
    }
    at += c.size;
  }
  if (!word.empty()) words.push_back(std::move(word));
  return words;
}

std::string PythonLower(std::string_view text) {
  constexpr std::string_view kDottedCapital = "\xC4\xB0";  // U+0130, the one that becomes two
  std::string lower;
  for (size_t at = 0; at < text.size();) {
    const size_t found = std::min(text.find(kDottedCapital, at), text.size());
    lower += text::LowerCase(text.substr(at, found - at));
    if (found < text.size()) lower += "i\xCC\x87";
    at = found + kDottedCapital.size();
  }
  return lower;
}

}  // namespace parvis::eval
