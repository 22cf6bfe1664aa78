#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm.h>

#include <cstdlib>
#include <memory>

#include "parvis/data/markup.h"

namespace parvis::data {
namespace {

constexpr size_t kMaxMarkdown = size_t{64} << 20;

// "---", lines "key: value", "---": takes it off and reads the keys that we know.
std::string_view WithoutFrontMatter(std::string_view text, PlainText& result) {
  if (!text.starts_with("---\n")) return text;
  const size_t end = text.find("\n---\n", 3);
  if (end == std::string_view::npos) return text;
  std::string_view head = text.substr(4, end - 3);
  while (!head.empty()) {
    const size_t stop = std::min(head.find('\n'), head.size());
    const std::string_view line = head.substr(0, stop);
    head.remove_prefix(std::min(stop + 1, head.size()));
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    std::string_view value = line.substr(colon + 1);
    const auto drop = [&value](std::string_view which) {
      value.remove_prefix(std::min(value.find_first_not_of(which), value.size()));
      while (!value.empty() && which.find(value.back()) != std::string_view::npos) {
        value.remove_suffix(1);
      }
    };
    drop(" \t\r");
    drop("\"'");
    const std::string_view key = line.substr(0, colon);
    if (key == "title") result.title = value;
    if (key == "lang" || key == "language") result.language = value;
    if (key == "author") result.author = value;
  }
  return text.substr(end + 5);
}

// Walks the tree and writes the words.
class Writer {
 public:
  std::string Write(cmark_node* root) {
    const std::unique_ptr<cmark_iter, void (*)(cmark_iter*)> walk(cmark_iter_new(root),
                                                                  cmark_iter_free);
    for (cmark_event_type event; (event = cmark_iter_next(walk.get())) != CMARK_EVENT_DONE;) {
      cmark_node* node = cmark_iter_get_node(walk.get());
      if (event == CMARK_EVENT_ENTER) Enter(node);
      if (event == CMARK_EVENT_EXIT) Exit(node);
    }
    while (!text_.empty() && (text_.back() == '\n' || text_.back() == ' ')) text_.pop_back();
    return std::move(text_);
  }

 private:
  void Enter(cmark_node* node) {
    const cmark_node_type type = cmark_node_get_type(node);
    if (type == CMARK_NODE_TEXT || type == CMARK_NODE_CODE) text_ += Literal(node);
    if (type == CMARK_NODE_SOFTBREAK) text_ += ' ';
    if (type == CMARK_NODE_LINEBREAK) text_ += '\n';
    if (type == CMARK_NODE_CODE_BLOCK) {
      Break(2);
      text_ += Literal(node);
      Break(2);
    }
    if (type == CMARK_NODE_ITEM) {
      Break(1);
      text_ += "- ";
    }
    if (Is(node, "table_cell") && cmark_node_previous(node) != nullptr) text_ += ' ';
    if (IsBlock(type) && !in_item(node)) Break(2);
    if (IsRow(node)) Break(1);
  }
  void Exit(cmark_node* node) {
    const cmark_node_type type = cmark_node_get_type(node);
    if (IsBlock(type)) Break(in_item(node) ? 1 : 2);
    if (type == CMARK_NODE_ITEM || IsRow(node)) Break(1);
    if (type == CMARK_NODE_LIST || Is(node, "table")) Break(2);
  }

  static const char* Literal(cmark_node* node) {
    const char* literal = cmark_node_get_literal(node);
    return literal == nullptr ? "" : literal;
  }
  // Nodes of extensions have names only.
  static bool Is(cmark_node* node, std::string_view name) {
    return name == cmark_node_get_type_string(node);
  }
  static bool IsRow(cmark_node* node) { return Is(node, "table_row") || Is(node, "table_header"); }
  static bool IsBlock(cmark_node_type type) {
    return type == CMARK_NODE_PARAGRAPH || type == CMARK_NODE_HEADING;
  }
  static bool in_item(cmark_node* node) {
    cmark_node* parent = cmark_node_parent(node);
    return parent != nullptr && cmark_node_get_type(parent) == CMARK_NODE_ITEM;
  }
  void Break(size_t wanted) {
    if (text_.empty()) return;
    size_t have = 0;
    while (have < text_.size() && text_[text_.size() - 1 - have] == '\n') ++have;
    if (text_.size() >= 2 && have == 0 && text_.ends_with("- ")) return;  // an item just begun
    if (have < wanted) text_.append(wanted - have, '\n');
  }

  std::string text_;
};

}  // namespace

Result<PlainText> PlainOfMarkdown(std::string_view markdown) {
  if (markdown.size() > kMaxMarkdown) {
    return ResourceExhausted("more than 64 MiB of Markdown in one document");
  }
  PlainText result;
  markdown = WithoutFrontMatter(markdown, result);
  cmark_gfm_core_extensions_ensure_registered();
  const std::unique_ptr<cmark_parser, void (*)(cmark_parser*)> parser(
      cmark_parser_new(CMARK_OPT_FOOTNOTES), cmark_parser_free);
  for (const char* name : {"table", "strikethrough", "autolink"}) {
    if (cmark_syntax_extension* extension = cmark_find_syntax_extension(name)) {
      cmark_parser_attach_syntax_extension(parser.get(), extension);
    }
  }
  cmark_parser_feed(parser.get(), markdown.data(), markdown.size());
  const std::unique_ptr<cmark_node, void (*)(cmark_node*)> root(cmark_parser_finish(parser.get()),
                                                                cmark_node_free);
  if (root == nullptr) return ResourceExhausted("no memory to read Markdown");
  result.text = Writer().Write(root.get());
  return result;
}

}  // namespace parvis::data
