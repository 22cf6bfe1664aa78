#ifndef PARVIS_CHAT_FILTERS_H_
#define PARVIS_CHAT_FILTERS_H_

#include <string_view>

#include "parvis/chat/interpreter.h"

namespace parvis::chat {

using Filter = Value (*)(Interpreter& in, const Value& input, const Arguments& arguments);

// The filter of that name in one of the two tables; null if there is none.
Filter FindTextFilter(std::string_view name);      // text and numbers: filters.cc
Filter FindSequenceFilter(std::string_view name);  // lists and dicts: sequence_filters.cc

}  // namespace parvis::chat

#endif  // PARVIS_CHAT_FILTERS_H_
