#include "parvis/text/unicode_forms.h"

#include <utf8proc.h>

#include <algorithm>
#include <optional>

#include "parvis/text/utf8.h"

namespace parvis::text {
namespace {

struct Point {
  uint32_t code;
  int64_t change;  // as Rewriter::Put has it
};

int ClassOfMark(uint32_t code) {
  return utf8proc_get_property(static_cast<utf8proc_int32_t>(code))->combining_class;
}

// The single character for two, if Unicode has one.
std::optional<uint32_t> Compose(uint32_t first, uint32_t second) {
  if (first < 0x80 && second < 0x300) return std::nullopt;
  utf8proc_int32_t pair[2] = {static_cast<utf8proc_int32_t>(first),
                              static_cast<utf8proc_int32_t>(second)};
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_COMPOSE | UTF8PROC_STABLE);
  if (utf8proc_normalize_utf32(pair, 2, options) != 1) return std::nullopt;
  return static_cast<uint32_t>(pair[0]);
}

// All characters decomposed, marks after each other in canonical order.
std::vector<Point> Decompose(const std::string& text, bool compatible) {
  std::vector<Point> points;
  points.reserve(text.size());
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | UTF8PROC_STABLE |
                                                      (compatible ? UTF8PROC_COMPAT : 0));
  size_t marks = 0;  // where the run of marks at the end begins
  const auto sort_marks = [&](size_t end) {
    std::stable_sort(
        points.begin() + static_cast<ptrdiff_t>(marks),
        points.begin() + static_cast<ptrdiff_t>(end),
        [](const Point& a, const Point& b) { return ClassOfMark(a.code) < ClassOfMark(b.code); });
  };
  for (size_t at = 0; at < text.size();) {
    const Character c = ReadCharacter(text, at);
    at += c.size;
    utf8proc_int32_t parts[32];  // the longest decomposition has 18
    int last = 0;
    const auto n = c.code < 0x80 ? -1
                                 : utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c.code),
                                                           parts, 32, options, &last);
    if (n <= 0 || n > 32) parts[0] = static_cast<utf8proc_int32_t>(c.code);
    for (int i = 0; i < std::max<int>(1, n <= 32 ? static_cast<int>(n) : 1); ++i) {
      const auto code = static_cast<uint32_t>(parts[i]);
      points.push_back({code, i > 0 ? 1 : 0});
      if (ClassOfMark(code) != 0) continue;
      sort_marks(points.size() - 1);
      marks = points.size();
    }
  }
  sort_marks(points.size());
  return points;
}

// Puts starters and the marks that follow them together, in place.
void Recompose(std::vector<Point>& points) {
  size_t kept = 0;
  std::optional<size_t> starter;  // of the kept ones
  int last_class = 0;             // of the kept mark after the starter; 0: none
  for (const Point point : points) {
    const int mark = ClassOfMark(point.code);
    if (starter && (last_class == 0 || last_class < mark)) {
      if (const auto both = Compose(points[*starter].code, point.code)) {
        points[*starter].code = *both;
        points[*starter].change += point.change - 1;
        continue;
      }
    }
    if (mark == 0) starter = kept;
    last_class = mark;
    points[kept++] = point;
  }
  points.resize(kept);
}

bool IsAscii(const std::string& text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

void ToForm(UnicodeForm form, AlignedText& text) {
  if (IsAscii(text.text)) return;
  const bool compatible = form == UnicodeForm::kNfkc || form == UnicodeForm::kNfkd;
  std::vector<Point> points = Decompose(text.text, compatible);
  if (form == UnicodeForm::kNfc || form == UnicodeForm::kNfkc) Recompose(points);
  Rewriter rewriter(text);
  for (const Point& point : points) rewriter.Put(point.code, point.change);
  rewriter.Done();
}

}  // namespace parvis::text
