#ifndef PARVIS_TEXT_UNWRAP_H_
#define PARVIS_TEXT_UNWRAP_H_

#include <string>
#include <string_view>

namespace parvis::text {

enum class Unwrap {
  kAll,
  kWithinSentences,  // only where a small letter follows a line that does not end as a sentence
};

// A text without the line ends of its layout: where the next line's first word would not have
// fitted a line as long as the paragraph's longest, a space stands for the line end. Empty lines,
// line ends behind shorter lines (headings, ends of paragraphs), and paragraphs narrower than any
// page (addresses, verses, lists of words) stay. Takes time that grows with the text.
std::string Unwrapped(std::string_view text, Unwrap which = Unwrap::kAll);

}  // namespace parvis::text

#endif  // PARVIS_TEXT_UNWRAP_H_
