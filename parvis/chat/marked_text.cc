#include "parvis/chat/marked_text.h"

#include <algorithm>

namespace parvis::chat {
namespace {

// The first range that ends after `at`.
auto FirstAfter(const std::vector<ByteRange>& ranges, size_t at) {
  return std::upper_bound(ranges.begin(), ranges.end(), at,
                          [](size_t value, const ByteRange& range) { return value < range.end; });
}

}  // namespace

MarkedText MarkedText::OfCaller(std::string text) {
  MarkedText marked{std::move(text), {}};
  if (!marked.bytes.empty()) marked.caller.push_back({0, marked.bytes.size()});
  return marked;
}

bool TextBuilder::Fits(size_t more) {
  if (overflowed_ || more > most_ - text_.bytes.size()) overflowed_ = true;
  return !overflowed_;
}

void TextBuilder::Mark(size_t begin, size_t end) {
  if (begin >= end) return;
  if (!text_.caller.empty() && text_.caller.back().end == begin) {
    text_.caller.back().end = end;
  } else {
    text_.caller.push_back({begin, end});
  }
}

void TextBuilder::Append(const MarkedText& text, size_t begin, size_t end) {
  if (begin >= end || !Fits(end - begin)) return;
  const size_t to = text_.bytes.size();
  text_.bytes.append(text.bytes, begin, end - begin);
  for (auto range = FirstAfter(text.caller, begin);
       range != text.caller.end() && range->begin < end; ++range) {
    Mark(to + std::max(range->begin, begin) - begin, to + std::min(range->end, end) - begin);
  }
}

void TextBuilder::AppendBytes(std::string_view bytes, bool caller) {
  if (bytes.empty() || !Fits(bytes.size())) return;
  const size_t to = text_.bytes.size();
  text_.bytes += bytes;
  if (caller) Mark(to, to + bytes.size());
}

bool IsCallers(const MarkedText& text, size_t at) {
  const auto range = FirstAfter(text.caller, at);
  return range != text.caller.end() && range->begin <= at;
}

}  // namespace parvis::chat
