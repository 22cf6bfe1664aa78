#ifndef PARVIS_CHAT_LEXER_H_
#define PARVIS_CHAT_LEXER_H_

#include <string>
#include <string_view>
#include <vector>

#include "parvis/chat/ast.h"
#include "parvis/core/result.h"

namespace parvis::chat {

struct Token {
  enum class Kind : uint8_t {
    kText,           // of the template, outside of its tags
    kBlockBegin,     // {%
    kBlockEnd,       // %}
    kVariableBegin,  // {{
    kVariableEnd,    // }}
    kName,
    kString,
    kInteger,
    kFloat,
    kOperator,
    kEnd,
  };
  Kind kind = Kind::kEnd;
  Position at;
  std::string text;  // decoded, if a string
  int64_t integer = 0;
  double number = 0.0;
};

// A message with its place in the template.
Status TemplateError(Position at, const std::string& what);

// Cuts a template into tokens, as Jinja does with trim_blocks and lstrip_blocks set: a newline
// after a tag is dropped, and so is white space between the beginning of a line and a tag. `source`
// has to be UTF-8. Time is linear in it.
Result<std::vector<Token>> Tokenize(std::string_view source);

}  // namespace parvis::chat

#endif  // PARVIS_CHAT_LEXER_H_
