#ifndef PARVIS_GRAMMAR_JSON_POINTER_H_
#define PARVIS_GRAMMAR_JSON_POINTER_H_

#include <string>
#include <string_view>

#include "parvis/core/json.h"

namespace parvis::grammar {

// JSON pointers (RFC 6901) as a URI's fragment: "#/$defs/a~1b".

std::string EscapedPointer(std::string_view key);  // one part
// The same pointer in one spelling: %XX is read. Other fragments ("#name") stay as they are.
std::string NormalPointer(std::string_view pointer);
// What a normal pointer leads to, or null.
const OrderedJson* FindPointer(const OrderedJson& document, std::string_view pointer);

}  // namespace parvis::grammar

#endif  // PARVIS_GRAMMAR_JSON_POINTER_H_
