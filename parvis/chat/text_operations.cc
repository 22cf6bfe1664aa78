#include "parvis/chat/text_operations.h"

#include <algorithm>
#include <cstring>

#include "fmt/format.h"
#include "parvis/chat/characters.h"
#include "parvis/text/utf8.h"

namespace parvis::chat {
namespace {

size_t BeginOfLast(std::string_view text, size_t end) {
  do {
    --end;
  } while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80);
  return end;
}

}  // namespace

ByteRange Stripped(std::string_view text, const std::string* characters, Side side) {
  const auto drops = [&](size_t at, size_t size) {
    if (characters == nullptr) return IsPythonSpace(text::ReadCharacter(text, at).code);
    return characters->find(text.substr(at, size)) != std::string::npos;
  };
  ByteRange range{0, text.size()};
  while (side != Side::kRight && range.begin < range.end) {
    const size_t size = text::ReadCharacter(text, range.begin).size;
    if (!drops(range.begin, size)) break;
    range.begin += size;
  }
  while (side != Side::kLeft && range.end > range.begin) {
    const size_t begin = BeginOfLast(text, range.end);
    if (!drops(begin, range.end - begin)) break;
    range.end = begin;
  }
  return range;
}

size_t FindFirst(std::string_view text, std::string_view what, size_t from) {
  if (from > text.size()) return std::string_view::npos;
  if (what.empty()) return from;
  const void* found = ::memmem(text.data() + from, text.size() - from, what.data(), what.size());
  if (found == nullptr) return std::string_view::npos;
  return static_cast<size_t>(static_cast<const char*>(found) - text.data());
}

size_t FindLast(std::string_view text, std::string_view what) {
  if (what.size() > text.size()) return std::string_view::npos;
  // Both turned around, because memmem is linear and std::string_view::rfind is not.
  const std::string back(text.rbegin(), text.rend()), wanted(what.rbegin(), what.rend());
  const size_t found = FindFirst(back, wanted);
  return found == std::string::npos ? found : text.size() - found - what.size();
}

std::vector<ByteRange> SplitAt(std::string_view text, std::string_view separator, int64_t most,
                               bool from_right) {
  std::vector<ByteRange> cuts;
  for (size_t at = 0; !from_right && (most < 0 || static_cast<int64_t>(cuts.size()) < most);) {
    const size_t found = FindFirst(text, separator, at);
    if (found == std::string_view::npos) break;
    cuts.push_back({found, found + separator.size()});
    at = found + separator.size();
  }
  if (from_right) {
    const std::string back(text.rbegin(), text.rend());
    const std::string wanted(separator.rbegin(), separator.rend());
    for (const ByteRange& part : SplitAt(back, wanted, most, false)) {
      if (part.end < text.size()) {
        cuts.push_back({text.size() - part.end - separator.size(), text.size() - part.end});
      }
    }
    std::reverse(cuts.begin(), cuts.end());
  }
  std::vector<ByteRange> parts;
  size_t begin = 0;
  for (const ByteRange& cut : cuts) {
    parts.push_back({begin, cut.begin});
    begin = cut.end;
  }
  parts.push_back({begin, text.size()});
  return parts;
}

std::vector<ByteRange> SplitAtSpace(std::string_view text, int64_t most, bool from_right) {
  std::vector<ByteRange> words;
  const auto is_space = [&](size_t at) {
    return IsPythonSpace(text::ReadCharacter(text, at).code);
  };
  if (from_right) {
    size_t end = text.size();
    for (;;) {
      end = Stripped(text.substr(0, end), nullptr, Side::kRight).end;
      if (end == 0) break;
      if (most >= 0 && static_cast<int64_t>(words.size()) == most) {
        words.push_back({0, end});
        break;
      }
      size_t begin = end;
      while (begin > 0 && !is_space(BeginOfLast(text, begin))) begin = BeginOfLast(text, begin);
      words.push_back({begin, end});
      end = begin;
    }
    std::reverse(words.begin(), words.end());
    return words;
  }
  for (size_t at = 0;;) {
    at += Stripped(text.substr(at), nullptr, Side::kLeft).begin;
    if (at >= text.size()) break;
    if (most >= 0 && static_cast<int64_t>(words.size()) == most) {
      words.push_back({at, text.size()});
      break;
    }
    const size_t begin = at;
    while (at < text.size() && !is_space(at)) at += text::ReadCharacter(text, at).size;
    words.push_back({begin, at});
  }
  return words;
}

std::vector<ByteRange> SplitLines(std::string_view text, bool keep_ends) {
  std::vector<ByteRange> lines;
  size_t begin = 0;
  for (size_t at = 0; at < text.size();) {
    const text::Character c = text::ReadCharacter(text, at);
    size_t next = at + c.size;
    if (IsPythonLineBreak(c.code)) {
      if (c.code == '\r' && next < text.size() && text[next] == '\n') ++next;
      lines.push_back({begin, keep_ends ? next : at});
      begin = next;
    }
    at = next;
  }
  if (begin < text.size()) lines.push_back({begin, text.size()});
  return lines;
}

Value Replaced(Interpreter& in, const MarkedText& text, const MarkedText& what,
               const MarkedText& by, int64_t most) {
  TextBuilder out = in.NewText();
  if (!in.ChargeBytes(text.bytes.size())) return {};
  size_t at = 0;
  for (int64_t done = 0; most < 0 || done < most; ++done) {
    size_t found = FindFirst(text.bytes, what.bytes, at);
    if (what.bytes.empty()) {  // between all characters, and at both ends
      if (done > 0) {
        if (at >= text.bytes.size()) break;
        found = at + text::ReadCharacter(text.bytes, at).size;
      } else {
        found = 0;
      }
    }
    if (found == std::string::npos || out.overflowed() || !in.Charge(1)) break;
    out.Append(text, at, found);
    out.Append(by);
    at = found + what.bytes.size();
  }
  out.Append(text, at, text.bytes.size());
  return in.Make(std::move(out));
}

namespace {

// A final sigma: after a letter, and not before one.
bool IsFinalSigma(std::string_view text, size_t at, bool after_letter) {
  if (!after_letter) return false;
  for (size_t next = at + 2; next < text.size();) {
    const text::Character c = text::ReadCharacter(text, next);
    if (IsPythonCased(c.code)) return false;
    if (IsPythonAlpha(c.code) || IsPythonSpace(c.code) || c.code < 0x80) return true;
    next += c.size;
  }
  return true;
}

bool BeginsWordOfFilter(uint32_t before) {
  return before == '-' || before == '(' || before == '{' || before == '[' || before == '<' ||
         IsPythonSpace(before);
}

}  // namespace

Value WithCase(Interpreter& in, const MarkedText& text, Case how) {
  TextBuilder out = in.NewText();
  if (!in.ChargeBytes(8 * text.bytes.size())) return {};
  bool first = true, after_cased = false;
  uint32_t before = ' ';
  for (size_t at = 0; at < text.bytes.size();) {
    const text::Character c = text::ReadCharacter(text.bytes, at);
    bool upper = how == Case::kUpper;
    bool title = false;
    if (how == Case::kCapitalize) title = first;
    if (how == Case::kTitle) title = !after_cased;
    if (how == Case::kTitleOfFilter) upper = first || BeginsWordOfFilter(before);
    if (how == Case::kSwap) upper = IsPythonLower(c.code);
    std::string changed;
    if (upper) {
      AppendUpper(c.code, changed);
    } else if (title) {
      AppendTitle(c.code, changed);
    } else if (how == Case::kFold && c.code == 0xDF) {
      changed = "ss";
    } else if (c.code == 0x3A3 && how != Case::kFold && IsFinalSigma(text.bytes, at, after_cased)) {
      changed = "\xCF\x82";
    } else {
      AppendLower(c.code, changed);
    }
    out.AppendBytes(changed, IsCallers(text, at));
    after_cased = IsPythonCased(c.code);
    before = c.code;
    first = false;
    at += c.size;
  }
  return in.Make(std::move(out));
}

Value Joined(Interpreter& in, const MarkedText& between, const std::vector<Value>& items,
             bool only_text) {
  TextBuilder out = in.NewText();
  bool first = true;
  for (const Value& item : items) {
    if (!in.Charge(1) || out.overflowed()) break;
    if (only_text && !item.is_string()) return in.FailType(item, "text to join");
    if (!first) out.Append(between);
    first = false;
    in.Write(item, out);
  }
  return in.failed() ? Value() : in.Make(std::move(out));
}

Value Padded(Interpreter& in, const MarkedText& text, int64_t width, const MarkedText& fill,
             Align align) {
  const auto size = static_cast<int64_t>(CountCharacters(text.bytes));
  if (!in.ChargeBytes(text.bytes.size())) return {};
  const int64_t missing = std::max<int64_t>(0, width - size);
  // Python's own way to share an odd number between the two sides.
  const int64_t left = align == Align::kLeft    ? 0
                       : align == Align::kRight ? missing
                                                : missing / 2 + (missing & width & 1);
  TextBuilder out = in.NewText();
  for (int64_t i = 0; i < left && !out.overflowed() && in.Charge(1); ++i) out.Append(fill);
  out.Append(text);
  for (int64_t i = left; i < missing && !out.overflowed() && in.Charge(1); ++i) out.Append(fill);
  return in.Make(std::move(out));
}

}  // namespace parvis::chat
