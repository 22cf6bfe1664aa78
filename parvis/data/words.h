#ifndef PARVIS_DATA_WORDS_H_
#define PARVIS_DATA_WORDS_H_

#include <string_view>

#include "parvis/text/utf8.h"

namespace parvis::data {

// As text::ReadCharacter, text::ClassOf; ASCII, which most text is, without a call.
inline text::Character NextCharacter(std::string_view text, size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  return byte < 128 ? text::Character{byte, 1, true} : text::ReadCharacter(text, at);
}
inline text::CharacterClass QuickClassOf(uint32_t code) {
  if (code >= 128) return text::ClassOf(code);
  if ((code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z')) {
    return text::CharacterClass::kLetter;
  }
  if (code >= '0' && code <= '9') return text::CharacterClass::kNumber;
  return code == ' ' || (code >= '\t' && code <= '\r') ? text::CharacterClass::kSpace
                                                       : text::CharacterClass::kOther;
}

// Calls visit(word, characters) for each word: letters, digits and marks without others between.
template <typename Visit>
void ForEachWord(std::string_view text, const Visit& visit) {
  size_t word = std::string_view::npos;
  int64_t characters = 0;
  for (size_t at = 0; at <= text.size();) {
    const text::Character c =
        at < text.size() ? NextCharacter(text, at) : text::Character{' ', 1, true};
    const text::CharacterClass kind = QuickClassOf(c.code);
    const bool inside = kind == text::CharacterClass::kLetter ||
                        kind == text::CharacterClass::kNumber ||
                        (c.code >= 128 && text::IsMark(c.code));
    if (inside) {
      if (word == std::string_view::npos) word = at;
      ++characters;
    } else if (word != std::string_view::npos) {
      visit(text.substr(word, at - word), characters);
      word = std::string_view::npos;
      characters = 0;
    }
    at += c.size;
  }
}

}  // namespace parvis::data

#endif  // PARVIS_DATA_WORDS_H_
