#ifndef PARVIS_TEXT_ALIGNED_TEXT_H_
#define PARVIS_TEXT_ALIGNED_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parvis/text/utf8.h"

namespace parvis::text {

// A text on its way through normalisation. If `tracked`, byte i of it stands for the bytes
// [begin[i], end[i]) of the input.
struct AlignedText {
  std::string text;
  bool tracked = false;
  std::vector<uint32_t> begin, end;

  // Each byte stands for its whole character, which begins `origin` bytes further on in the input.
  // REQUIRES: valid UTF-8.
  static AlignedText Of(std::string_view text, size_t origin, bool tracked);

  // Appends bytes that all stand for input bytes [from, to).
  void Append(std::string_view bytes, uint32_t from, uint32_t to);
};

// Writes a text anew, character by character, and carries the alignment over as the reference does
// (NormalizedString of Hugging Face's `tokenizers`), its odd cases included: a character that takes
// the place of several has the range of the first of them, and a new one that of the character
// before it.
class Rewriter {
 public:
  explicit Rewriter(AlignedText& text);  // `text` is replaced by Done()

  // The next character of the new text. `change` > 0: it is new; 0: it stands for the next old
  // character; -n: it stands for the next one and n more after it are dropped.
  void Put(uint32_t code, int64_t change);
  void Skip();  // drops the next old character without a trace
  void Done();

 private:
  void Advance();

  AlignedText& old_;
  AlignedText out_;
  size_t at_ = 0;        // in the old text
  uint32_t origin_ = 0;  // where the old text began
};

// Drops characters and maps the others. What is dropped counts for the character before it.
template <typename Drops, typename Map>
void FilterCharacters(AlignedText& text, const Drops& drops, const Map& map) {
  const std::string old = text.text;
  Rewriter rewriter(text);
  std::optional<uint32_t> kept;
  int64_t dropped = 0;
  for (size_t at = 0; at < old.size();) {
    const Character c = ReadCharacter(old, at);
    at += c.size;
    if (drops(c.code)) {
      if (kept) {
        --dropped;
      } else {
        rewriter.Skip();
      }
      continue;
    }
    if (kept) rewriter.Put(*kept, dropped);
    kept = map(c.code);
    dropped = 0;
  }
  if (kept) rewriter.Put(*kept, dropped);
  rewriter.Done();
}

}  // namespace parvis::text

#endif  // PARVIS_TEXT_ALIGNED_TEXT_H_
