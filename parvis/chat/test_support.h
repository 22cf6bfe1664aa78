#ifndef PARVIS_CHAT_TEST_SUPPORT_H_
#define PARVIS_CHAT_TEST_SUPPORT_H_

#include <string>

#include "parvis/chat/json_value.h"
#include "parvis/chat/template.h"

namespace parvis::chat {

// Renders a template with the entries of a JSON object as its variables.
inline Result<MarkedText> RenderText(const std::string& source, const std::string& variables) {
  PARVIS_ASSIGN_OR_RETURN(const Template parsed, Template::Parse(source));
  Heap heap(size_t{1} << 30);
  PARVIS_ASSIGN_OR_RETURN(const Value given, ReadJsonValue(variables, heap));
  Template::Variables named;
  for (const auto& [key, value] : given.dict().entries) named.emplace_back(key.bytes(), value);
  return parsed.Render(heap, named);
}

}  // namespace parvis::chat

#endif  // PARVIS_CHAT_TEST_SUPPORT_H_
