#include "parvis/text/unwrap.h"

#include <algorithm>
#include <vector>

#include "parvis/text/sentences.h"
#include "parvis/text/utf8.h"

namespace parvis::text {
namespace {

constexpr size_t kNarrowest = 40;  // characters of a broken paragraph's longest line
constexpr std::string_view kSpace = " \t\r";

std::string_view Trimmed(std::string_view line) {
  const size_t begin = line.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return line.substr(begin, line.find_last_not_of(kSpace) - begin + 1);
}

size_t Characters(std::string_view text) {
  size_t count = 0;
  for (size_t at = 0; at < text.size(); ++count) at += ReadCharacter(text, at).size;
  return count;
}

// Lines without an empty one between them.
void AddParagraph(const std::vector<std::string_view>& lines, Unwrap which, std::string& out) {
  size_t width = 0;
  for (const std::string_view line : lines) width = std::max(width, Characters(line));
  for (size_t i = 0; i < lines.size(); ++i) {
    out += lines[i];
    if (i + 1 == lines.size()) break;
    const std::string_view next = Trimmed(lines[i + 1]);
    const std::string_view word = next.substr(0, next.find_first_of(kSpace));
    const bool full = Characters(lines[i]) + 1 + Characters(word) > width;
    const bool goes_on = which == Unwrap::kAll || (!EndsAsSentence(lines[i]) && !next.empty() &&
                                                   IsSmallLetter(ReadCharacter(next, 0).code));
    out += full && goes_on && width >= kNarrowest ? ' ' : '\n';
  }
}

}  // namespace

std::string Unwrapped(std::string_view text, Unwrap which) {
  std::string out;
  std::vector<std::string_view> paragraph;
  while (true) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    const bool empty = Trimmed(line).empty(), last = end == std::string_view::npos;
    if (!empty) paragraph.push_back(line.substr(0, line.find_last_not_of(kSpace) + 1));
    if (empty || last) {
      AddParagraph(paragraph, which, out);
      if (empty && !paragraph.empty()) out += '\n';
      paragraph.clear();
      if (last) return out;
      out += '\n';
    }
    text.remove_prefix(end + 1);
  }
}

}  // namespace parvis::text
