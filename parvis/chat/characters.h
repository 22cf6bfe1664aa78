#ifndef PARVIS_CHAT_CHARACTERS_H_
#define PARVIS_CHAT_CHARACTERS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace parvis::chat {

// What Python says of a character, since templates are written for Python's strings.
bool IsPythonSpace(uint32_t code);      // str.isspace, str.strip, \s of re
bool IsPythonLineBreak(uint32_t code);  // str.splitlines
bool IsPythonPrintable(uint32_t code);  // shown as itself by repr
bool IsPythonAlpha(uint32_t code);
bool IsPythonDecimal(uint32_t code);
bool IsPythonDigit(uint32_t code);
bool IsPythonNumeric(uint32_t code);
bool IsPythonUpper(uint32_t code);
bool IsPythonLower(uint32_t code);
bool IsPythonTitle(uint32_t code);
bool IsPythonCased(uint32_t code);
bool IsPythonWord(uint32_t code);  // \w of re, and what may stand in an identifier

// Appends the character in another case; it may become several.
void AppendUpper(uint32_t code, std::string& out);
void AppendTitle(uint32_t code, std::string& out);
void AppendLower(uint32_t code, std::string& out);

// Whether `text` is ASCII, where bytes are characters.
bool IsAscii(std::string_view text);
size_t CountCharacters(std::string_view utf8);
// The byte at which character `index` begins; the size of the text if there are not so many.
// REQUIRES: `utf8` is valid UTF-8.
size_t ByteOfCharacter(std::string_view utf8, size_t index);

}  // namespace parvis::chat

#endif  // PARVIS_CHAT_CHARACTERS_H_
