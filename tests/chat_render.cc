// Renders chat templates for tools/differential_jinja.py. Each line of stdin is a JSON object with
// "template" and "variables"; each line of stdout has "text", or "error".

#include <iostream>
#include <string>

#include "parvis/chat/json_value.h"
#include "parvis/chat/template.h"

namespace {

using parvis::Json;
using parvis::chat::MarkedText;

parvis::Result<MarkedText> Render(const std::string& line) {
  const Json request = Json::parse(line);
  parvis::chat::Heap heap(size_t{64} << 20);
  PARVIS_ASSIGN_OR_RETURN(const auto root, parvis::chat::ReadJsonValue(line, heap));
  const parvis::chat::Value* given = Find(root.dict(), "variables");
  parvis::chat::Template::Variables variables;
  for (const auto& [key, value] : given->dict().entries) variables.emplace_back(key.bytes(), value);
  PARVIS_ASSIGN_OR_RETURN(const auto parsed,
                          parvis::chat::Template::Parse(request["template"].get<std::string>()));
  return parsed.Render(heap, variables);
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    const auto text = Render(line);
    Json answer;
    if (text.ok()) {
      answer["text"] = text->bytes;
    } else {
      answer["error"] = text.status().message();
    }
    std::cout << answer.dump(-1, ' ', false, Json::error_handler_t::replace) << "\n";
  }
}
