#include "parvis/text/caller_text.h"

#include <algorithm>

namespace parvis::text {
namespace {

bool IsWordByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

}  // namespace

bool CallerText::Allows(const AddedToken& token, std::string_view text, size_t begin,
                        size_t end) const {
  const bool is_control =
      token.special || std::binary_search(control.begin(), control.end(), token.id);
  if (!is_control || begin >= end) return true;
  auto range = std::upper_bound(ranges.begin(), ranges.end(), begin,
                                [](size_t at, const auto& r) { return at < r.second; });
  for (; range != ranges.end() && range->first < end; ++range) {
    if (range->first <= begin || range->second >= end) return false;
    const std::string_view word = text.substr(range->first, range->second - range->first);
    if (!std::all_of(word.begin(), word.end(), IsWordByte)) return false;
  }
  return true;
}

}  // namespace parvis::text
