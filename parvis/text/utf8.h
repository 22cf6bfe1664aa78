#ifndef PARVIS_TEXT_UTF8_H_
#define PARVIS_TEXT_UTF8_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace parvis::text {

// One character read from bytes. Where they are not UTF-8, `code` is U+FFFD and `size` counts the
// maximal part of a character that could be read (Unicode 15, section 3.9, table 3-8).
struct Character {
  uint32_t code = 0;
  uint32_t size = 0;
  bool valid = true;
};
Character ReadCharacter(std::string_view text, size_t at);  // REQUIRES: at < text.size()

// Writes the bytes of a character to `out` (room for 4); gives their number.
uint32_t EncodeUtf8(uint32_t code, char* out);
void AppendUtf8(uint32_t code, std::string& text);

bool IsValidUtf8(std::string_view text);

// A text in which every invalid part has become U+FFFD. origin[i] is where byte i came from (only
// the first byte of a replacement counts); origin[size] is the size of the original.
struct Repaired {
  std::string text;
  std::vector<uint32_t> origin;
};
Repaired Repair(std::string_view text);

// Any bytes as a tokeniser reads them: themselves where they are UTF-8, else repaired.
class ReadableText {
 public:
  explicit ReadableText(std::string_view input);  // which must live as long
  ReadableText(const ReadableText&) = delete;
  ReadableText& operator=(const ReadableText&) = delete;

  std::string_view text() const { return text_; }
  // Ranges [begin, end) of text() become those of the input.
  void PointIntoInput(std::vector<std::pair<uint32_t, uint32_t>>& ranges) const;

 private:
  Repaired repaired_;
  std::string_view text_;
};

// What pre-tokenisers ask of a character.
enum class CharacterClass : uint8_t { kLetter, kNumber, kSpace, kOther };
CharacterClass ClassOf(uint32_t code);  // \p{L}, \p{N}, \s (White_Space)

bool IsMark(uint32_t code);         // \p{M}
bool IsSmallLetter(uint32_t code);  // \p{Ll}
bool IsPunctuation(uint32_t code);  // \p{P}, and all visible ASCII but letters and digits

// \w: letters, marks, decimal digits, connectors such as "_", joiners.
bool IsWordCharacter(uint32_t code);

}  // namespace parvis::text

#endif  // PARVIS_TEXT_UTF8_H_
