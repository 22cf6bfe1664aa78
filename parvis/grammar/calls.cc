#include "parvis/grammar/calls.h"

#include "parvis/grammar/json_pointer.h"

namespace parvis::grammar {
namespace {

// "#/…" of a schema that now stands at `place`. What is in enum, const and annotations is data.
void MoveReferences(OrderedJson& schema, const std::string& place, int depth) {
  if (depth > 64) return;  // Schema::Read refuses it
  if (schema.is_object()) {
    for (auto& [key, value] : schema.items()) {
      if (key == "$ref" && value.is_string()) {
        const auto target = value.get<std::string>();
        if (target.starts_with('#')) value = place + target.substr(1);
      } else if (key != "enum" && key != "const" && key != "default" && key != "examples") {
        MoveReferences(value, place, depth + 1);
      }
    }
  } else if (schema.is_array()) {
    for (auto& value : schema) MoveReferences(value, place, depth + 1);
  }
}

}  // namespace

OrderedJson CallSchema(std::span<const CallableFunction> functions,
                       const std::string& arguments_key) {
  OrderedJson calls = OrderedJson::array();
  for (const CallableFunction& function : functions) {
    const std::string place =
        "#/anyOf/" + std::to_string(calls.size()) + "/properties/" + EscapedPointer(arguments_key);
    OrderedJson arguments = function.parameters;
    if (arguments.is_null()) arguments["type"] = "object";
    if (arguments.is_object()) arguments.erase("$id");  // it is no longer the whole document
    MoveReferences(arguments, place, 0);
    OrderedJson call;
    call["type"] = "object";
    call["properties"]["name"]["const"] = function.name;
    call["properties"][arguments_key] = std::move(arguments);
    call["required"] = {"name", arguments_key};
    call["additionalProperties"] = false;
    calls.push_back(std::move(call));
  }
  OrderedJson schema;
  schema["anyOf"] = std::move(calls);
  return schema;
}

}  // namespace parvis::grammar
