#include "parvis/grammar/nfa.h"

#include <algorithm>
#include <array>
#include <string>

#include "parvis/text/utf8.h"

namespace parvis::grammar {
namespace {

std::string Utf8Of(uint32_t code) {
  std::string bytes;
  text::AppendUtf8(code, bytes);
  return bytes;
}

// [first, last] have equally many bytes. Cut until each part is a product of byte ranges: all bytes
// after the first that differs run over everything.
void AddRange(Nfa& nfa, uint32_t from, uint32_t first, uint32_t last, uint32_t to) {
  const std::string low = Utf8Of(first), high = Utf8Of(last);
  for (size_t i = 1; i < low.size(); ++i) {
    const uint32_t mask = (1u << (6 * i)) - 1;  // what the last i bytes hold
    if ((first & ~mask) == (last & ~mask)) continue;
    if ((first & mask) != 0) {
      AddRange(nfa, from, first, first | mask, to);
      return AddRange(nfa, from, (first | mask) + 1, last, to);
    }
    if ((last & mask) != mask) {
      AddRange(nfa, from, first, (last & ~mask) - 1, to);
      return AddRange(nfa, from, last & ~mask, last, to);
    }
  }
  uint32_t at = from;
  for (size_t i = 0; i < low.size(); ++i) {
    const uint32_t next = i + 1 == low.size() ? to : nfa.Add();
    nfa.Byte(at, static_cast<uint8_t>(low[i]), static_cast<uint8_t>(high[i]), next);
    at = next;
  }
}

}  // namespace

void Nfa::Bytes(uint32_t from, std::string_view text, uint32_t to) {
  if (text.empty()) return Link(from, to);
  for (size_t i = 0; i < text.size(); ++i) {
    const uint32_t next = i + 1 == text.size() ? to : Add();
    const auto byte = static_cast<uint8_t>(text[i]);
    Byte(from, byte, byte, next);
    from = next;
  }
}

void Nfa::Character(uint32_t from, const CodeRanges& ranges, uint32_t to) {
  constexpr std::array<std::pair<uint32_t, uint32_t>, 5> kSizes = {
      {{0, 0x7F}, {0x80, 0x7FF}, {0x800, 0xD7FF}, {0xE000, 0xFFFF}, {0x10000, kLastCodePoint}}};
  for (const auto& [first, last] : ranges) {
    for (const auto& [low, high] : kSizes) {
      const uint32_t begin = std::max(first, low), end = std::min(last, high);
      if (begin <= end) AddRange(*this, from, begin, end, to);
    }
  }
}

const CodeRanges& AllCharacters() {
  static const CodeRanges& all = *new CodeRanges{{0, kLastCodePoint}};
  return all;
}

}  // namespace parvis::grammar
