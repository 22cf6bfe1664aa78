#ifndef PARVIS_DATA_MARKUP_H_
#define PARVIS_DATA_MARKUP_H_

#include <string>
#include <string_view>

#include "parvis/core/result.h"

namespace parvis::data {

// A text, and what the file says of it.
struct PlainText {
  std::string text;
  std::string title, language, author;  // empty: not said
};

// The words of a Markdown document (GitHub's kind, read by cmark-gfm): a blank line between blocks,
// "- " before list items, code as it stands; links and pictures keep their words only, raw HTML
// goes. A front matter between lines "---" is not text; title, lang and author are read from it.
Result<PlainText> PlainOfMarkdown(std::string_view markdown);

// The words of an HTML document (read by libxml2, which forgives): a blank line between blocks, a
// line for each item and row; script, style, head, nav, template and the like are left out, and
// elements that are hidden. REQUIRES: UTF-8.
Result<PlainText> PlainOfHtml(std::string_view html);

}  // namespace parvis::data

#endif  // PARVIS_DATA_MARKUP_H_
