// The tests of the language: `x is defined`, `x is divisibleby(3)`.

#include <algorithm>
#include <array>

#include "fmt/format.h"
#include "parvis/chat/filters.h"
#include "parvis/chat/interpreter.h"

namespace parvis::chat {
namespace {

constexpr auto kWithoutArgument = std::to_array<std::string_view>(
    {"boolean", "callable", "defined",  "escaped", "even",    "false",     "filter",
     "float",   "integer",  "iterable", "lower",   "mapping", "none",      "number",
     "odd",     "sequence", "string",   "test",    "true",    "undefined", "upper"});

struct Comparison {
  std::string_view name, op;
};
constexpr auto kComparisons = std::to_array<Comparison>({{"==", "=="},
                                                         {"eq", "=="},
                                                         {"equalto", "=="},
                                                         {"!=", "!="},
                                                         {"ne", "!="},
                                                         {">", ">"},
                                                         {"gt", ">"},
                                                         {"greaterthan", ">"},
                                                         {">=", ">="},
                                                         {"ge", ">="},
                                                         {"<", "<"},
                                                         {"lt", "<"},
                                                         {"lessthan", "<"},
                                                         {"<=", "<="},
                                                         {"le", "<="}});

bool IsTest(std::string_view name) {
  return std::find(kWithoutArgument.begin(), kWithoutArgument.end(), name) !=
             kWithoutArgument.end() ||
         std::any_of(kComparisons.begin(), kComparisons.end(),
                     [name](const Comparison& c) { return c.name == name; }) ||
         name == "in" || name == "sameas" || name == "divisibleby";
}

bool IsIterable(const Value& value) {
  switch (value.kind()) {
    case Kind::kNone:
    case Kind::kBool:
    case Kind::kInt:
    case Kind::kFloat:
    case Kind::kNamespace:
    case Kind::kFunction:
      return false;
    default:
      return true;
  }
}

// `x % by == result`, as odd, even and divisibleby ask.
bool Remainder(Interpreter& in, const Value& value, const Value& by, int64_t result) {
  const Value rest = in.Binary("%", value, by);
  return !in.failed() && in.Equal(rest, Value::Int(result));
}

bool CaseIs(Interpreter& in, const Value& value, std::string_view method) {
  const Value text = in.ToText(value);
  return !in.failed() && in.CallStringMethod(text, method, {}).boolean();
}

bool Same(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return false;
  if (a.is_integer()) return a.integer() == b.integer();
  if (a.is(Kind::kFloat)) return a.number() == b.number();
  return a.is(Kind::kNone) || a.address() == b.address();
}

}  // namespace

bool Interpreter::ApplyTest(std::string_view name, const Value& value, const Arguments& arguments) {
  if (!Charge(1)) return false;
  for (const Comparison& comparison : kComparisons) {
    if (name != comparison.name) continue;
    const Bound bound(*this, arguments, name, {"other"}, 1);
    return !failed() && Compare(comparison.op, value, bound[0]);
  }
  if (name == "in" || name == "sameas" || name == "divisibleby") {
    const Bound bound(*this, arguments, name, {name == "in" ? "seq" : "other"}, 1);
    if (failed()) return false;
    if (name == "in") return Contains(bound[0], value);
    if (name == "sameas") return Same(value, bound[0]);
    return Remainder(*this, value, bound[0], 0);
  }
  if (!IsTest(name)) {
    Fail(fmt::format("there is no test '{}'", name.substr(0, 60)));
    return false;
  }
  const Bound none(*this, arguments, name, {});
  if (failed()) return false;
  if (name == "defined") return !value.is_undefined();
  if (name == "undefined") return value.is_undefined();
  if (name == "none") return value.is(Kind::kNone);
  if (name == "boolean") return value.is(Kind::kBool);
  if (name == "true") return value.is(Kind::kBool) && value.boolean();
  if (name == "false") return value.is(Kind::kBool) && !value.boolean();
  if (name == "integer") return value.is(Kind::kInt);
  if (name == "float") return value.is(Kind::kFloat);
  if (name == "number") return value.is_number();
  if (name == "string") return value.is_string();
  if (name == "mapping") return value.is(Kind::kDict);
  if (name == "callable") return value.is(Kind::kFunction) || value.is_undefined();
  if (name == "iterable") return IsIterable(value);
  if (name == "sequence") {
    return value.is_sequence() || value.is_string() || value.is(Kind::kDict) ||
           value.is_undefined();
  }
  if (name == "odd" || name == "even") {
    return Remainder(*this, value, Value::Int(2), name == "odd" ? 1 : 0);
  }
  if (name == "lower" || name == "upper") {
    return CaseIs(*this, value, name == "lower" ? "islower" : "isupper");
  }
  if (name == "filter" || name == "test") {
    if (!value.is_string()) return false;
    return name == "test" ? IsTest(value.bytes())
                          : FindTextFilter(value.bytes()) != nullptr ||
                                FindSequenceFilter(value.bytes()) != nullptr;
  }
  return false;  // escaped: nothing is marked as HTML here
}

}  // namespace parvis::chat
