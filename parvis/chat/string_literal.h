#ifndef PARVIS_CHAT_STRING_LITERAL_H_
#define PARVIS_CHAT_STRING_LITERAL_H_

#include <string>
#include <string_view>

#include "parvis/core/result.h"

namespace parvis::chat {

// What a string of a template means: `inside` is what stands between its quotes. Escapes are
// Python's; one that Python does not know stays as it is. Refused: halves of characters (\ud800)
// and characters by name (\N{…}).
Result<std::string> DecodeStringLiteral(std::string_view inside);

}  // namespace parvis::chat

#endif  // PARVIS_CHAT_STRING_LITERAL_H_
