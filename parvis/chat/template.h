#ifndef PARVIS_CHAT_TEMPLATE_H_
#define PARVIS_CHAT_TEMPLATE_H_

#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "parvis/chat/limits.h"
#include "parvis/chat/value.h"
#include "parvis/core/result.h"

namespace parvis::chat {

struct Tree;

// A chat template: a text in the language Jinja, as Hugging Face's transformers sets it up
// (trim_blocks, lstrip_blocks, break and continue, `tojson`, `raise_exception`, `strftime_now`).
// docs/design/chat-templates.md says what is left out and why.
//
// Templates are programs from anybody. This interpreter has no way to a file, a module or an
// object's insides; what it holds is data (value.h), and what it may spend is bounded (limits.h).
// Immutable; may render from several threads at once, each with its own Heap.
class Template {
 public:
  // Refuses more than kMaxTemplateBytes, and what is no template, with line and column.
  static Result<Template> Parse(std::string_view source);
  Template(Template&&) noexcept;
  Template& operator=(Template&&) noexcept;
  ~Template();

  using Variables = std::vector<std::pair<std::string, Value>>;

  // The text that the template makes of the variables, whose values lie in `heap`. What the
  // rendering may cost grows with what is in the heap when it begins. An error has line and column.
  // `now` is what strftime_now shows; none: the clock.
  Result<MarkedText> Render(Heap& heap, const Variables& variables, const Limits& limits = {},
                            std::optional<std::tm> now = std::nullopt) const;

  // All text that the template can write by itself, its parts separated by zero bytes.
  const std::string& literals() const;

 private:
  explicit Template(std::unique_ptr<Tree> tree);
  std::unique_ptr<Tree> tree_;
};

}  // namespace parvis::chat

#endif  // PARVIS_CHAT_TEMPLATE_H_
