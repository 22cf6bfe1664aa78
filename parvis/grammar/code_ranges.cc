#include "parvis/grammar/code_ranges.h"

#include <algorithm>
#include <array>
#include <utility>

namespace parvis::grammar {

CodeRanges Normalized(CodeRanges ranges) {
  std::sort(ranges.begin(), ranges.end());
  CodeRanges merged;
  for (const auto& range : ranges) {
    if (!merged.empty() && range.first <= merged.back().second + 1) {
      merged.back().second = std::max(merged.back().second, range.second);
    } else {
      merged.push_back(range);
    }
  }
  return merged;
}

CodeRanges Complement(const CodeRanges& ranges) {
  CodeRanges rest;
  uint32_t next = 0;
  for (const auto& [first, last] : ranges) {
    if (first > next) rest.emplace_back(next, first - 1);
    next = last + 1;
  }
  if (next <= kLastCodePoint) rest.emplace_back(next, kLastCodePoint);
  return rest;
}

const CodeRanges* NamedClass(char letter) {
  static const auto& named = *[] {
    const CodeRanges digits = {{'0', '9'}};
    const CodeRanges word = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
    const CodeRanges space = {
        {'\t', '\r'},     {' ', ' '},       {0xA0, 0xA0},     {0x1680, 0x1680}, {0x2000, 0x200A},
        {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}, {0xFEFF, 0xFEFF}};
    return new std::array<std::pair<char, CodeRanges>, 6>{{{'d', digits},
                                                           {'w', word},
                                                           {'s', space},
                                                           {'D', Complement(digits)},
                                                           {'W', Complement(word)},
                                                           {'S', Complement(space)}}};
  }();
  for (const auto& [name, ranges] : named) {
    if (name == letter) return &ranges;
  }
  return nullptr;
}

}  // namespace parvis::grammar
