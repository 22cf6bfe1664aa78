#ifndef PARVIS_GRAMMAR_CALLS_H_
#define PARVIS_GRAMMAR_CALLS_H_

#include <span>
#include <string>

#include "parvis/core/json.h"

namespace parvis::grammar {

// A function that a model may be made to call.
struct CallableFunction {
  std::string name;
  OrderedJson parameters;  // a JSON Schema; null: any object
};

// The schema of one call of one of them: {"name": "…", "arguments": {…}}. References within
// `parameters` mean what they meant there.
OrderedJson CallSchema(std::span<const CallableFunction> functions,
                       const std::string& arguments_key = "arguments");

}  // namespace parvis::grammar

#endif  // PARVIS_GRAMMAR_CALLS_H_
