#include "parvis/text/sentences.h"

#include <utf8proc.h>

#include <algorithm>
#include <utility>

#include "parvis/text/utf8.h"

namespace parvis::text {
namespace {

bool IsOneOf(uint32_t code, std::u32string_view set) { return set.find(code) != set.npos; }

bool Ends(uint32_t code) { return IsOneOf(code, U".!?…。！？؟।"); }
bool EndsWithoutSpace(uint32_t code) { return IsOneOf(code, U"。！？"); }
bool Closes(uint32_t code) { return IsOneOf(code, U"\"')]}»”’』」）"); }
bool IsSpace(uint32_t code) { return ClassOf(code) == CharacterClass::kSpace; }
bool IsSmall(uint32_t code) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(code)) == UTF8PROC_CATEGORY_LL;
}

// The first byte at or after `at` whose character `is` does not hold for.
template <class Is>
size_t Skip(std::string_view text, size_t at, const Is& is) {
  while (at < text.size()) {
    const Character c = ReadCharacter(text, at);
    if (!is(c.code)) break;
    at += c.size;
  }
  return at;
}

// Behind a sentence whose last sign is before `at`; npos: it goes on.
size_t EndOf(std::string_view text, size_t at, bool without_space) {
  at = Skip(text, at, [](uint32_t code) { return Ends(code) || Closes(code); });
  size_t next = Skip(text, at, IsSpace);
  if (next < text.size() && ReadCharacter(text, next).code == U'»') {  // French: a space before it
    at = next + ReadCharacter(text, next).size;
    next = Skip(text, at, IsSpace);
  }
  if (next == text.size()) return next;
  if (next == at && !without_space) return std::string_view::npos;
  return IsSmall(ReadCharacter(text, next).code) ? std::string_view::npos : next;
}

// Text without white space at its end, and that.
TextPiece PieceOf(std::string_view part, bool within_sentence) {
  size_t end = 0;
  for (size_t at = 0; at < part.size();) {
    const Character c = ReadCharacter(part, at);
    at += c.size;
    if (!IsSpace(c.code)) end = at;
  }
  return {std::string(part.substr(0, end)), std::string(part.substr(end)), within_sentence};
}

// The longest beginning of `text` that fits and ends where `boundary` says it may: at the byte that
// boundary(at) gives for the first possible end behind `at`. 0: none fits.
template <class Boundary>
size_t LongestThatFits(std::string_view text, const std::function<bool(std::string_view)>& fits,
                       const Boundary& boundary) {
  std::vector<size_t> ends;
  for (size_t at = 0; at < text.size();) ends.push_back(at = boundary(at));
  // Longer parts have more tokens, nearly always; where one has not, a shorter one is found.
  const auto first_too_long = std::partition_point(ends.begin(), ends.end(), [&](size_t end) {
    return fits(PieceOf(text.substr(0, end), false).text);
  });
  return first_too_long == ends.begin() ? 0 : *(first_too_long - 1);
}

size_t WordEnd(std::string_view text, size_t at) {
  at = Skip(text, at, [](uint32_t code) { return !IsSpace(code); });
  return Skip(text, at, IsSpace);
}

// A sentence that does not fit.
void CutSentence(std::string_view text, const std::function<bool(std::string_view)>& fits,
                 std::vector<TextPiece>& pieces) {
  while (!text.empty()) {
    size_t size = LongestThatFits(text, fits, [&](size_t at) { return WordEnd(text, at); });
    if (size == 0) {
      const std::string_view word = text.substr(0, WordEnd(text, 0));
      const auto next = [&](size_t at) { return at + ReadCharacter(word, at).size; };
      size = std::max(LongestThatFits(word, fits, next), next(0));
    }
    size = Skip(text, size, IsSpace);
    pieces.push_back(PieceOf(text.substr(0, size), size < text.size()));
    text.remove_prefix(size);
  }
}

}  // namespace

std::vector<std::string_view> Sentences(std::string_view text) {
  std::vector<std::string_view> sentences;
  size_t begin = 0;
  const auto end_at = [&](size_t end) {
    sentences.push_back(text.substr(begin, end - begin));
    begin = end;
  };
  for (size_t at = 0; at < text.size();) {
    const Character c = ReadCharacter(text, at);
    at += c.size;
    size_t end = std::string_view::npos;
    if (c.code == '\n') {
      end = Skip(text, at, IsSpace);
    } else if (Ends(c.code)) {
      end = EndOf(text, at, EndsWithoutSpace(c.code));
    }
    if (end == std::string_view::npos) continue;
    end_at(end);
    at = end;
  }
  if (begin < text.size()) end_at(text.size());
  return sentences;
}

std::vector<TextPiece> PackSentences(std::string_view text, bool across_lines,
                                     const std::function<bool(std::string_view)>& fits) {
  text.remove_prefix(Skip(text, 0, IsSpace));
  std::vector<TextPiece> pieces;
  std::string_view packed;  // sentences that fit together
  const auto flush = [&] {
    if (!packed.empty()) pieces.push_back(PieceOf(packed, false));
    packed = {};
  };
  for (const std::string_view sentence : Sentences(text)) {
    const size_t begin = packed.empty() ? static_cast<size_t>(sentence.data() - text.data())
                                        : static_cast<size_t>(packed.data() - text.data());
    const auto end = static_cast<size_t>(sentence.data() - text.data()) + sentence.size();
    const bool new_line = !across_lines && !packed.empty() && packed.find('\n') != packed.npos;
    const std::string_view together = text.substr(begin, end - begin);
    if (!new_line && fits(PieceOf(together, false).text)) {
      packed = together;
      continue;
    }
    flush();
    if (fits(PieceOf(sentence, false).text)) {
      packed = sentence;
    } else {
      CutSentence(sentence, fits, pieces);
    }
  }
  flush();
  return pieces;
}

}  // namespace parvis::text
