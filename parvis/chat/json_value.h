#ifndef PARVIS_CHAT_JSON_VALUE_H_
#define PARVIS_CHAT_JSON_VALUE_H_

#include <string_view>

#include "parvis/chat/value.h"
#include "parvis/core/json.h"
#include "parvis/core/result.h"

namespace parvis::chat {

// Reads a JSON document as a value of the language, in `heap`. Keys keep their order, which tojson
// shows. All text in it is the caller's. Refuses what ParseJson refuses, and whole numbers that do
// not fit 64 bits.
Result<Value> ReadJsonValue(std::string_view json, Heap& heap, const JsonLimits& limits = {});

}  // namespace parvis::chat

#endif  // PARVIS_CHAT_JSON_VALUE_H_
