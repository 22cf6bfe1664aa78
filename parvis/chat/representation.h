#ifndef PARVIS_CHAT_REPRESENTATION_H_
#define PARVIS_CHAT_REPRESENTATION_H_

#include <string>

namespace parvis::chat {

// The shortest text that reads back as the number, laid out as Python's repr() does.
std::string FloatText(double number);

}  // namespace parvis::chat

#endif  // PARVIS_CHAT_REPRESENTATION_H_
