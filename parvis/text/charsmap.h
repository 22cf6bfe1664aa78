#ifndef PARVIS_TEXT_CHARSMAP_H_
#define PARVIS_TEXT_CHARSMAP_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "parvis/core/result.h"

namespace parvis::text {

// SentencePiece's precompiled table of replacements: a double-array trie from a few bytes of text
// to a string. The file's bytes are, little-endian: the size of the trie in bytes (u32), the trie's
// units (u32 each), then the strings, each ended by a zero byte.
//
// A unit holds, from its lowest bit: the label of the edge that leads to it (8), whether a value
// hangs on it (1), whether the offset counts in 256s (1), the offset to its children (22); the unit
// of a value has its highest bit set and is the value, here where in the strings the replacement
// begins. Yata, Oono, Morita, Fuketa, Sumitomo and Aoe, "A compact static double-array keeping
// character codes", 2007.
//
// The bytes are anybody's: every unit and every string is checked when the table is made. Safe to
// ask from several threads.
class Charsmap {
 public:
  static Result<Charsmap> Parse(std::string_view bytes);

  struct Match {
    size_t size = 0;               // bytes of the text; 0: nothing there is replaced
    std::string_view replacement;  // valid UTF-8, at most kMaxReplacement bytes
  };
  // What of the text at `at` is replaced: the longest key, or the shortest.
  Match Longest(std::string_view text, size_t at) const { return Find(text, at, false); }
  Match Shortest(std::string_view text, size_t at) const { return Find(text, at, true); }

  // Bounds how much longer than the input a text can become.
  static constexpr size_t kMaxReplacement = 256;
  // Longer keys are not found: units can form a ring, and a text would be walked over and over.
  static constexpr size_t kMaxKey = 256;

  size_t longest_replacement() const { return longest_; }

 private:
  Match Find(std::string_view text, size_t at, bool shortest) const;

  std::vector<uint32_t> units_;
  std::string strings_;
  size_t longest_ = 0;
};

}  // namespace parvis::text

#endif  // PARVIS_TEXT_CHARSMAP_H_
