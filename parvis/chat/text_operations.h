#ifndef PARVIS_CHAT_TEXT_OPERATIONS_H_
#define PARVIS_CHAT_TEXT_OPERATIONS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "parvis/chat/interpreter.h"

namespace parvis::chat {

// What Python's methods of str do, on byte ranges of a text, so that results keep the marks of what
// they were cut from. Each is linear in the text; callers pay for that.
enum class Side { kBoth, kLeft, kRight };

// Without white space, or without the characters of `characters`, at the ends.
ByteRange Stripped(std::string_view text, const std::string* characters, Side side);

// Parts between separators; at most `most` cuts (-1: all), from the left or from the right.
std::vector<ByteRange> SplitAt(std::string_view text, std::string_view separator, int64_t most,
                               bool from_right);
// Parts between runs of white space.
std::vector<ByteRange> SplitAtSpace(std::string_view text, int64_t most, bool from_right);
std::vector<ByteRange> SplitLines(std::string_view text, bool keep_ends);

// Where `what` begins first, from byte `from` on; npos if nowhere. Linear for any texts.
size_t FindFirst(std::string_view text, std::string_view what, size_t from = 0);
size_t FindLast(std::string_view text, std::string_view what);

Value Replaced(Interpreter& in, const MarkedText& text, const MarkedText& what,
               const MarkedText& by, int64_t most);

enum class Case { kUpper, kLower, kFold, kCapitalize, kTitleOfFilter, kTitle, kSwap };
Value WithCase(Interpreter& in, const MarkedText& text, Case how);

Value Joined(Interpreter& in, const MarkedText& between, const std::vector<Value>& items,
             bool only_text);

// Filled up with `fill` to `width` characters.
enum class Align { kLeft, kCenter, kRight };
Value Padded(Interpreter& in, const MarkedText& text, int64_t width, const MarkedText& fill,
             Align align);

}  // namespace parvis::chat

#endif  // PARVIS_CHAT_TEXT_OPERATIONS_H_
