#include "parvis/chat/template.h"

#include "fmt/format.h"
#include "parvis/chat/interpreter.h"
#include "parvis/chat/parser.h"

namespace parvis::chat {

Template::Template(std::unique_ptr<Tree> tree) : tree_(std::move(tree)) {}
Template::Template(Template&&) noexcept = default;
Template& Template::operator=(Template&&) noexcept = default;
Template::~Template() = default;

Result<Template> Template::Parse(std::string_view source) {
  if (source.size() > kMaxTemplateBytes) {
    return DataLoss(
        fmt::format("chat template: {} bytes, limit {}", source.size(), kMaxTemplateBytes));
  }
  PARVIS_ASSIGN_OR_RETURN(std::unique_ptr<Tree> tree, ParseTemplate(source));
  return Template(std::move(tree));
}

Result<MarkedText> Template::Render(Heap& heap, const Variables& variables, const Limits& limits,
                                    std::optional<std::tm> now) const {
  heap.Allow(heap.used() + limits.memory + limits.memory_per_input_byte * heap.used());
  return Interpreter(*tree_, heap, limits, variables, now).Run();
}

const std::string& Template::literals() const { return tree_->literals; }

}  // namespace parvis::chat
