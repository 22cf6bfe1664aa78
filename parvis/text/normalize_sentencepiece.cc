// The precompiled table of a SentencePiece model, in the two ways in which it is used: as Hugging
// Face's `tokenizers` do (Precompiled), and as SentencePiece itself does.

#include <utf8proc.h>

#include <algorithm>

#include "parvis/text/normalizer.h"
#include "parvis/text/utf8.h"

namespace parvis::text {
namespace {

constexpr std::string_view kSpace = "\xE2\x96\x81";  // ▁

int64_t CharactersIn(std::string_view text) {
  return std::count_if(text.begin(), text.end(),
                       [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

size_t GraphemeEnd(std::string_view text, size_t at) {
  utf8proc_int32_t state = 0;
  Character c = ReadCharacter(text, at);
  for (at += c.size; at < text.size();) {
    const Character next = ReadCharacter(text, at);
    if (utf8proc_grapheme_break_stateful(static_cast<utf8proc_int32_t>(c.code),
                                         static_cast<utf8proc_int32_t>(next.code), &state)) {
      break;
    }
    c = next;
    at += next.size;
  }
  return at;
}

struct Point {
  uint32_t code;
  int64_t change;
};

// `old` becomes `by`: more characters are new ones, fewer are dropped after the last, as in the
// reference.
void ReplacePart(std::string_view old, std::string_view by, std::vector<Point>& out) {
  for (size_t at = 0; at < by.size();) {
    const Character c = ReadCharacter(by, at);
    out.push_back({c.code, 0});
    at += c.size;
  }
  const int64_t more = CharactersIn(by) - CharactersIn(old);
  for (int64_t i = 0; i < more; ++i) out[out.size() - 1 - static_cast<size_t>(i)].change = 1;
  if (more < 0 && !out.empty()) out.back().change += more;
}

}  // namespace

void NormalizePrecompiled(const Charsmap& charsmap, AlignedText& text) {
  const std::string& old = text.text;
  std::vector<Point> out;
  out.reserve(old.size());
  const auto replace = [&](size_t at, size_t end) {
    const Charsmap::Match match = charsmap.Shortest(std::string_view(old).substr(0, end), at);
    if (match.size == 0) return false;
    ReplacePart(std::string_view(old).substr(at, end - at), match.replacement, out);
    return true;
  };
  for (size_t at = 0; at < old.size();) {
    const size_t end = GraphemeEnd(old, at);
    if (end - at < 6 && replace(at, end)) {
      at = end;
      continue;
    }
    while (at < end) {
      const Character c = ReadCharacter(old, at);
      if (!replace(at, at + c.size)) out.push_back({c.code, 0});
      at += c.size;
    }
  }
  Rewriter rewriter(text);
  for (const Point& point : out) rewriter.Put(point.code, point.change);
  rewriter.Done();
}

void NormalizeSentencePiece(const NormalizerStep& step, const Charsmap* charsmap,
                            AlignedText& text) {
  AlignedText out;
  out.tracked = text.tracked;
  out.text.reserve(text.text.size() + kSpace.size());
  const std::string_view old = text.text;
  // The next part of the text and what it becomes.
  const auto next = [&](size_t at) -> std::pair<size_t, std::string_view> {
    if (charsmap != nullptr) {
      const Charsmap::Match match = charsmap->Longest(old, at);
      if (match.size > 0) return {match.size, match.replacement};
    }
    const size_t size = ReadCharacter(old, at).size;
    return {size, old.substr(at, size)};
  };
  const auto begin_of = [&](size_t at) -> uint32_t {
    if (!text.tracked || text.begin.empty()) return 0;
    return at < old.size() ? text.begin[at] : text.end.back();
  };
  size_t at = 0;
  if (step.strip) {
    while (at < old.size()) {
      const auto [size, becomes] = next(at);
      if (becomes != " ") break;
      at += size;
    }
  }
  if (at == old.size()) {
    text = std::move(out);
    return;
  }
  if (step.prefix) out.Append(kSpace, begin_of(at), begin_of(at));
  bool after_space = step.strip;
  while (at < old.size()) {
    auto [size, becomes] = next(at);
    while (after_space && becomes.starts_with(' ')) becomes.remove_prefix(1);
    const uint32_t from = begin_of(at);
    for (size_t i = 0; i < becomes.size(); ++i) {
      out.Append(becomes[i] == ' ' ? kSpace : becomes.substr(i, 1), from, from);
    }
    if (!becomes.empty()) after_space = step.strip && becomes.ends_with(' ');
    at += size;
  }
  size_t size = out.text.size();
  while (step.strip && std::string_view(out.text).substr(0, size).ends_with(kSpace)) {
    size -= kSpace.size();
  }
  if (out.tracked) {
    // A byte ends where the next one begins, spaces that were left out between them included.
    const uint32_t end = size < out.begin.size() ? out.begin[size] : begin_of(old.size());
    out.begin.resize(size);
    out.end.assign(out.begin.begin() + (size > 0 ? 1 : 0), out.begin.end());
    out.end.resize(size, end);
  }
  out.text.resize(size);
  text = std::move(out);
}

}  // namespace parvis::text
