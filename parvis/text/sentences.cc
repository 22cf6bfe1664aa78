#include "parvis/text/sentences.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "parvis/text/utf8.h"

namespace parvis::text {
namespace {

using Fits = std::function<bool(std::string_view)>;

bool IsOneOf(uint32_t code, std::u32string_view set) { return set.find(code) != set.npos; }

bool Ends(uint32_t code) { return IsOneOf(code, U".!?…。！？؟।"); }
bool EndsWithoutSpace(uint32_t code) { return IsOneOf(code, U"。！？"); }
bool Closes(uint32_t code) { return IsOneOf(code, U"\"')]}»”’』」）"); }
bool IsSpace(uint32_t code) { return ClassOf(code) == CharacterClass::kSpace; }

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

bool IsOneOf(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// The letters before `at`, no more than a few; empty if something else than white space or a mark
// stands before them.
std::string_view LettersBefore(std::string_view text, size_t at) {
  constexpr int kMost = 5;
  size_t begin = at;
  for (int count = 0; begin > 0; ++count) {
    size_t before = begin - 1;
    while (before > 0 && begin - before < 4 && (text[before] & 0xC0) == 0x80) --before;
    const uint32_t code = ReadCharacter(text, before).code;
    if (ClassOf(code) == CharacterClass::kSpace || IsOneOf(code, U"-([\"'«“‘’")) break;
    if (ClassOf(code) != CharacterClass::kLetter || count == kMost) return {};
    begin = before;
  }
  return text.substr(begin, at - begin);
}

// Whether the full stop at `at` is of an abbreviation that does not end a sentence, if the text
// goes on at `next`: a title, an initial, a word before a number.
bool Abbreviates(std::string_view text, size_t at, size_t next) {
  const std::string_view word = LettersBefore(text, at);
  if (word.empty() || next == text.size()) return false;
  const Character first = ReadCharacter(text, at - word.size());
  if (first.size == word.size() && !IsSmallLetter(first.code)) return true;
  if (text[next] >= '0' && text[next] <= '9') {
    return IsOneOf(word, {"p", "pp", "fig", "Fig", "figs", "art", "Art", "no", "No", "nos", "Nos",
                          "vol", "Vol", "chap", "Chap", "ch", "sect", "Sect"});
  }
  return IsOneOf(word, {"Mr", "Mrs", "Ms", "MM", "Mme", "Mmes", "Mlle", "Mgr", "Dr", "Drs", "Pr",
                        "Prof", "St", "Ste", "Sts", "cf", "vs"});
}

// Behind the run of signs that end sentences and close brackets at `at`. `next`: behind the
// sentence that it ends; npos: the sentence goes on.
struct Signs {
  size_t end, next = std::string_view::npos;
};

Signs SignsAt(std::string_view text, const size_t begin) {
  size_t at = begin;
  bool without_space = false;
  at = Skip(text, at, [&](uint32_t code) {
    without_space |= EndsWithoutSpace(code);
    return Ends(code) || Closes(code);
  });
  Signs signs = {.end = at};
  size_t next = Skip(text, at, IsSpace);
  if (next < text.size() && ReadCharacter(text, next).code == U'»') {  // French: a space before it
    at = next + ReadCharacter(text, next).size;
    next = Skip(text, at, IsSpace);
  }
  const bool ends =
      next == text.size() ||
      ((next > at || without_space) && !IsSmallLetter(ReadCharacter(text, next).code) &&
       !(signs.end == begin + 1 && text[begin] == '.' && Abbreviates(text, begin, next)));
  if (ends) signs.next = next;
  return signs;
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

// The largest n up to `most` with fits(n), 0 if there is none. More fits worse, nearly always;
// where it does not, a smaller n is found. No n beyond twice the answer is asked for, so that
// cutting a long text into pieces takes time that grows with the text.
template <class Fits>
size_t Largest(size_t most, const Fits& fits) {
  size_t good = 0, bad = 1;
  while (bad <= most && fits(bad)) {
    good = bad;
    bad *= 2;
  }
  bad = std::min(bad, most + 1);
  while (bad - good > 1) {
    const size_t middle = good + (bad - good) / 2;
    (fits(middle) ? good : bad) = middle;
  }
  return good;
}

// The size of as many characters as fit, one at least.
size_t CharactersThatFit(std::string_view text, const Fits& fits) {
  std::vector<size_t> ends = {0};  // of the first so many characters; grows as they are asked for
  const auto end_of = [&](size_t n) {
    while (ends.size() <= n && ends.back() < text.size()) {
      ends.push_back(ends.back() + ReadCharacter(text, ends.back()).size);
    }
    return ends[std::min(n, ends.size() - 1)];
  };
  return end_of(std::max<size_t>(1, Largest(text.size(), [&](size_t n) {
                                   return fits(PieceOf(text.substr(0, end_of(n)), false).text);
                                 })));
}

size_t WordEnd(std::string_view text, size_t at) {
  at = Skip(text, at, [](uint32_t code) { return !IsSpace(code); });
  return Skip(text, at, IsSpace);
}

// The end of the last word that fits, the spaces behind it included. `size`: what is known to fit,
// and what is taken if not even the first word does.
size_t WordsThatFit(std::string_view text, size_t size, const Fits& fits) {
  const std::string_view fitting = text.substr(0, size);
  size_t whole = 0;
  while (true) {
    const size_t word = Skip(fitting, whole, [](uint32_t code) { return !IsSpace(code); });
    const size_t next = Skip(fitting, word, IsSpace);
    if (next == word) break;  // part of a word
    whole = next;
  }
  // A word has fewer tokens than its beginning now and then.
  const size_t bound = std::min(text.size(), 2 * size + 64);
  while (true) {
    const size_t next = WordEnd(text.substr(0, bound), whole);
    if (next == whole || (next == bound && bound < text.size())) break;
    if (!fits(PieceOf(text.substr(0, next), false).text)) break;
    whole = next;
  }
  return whole > 0 ? whole : size;
}

// A sentence that does not fit.
void CutSentence(std::string_view text, const Fits& fits, std::vector<TextPiece>& pieces) {
  while (!text.empty()) {
    size_t size = CharactersThatFit(text, fits);
    if (size < text.size()) size = WordsThatFit(text, size, fits);
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
    if (c.code == '\n') {
      end_at(at = Skip(text, at, IsSpace));
    } else if (Ends(c.code)) {
      const Signs signs = SignsAt(text, at - c.size);
      at = signs.end;
      if (signs.next != std::string_view::npos) end_at(at = signs.next);
    }
  }
  if (begin < text.size()) end_at(text.size());
  return sentences;
}

bool EndsAsSentence(std::string_view text) {
  bool ends = false;
  for (size_t at = 0; at < text.size();) {
    const Character c = ReadCharacter(text, at);
    at += c.size;
    ends = Ends(c.code) || (ends && (Closes(c.code) || IsSpace(c.code)));
  }
  return ends;
}

std::vector<TextPiece> PackSentences(std::string_view text, Together together, const Fits& fits) {
  text.remove_prefix(Skip(text, 0, IsSpace));
  const std::vector<std::string_view> sentences = Sentences(text);
  std::vector<TextPiece> pieces;
  size_t line = 0;
  for (size_t i = 0; i < sentences.size();) {
    if (i >= line) {  // as far as pieces may reach
      const auto ends_line = [](std::string_view s) { return s.find('\n') != s.npos; };
      for (line = i + 1; line < sentences.size() && together != Together::kNone; ++line) {
        if (together == Together::kOfALine && ends_line(sentences[line - 1])) break;
      }
    }
    const auto first = [&](size_t n) {
      const char* end = sentences[i + n - 1].data() + sentences[i + n - 1].size();
      return PieceOf({sentences[i].data(), end}, false);
    };
    const size_t n = Largest(line - i, [&](size_t n) { return fits(first(n).text); });
    if (n > 0) {
      pieces.push_back(first(n));
    } else {
      CutSentence(sentences[i], fits, pieces);
    }
    i += std::max<size_t>(n, 1);
  }
  return pieces;
}

}  // namespace parvis::text
