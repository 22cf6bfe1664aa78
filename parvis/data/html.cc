#include <libxml/HTMLparser.h>

#include <algorithm>
#include <climits>
#include <memory>
#include <string>
#include <vector>

#include "parvis/data/markup.h"

namespace parvis::data {
namespace {

bool IsOneOf(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool IsSkipped(std::string_view name) {
  return IsOneOf(
      name, {"script", "style", "noscript", "template", "svg", "math", "iframe", "object", "nav",
             "select", "button", "textarea", "canvas", "audio", "video"});
}

bool IsBlock(std::string_view name) {
  return IsOneOf(name,
                 {"p",          "div",  "section", "article", "main",       "header", "footer",
                  "aside",      "h1",   "h2",      "h3",      "h4",         "h5",     "h6",
                  "ul",         "ol",   "dl",      "table",   "blockquote", "pre",    "figure",
                  "figcaption", "form", "hr",      "body",    "address",    "details"});
}

bool IsLine(std::string_view name) {
  return IsOneOf(name, {"li", "tr", "dt", "dd", "br", "option", "caption", "summary"});
}

bool IsVoid(std::string_view name) {
  return IsOneOf(name, {"br", "hr", "img", "meta", "link", "input", "area", "base", "col", "embed",
                        "source", "track", "wbr"});
}

bool IsBlank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string Trimmed(std::string text) {
  while (!text.empty() && IsBlank(text.back())) text.pop_back();
  text.erase(0, std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  return text;
}

// What libxml2 tells, event by event: no tree is built, so memory is that of the text.
class Collector {
 public:
  void Start(std::string_view name, const char** attributes) {
    std::string_view meta_name, meta_content;
    bool hidden = false;
    for (; attributes != nullptr && attributes[0] != nullptr; attributes += 2) {
      const std::string_view key = attributes[0];
      const std::string_view value = attributes[1] == nullptr ? "" : attributes[1];
      hidden |= key == "hidden" || (key == "aria-hidden" && value == "true");
      if (name == "html" && key == "lang") result_.language = value;
      if (key == "name") meta_name = value;
      if (key == "content") meta_content = value;
    }
    if (name == "meta" && meta_name == "author") result_.author = meta_content;
    if (!IsVoid(name)) {
      if (skipped_ > 0 || hidden || IsSkipped(name)) ++skipped_;
      if (name == "title" && skipped_ == 0) in_title_ = true;
      if (name == "head") in_head_ = true;
      if (name == "pre") ++preformatted_;
    }
    Break(name);
    if (name == "li" && skipped_ == 0) result_.text += "- ";
    if (IsOneOf(name, {"td", "th"})) Space();
  }

  void End(std::string_view name) {
    if (IsVoid(name)) return;
    Break(name);
    if (skipped_ > 0) --skipped_;
    if (name == "title") in_title_ = false;
    if (name == "head" || name == "body") in_head_ = false;
    if (name == "pre" && preformatted_ > 0) --preformatted_;
  }

  void Text(std::string_view text) {
    if (skipped_ > 0) return;
    if (in_title_) {
      result_.title += text;
      return;
    }
    if (in_head_) return;
    for (const char c : text) {
      if (preformatted_ > 0) {
        result_.text += c;
      } else if (IsBlank(c)) {
        Space();
      } else {
        result_.text += c;
      }
    }
  }

  PlainText Take() {
    result_.text = Trimmed(std::move(result_.text));
    result_.title = Trimmed(std::move(result_.title));
    return std::move(result_);
  }

 private:
  void Space() {
    if (!result_.text.empty() && !IsBlank(result_.text.back())) result_.text += ' ';
  }
  void Break(std::string_view name) {
    if (skipped_ > 0 || in_head_) return;
    const size_t wanted = IsBlock(name) ? 2 : IsLine(name) ? 1 : 0;
    std::string& text = result_.text;
    if (wanted == 0 || text.empty()) return;
    while (!text.empty() && text.back() == ' ') text.pop_back();
    size_t have = 0;
    while (have < text.size() && text[text.size() - 1 - have] == '\n') ++have;
    if (have < wanted) text.append(wanted - have, '\n');
  }

  PlainText result_;
  int skipped_ = 0, preformatted_ = 0;
  bool in_title_ = false, in_head_ = false;
};

std::string_view View(const xmlChar* text) {
  return text == nullptr ? std::string_view() : reinterpret_cast<const char*>(text);
}

}  // namespace

Result<PlainText> PlainOfHtml(std::string_view html) {
  if (html.size() > INT_MAX) return ResourceExhausted("more than 2 GiB of HTML in one document");
  if (html.empty()) return PlainText();
  Collector collector;
  xmlSAXHandler events = {};
  events.startElement = [](void* user, const xmlChar* name, const xmlChar** attributes) {
    static_cast<Collector*>(user)->Start(View(name), reinterpret_cast<const char**>(attributes));
  };
  events.endElement = [](void* user, const xmlChar* name) {
    static_cast<Collector*>(user)->End(View(name));
  };
  events.characters = events.ignorableWhitespace = [](void* user, const xmlChar* text, int size) {
    static_cast<Collector*>(user)->Text(
        std::string_view(reinterpret_cast<const char*>(text), static_cast<size_t>(size)));
  };
  events.cdataBlock = nullptr;  // what stands in script and style
  const std::unique_ptr<htmlParserCtxt, void (*)(htmlParserCtxtPtr)> parser(
      htmlCreatePushParserCtxt(&events, &collector, nullptr, 0, nullptr, XML_CHAR_ENCODING_UTF8),
      htmlFreeParserCtxt);
  if (parser == nullptr) return ResourceExhausted("no memory to read HTML");
  htmlCtxtUseOptions(parser.get(), HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING |
                                       HTML_PARSE_NONET | HTML_PARSE_IGNORE_ENC);
  // A piece at a time: the parser looks ahead in what it holds, and would do so again and again.
  constexpr size_t kStep = 65536;
  for (size_t at = 0; at < html.size(); at += kStep) {
    const std::string_view part = html.substr(at, kStep);
    htmlParseChunk(parser.get(), part.data(), static_cast<int>(part.size()), 0);
  }
  htmlParseChunk(parser.get(), nullptr, 0, 1);
  return collector.Take();
}

}  // namespace parvis::data
